/** `docker-compose up`: the stack is built, used, broken, scaled and stopped, as on a shop's own server. */
import { type ChannelModel, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rabbit } from '../../src/outbox/index.ts';
import { agree } from '../support/agreement.ts';
import { missingEngine, modules, openStack, type Stack } from '../support/compose.ts';
import { runProgram } from '../support/program.ts';
import { cart, enter, inParallel, type Order, type Shop } from '../support/shop.ts';
import { until } from '../support/until.ts';

const missing = missingEngine();
if (missing) process.stderr.write(`\n### docker-compose is not tested: ${missing}\n\n`);

/** Of what is killed nobody answers for a while. */
const unlessNobodyAnswers = (error: unknown) => {
  if (!(error instanceof TypeError && error.message === 'fetch failed')) throw error;
};

const services = [...modules, ...modules.map((name) => `${name}-postgres`), 'rabbitmq'];

describe.skipIf(missing)('docker-compose up', { timeout: 240_000 }, () => {
  let stack: Stack;
  let shop: Shop;
  const urls: Record<(typeof modules)[number], string[]> = { order: [], stock: [], payment: [] };

  const look = async () => {
    for (const module of modules) urls[module].splice(0, Infinity, ...(await stack.urls(module)));
  };

  beforeAll(async () => {
    stack = await openStack({ STOCK_PORTS: '31001-31005' });
    await stack.ready();
    await look();
    const [order = '', stock = '', payment = ''] = await Promise.all(
      modules.map((module) => stack.secret(`${module}_database_url`)),
    );
    shop = enter({
      urls,
      databaseUrls: { order, stock, payment },
      connectBroker: rabbit({ url: await stack.secret('order_amqp_url') }),
      output: () => '',
      stop: async () => {},
    });
    await shop.opened();
    for (const sku of ['MUG-01', 'TEE-01'])
      await shop.ask('stock', `/products/${sku}/receipts`, { quantity: 10_000 });
  }, 600_000);

  afterAll(async () => {
    await shop?.stop();
    await stack?.down();
  }, 60_000);

  /** Orders of all three outcomes, some of them while something is killed. */
  async function order(count: number, kill?: () => Promise<void>): Promise<readonly Order[]> {
    const orders: Order[] = [];
    const carts = [
      cart('MUG-01'),
      cart('TEE-01', 2),
      cart('MUG-01', 1, 'tok_declined'),
      cart('CAP-01', 9_999),
    ];
    const placing = inParallel(10, count, (n) =>
      until('the order is taken', async () => {
        const placed = shop.place(carts[n % carts.length]);
        const order = await (kill ? placed.catch(unlessNobodyAnswers) : placed);
        if (order) orders.push(order);
        return order !== undefined;
      }),
    );
    await Promise.all([placing, kill?.()]);
    return shop.allEnded(orders);
  }

  test('500 orders come to their three ends, and the audit is clean, from the databases and from the doors', async () => {
    const ended = await order(500);
    const count = (status: string) => ended.filter((one) => one.status === status).length;
    expect({ confirmed: count('confirmed'), rejected: count('rejected') }).toEqual({
      confirmed: 250,
      rejected: 250,
    });
    await agree(shop);
    const { id } = await shop.place(cart('MUG-01', 1, 'tok_timeout'));
    expect((await shop.cancel(id)).status).toBe(202);
    expect((await shop.ended(id)).status).toBe('cancelled');
    const doors = Object.fromEntries(
      modules.map((module) => [`${module.toUpperCase()}_URL`, urls[module][0] ?? '']),
    );
    await until(
      'the audit of the doors is clean',
      async () => (await runProgram(['audit'], doors)).code === 0,
    );
  });

  test('no container runs as root, and a module cannot write to its disk', async () => {
    for (const service of services) expect(await stack.exec(service, 'id', '-u'), service).not.toBe('0\n');
    const write =
      'for path in /app/x /tmp/x /home/node/x; do touch $path 2>/dev/null && echo $path; done; true';
    for (const module of modules) expect(await stack.exec(module, 'sh', '-c', write), module).toBe('');
  });

  test('the image adds less than 10 MB to its base', async () => {
    expect(await stack.addedBytes()).toBeLessThan(10_000_000);
  });

  test('a module that finds its services is ready within a second', async () => {
    const tookMs: number[] = [];
    // Of so many starts the fastest counts: what is measured is the program, not who else is busy on this machine.
    while (tookMs.length < 8 && Math.min(...tookMs, Infinity) >= 1_000) {
      await stack.compose('restart', 'payment');
      await stack.ready();
      const log = (await stack.compose('logs', '--no-color', 'payment')).split('\n');
      const line = log.findLast((text) => text.includes('"serving"')) ?? '';
      const [container] = await stack.containers('payment');
      const { time } = JSON.parse(line.slice(line.indexOf('{'))) as { time: string };
      tookMs.push(Date.parse(time) - Date.parse(container?.State.StartedAt ?? ''));
    }
    process.stdout.write(`start to ready ${JSON.stringify(tookMs)} ms\n`);
    expect(Math.min(...tookMs)).toBeLessThan(1_000);
    await look();
  });

  test('no process that has ended is left behind, health checks included', async () => {
    const ended = `
      const { readdirSync, readFileSync } = require('fs');
      for (const pid of readdirSync('/proc').filter(Number)) {
        let stat = '';
        try { stat = readFileSync('/proc/' + pid + '/stat', 'utf8'); } catch {}
        if (/\\) Z /.test(stat)) console.log(stat);
      }`;
    // What has ended this very moment is collected in the next one.
    for (const module of modules)
      await until(`${module} has no such process`, async () => {
        return (await stack.exec(module, 'node', '-e', ended)) === '';
      });
  });

  test("RabbitMQ refuses a module another one's queue, and what is not its own to say", async () => {
    const connection: ChannelModel = await connect(await stack.secret('payment_amqp_url'));
    connection.on('error', () => {});
    const refused = async (
      act: (channel: Awaited<ReturnType<ChannelModel['createConfirmChannel']>>) => Promise<unknown>,
    ) => {
      const channel = await connection.createConfirmChannel();
      const error = new Promise<string>((resolve) =>
        channel.on('error', ({ message }: Error) => resolve(message)),
      );
      const allowed = act(channel).then(
        () => 'it was allowed',
        () => error,
      );
      return Promise.race([allowed, error]);
    };
    const say = (type: string) =>
      refused(async (channel) => {
        channel.publish('order-saga', type, Buffer.from('{}'));
        await channel.waitForConfirms();
      });
    expect(await refused((channel) => channel.purgeQueue('order-saga.stock'))).toContain('ACCESS_REFUSED');
    expect(await refused((channel) => channel.consume('order-saga.order', () => {}))).toContain(
      'ACCESS_REFUSED',
    );
    expect(
      await refused((channel) => channel.bindQueue('order-saga.payment', 'order-saga', 'stock.reserve')),
    ).toContain('ACCESS_REFUSED');
    expect(await say('stock.reserve')).toContain('ACCESS_REFUSED');
    await connection.close();
  });

  test('a module reaches its own database and no other', async () => {
    const dial = `
      for (const host of ${JSON.stringify(modules.map((name) => `${name}-postgres`))}) {
        const socket = require('net').connect(5432, host);
        socket.setTimeout(3000, () => socket.destroy()).on('error', () => {});
        socket.on('connect', () => { console.log(host); socket.destroy(); });
      }`;
    for (const module of modules)
      expect(await stack.exec(module, 'node', '-e', dial)).toBe(`${module}-postgres\n`);
  });

  test.each(services)('%s is killed under load: nothing is lost', async (service) => {
    await order(60, async () => {
      await stack.compose('kill', service);
      await stack.compose('up', '-d', '--no-recreate');
      await stack.ready();
      await look();
    });
    await agree(shop, 60_000);
  });

  test('three of Stock share its work', async () => {
    await stack.compose('up', '-d', '--no-recreate', '--scale', 'stock=3', 'stock');
    await stack.ready();
    await look();
    expect(urls.stock).toHaveLength(3);
    const handled = async (url: string) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/^order_saga_inbox_handled_total\{[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
    };
    await until('each has handled something', async () => {
      await order(60);
      return (await Promise.all(urls.stock.map(handled))).every((count) => count > 0);
    });
    await agree(shop);
  });

  test('SIGTERM ends every module with 0, and nothing is left unacknowledged', async () => {
    await stack.compose('stop', ...modules);
    for (const module of modules)
      for (const { State } of await stack.containers(module))
        expect(State, module).toMatchObject({ Status: 'exited', ExitCode: 0 });
    const queues = await stack.exec(
      'rabbitmq',
      'rabbitmqctl',
      '-q',
      'list_queues',
      'name',
      'messages_unacknowledged',
      '--no-table-headers',
    );
    for (const module of modules) expect(queues).toMatch(new RegExp(`^order-saga\\.${module}\\s+0$`, 'm'));
  });
});
