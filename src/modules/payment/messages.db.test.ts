import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { authorize, message, openPayment } from '../../../test/support/payment.ts';

const { becomes, database, hears, ledger, open, said } = await openPayment();

describe('an authorization', () => {
  test('is made as soon as it is wished: ten, one after the other, do not wait for ten seconds of the clock', async () => {
    const { receive } = open();
    const startMs = performance.now();
    for (let n = 0; n < 10; n += 1) {
      const id = uuidv7();
      await receive(authorize(id));
      await hears(id, 'payment.authorized');
    }
    expect(performance.now() - startMs).toBeLessThan(8_000);
    const kept = await database.query((sql) => sql`select 1 from payments where payment_token is not null`);
    expect(kept).toEqual([]);
  });

  test('is answered with the times of its command', async () => {
    const { receive } = open();
    const id = uuidv7();
    const command = {
      ...authorize(id),
      senttime: '2026-03-01T12:00:00.000Z',
      receivedtime: '2026-03-01T12:00:01.000Z',
      attempt: 2,
    };
    await receive(command);
    await hears(id, 'payment.authorized');
    const [row] = await database.query((sql) => sql<{ message: object }[]>`select message from outbox`);
    expect(row?.message).toMatchObject({
      causationid: command.id,
      commandsent: command.senttime,
      commandreceived: command.receivedtime,
      commandattempt: 2,
      commandhandled: expect.any(String),
    });
  });

  test('asked for again is answered the same again, and charged once', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id), authorize(id));
    await hears(id, 'payment.authorized');
    await receive(authorize(id));
    expect(await said(id)).toEqual(['payment.authorized', 'payment.authorized']);
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize', asks: 1 }]);
  });
});

describe('a void', () => {
  test('of what is authorized gives the money back', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('payment.void', id));
    await hears(id, 'payment.authorized', 'payment.voided');
    expect(await ledger(id)).toMatchObject([{ operation: 'authorize' }, { operation: 'void', done: true }]);
  });

  test('that comes first leaves a tombstone: the late authorization charges nothing', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(message('payment.void', id));
    await receive(authorize(id));
    expect(await said(id)).toEqual(['payment.voided', 'payment.voided']);
    expect(await ledger(id)).toEqual([]);
  });

  test('and an authorize of one order at the same moment meet, whichever is first', async () => {
    const { receive } = open();
    const ids = Array.from({ length: 20 }, () => uuidv7());
    await Promise.all(ids.flatMap((id) => [receive(authorize(id)), receive(message('payment.void', id))]));
    for (const id of ids) await becomes(id, 'voided');
    const open_ = await database.query(
      (sql) => sql`
        select order_id from simulated_gateway_ledger group by order_id
        having bool_or(operation = 'authorize') and not bool_or(operation = 'void')`,
    );
    expect(open_).toEqual([]);
  });

  test('of captured money, and a capture of what is not authorized, are failures', async () => {
    const { receive } = open();
    const id = uuidv7();
    await receive(authorize(id));
    await hears(id, 'payment.authorized');
    await receive(message('order.confirmed', id));
    await becomes(id, 'captured');
    await expect(receive(message('payment.void', id))).rejects.toThrow(
      'payment.void cannot be: the payment is captured',
    );
    await expect(receive(message('order.confirmed', uuidv7()))).rejects.toThrow('the payment is not there');
  });
});
