import { expect, test } from 'vitest';
import { createLog } from './log.ts';

test('one event is one line of JSON; an error says what and where from, never its query', () => {
  const lines: string[] = [];
  const error = Object.assign(new Error('duplicate key'), {
    code: '23505',
    query: 'insert',
    parameters: ['tok_visa'],
  });
  createLog((line) => lines.push(line), 'json')('warn', 'failed', { module: 'order', error });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    time: expect.any(String),
    level: 'warn',
    event: 'failed',
    module: 'order',
    error: 'Error: duplicate key (23505)',
  });
});

test('for people it is plain', () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), 'text');
  log('info', 'serving', { url: 'http://x', subject: undefined, modules: ['order'] });
  log('error', 'failed', { error: new AggregateError([new Error('refused')]) });
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} serving url=http:\/\/x modules=\["order"\]$/);
  expect(lines[1]).toMatch(/ERROR failed error=AggregateError: refused$/);
});
