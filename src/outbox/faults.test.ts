import { expect, test } from 'vitest';
import { describe as describeError, isEnvironmental } from './faults.ts';

const withCode = (code: string, name = 'PostgresError') => Object.assign(new Error('x'), { code, name });

test.each([
  '08006',
  '25006',
  '26000',
  '40001',
  '40P01',
  '53100',
  '55P03',
  '57P01',
  '57014',
  '58030',
  'XX000',
])('SQLSTATE %s is the environment', (code) => expect(isEnvironmental(withCode(code))).toBe(true));

test.each(['23505', '22P02', '42P01', '23514', 'P0001'])('SQLSTATE %s is the message', (code) =>
  expect(isEnvironmental(withCode(code))).toBe(false),
);

test.each([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
])('the socket says %s: the environment', (code) =>
  expect(isEnvironmental(withCode(code, 'Error'))).toBe(true),
);

test('a bug is not the environment', () => {
  expect(isEnvironmental(new TypeError('x is not a function'))).toBe(false);
  expect(isEnvironmental('text')).toBe(false);
  expect(isEnvironmental(withCode('ERR_INVALID_ARG_TYPE', 'TypeError'))).toBe(false);
});

test('an error is told in one bounded line without NUL', () => {
  expect(describeError(new Error(`a\u0000b${'c'.repeat(5_000)}`))).toMatch(/^Error: abc+$/);
  expect(describeError(new Error('c'.repeat(5_000)))).toHaveLength(1_000);
});
