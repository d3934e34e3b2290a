import { expect, test } from 'vitest';
import { readOptions, UsageError } from './options.ts';

test('nothing said: everything is measured, five times', () => {
  expect(readOptions([])).toMatchObject({
    quick: false,
    rounds: 5,
    topologies: { length: 3 },
    only: { length: 6 },
  });
});

test('quick is less of it; what is said counts', () => {
  expect(readOptions(['--quick'])).toMatchObject({ quick: true, rounds: 3, seconds: 3 });
  expect(readOptions(['--quick', '--rounds', '1'])).toMatchObject({ rounds: 1 });
  expect(readOptions(['--only', 'open, closed', '--processes', 'one'])).toMatchObject({
    only: ['closed', 'open'],
    topologies: ['one process'],
  });
});

test.each([
  [['--rounds', '0'], '--rounds must be a whole number, 1 to 100'],
  [['--rounds', '1.5'], '--rounds must be a whole number, 1 to 100'],
  [['--seconds', 'ten'], '--seconds must be a number, 1 to 600'],
  [['--only', 'fast'], '--only knows ceilings, closed, open, accepted, drain, start, not fast'],
  [['--processes', ''], '--processes knows one, three, six, not nothing'],
  [
    ['--postgres', 'http://secret@host'],
    '--postgres must be a URL that begins with postgres:// or postgresql://',
  ],
  [['--quick', '--aged'], '--quick and --aged are two things: keep one'],
  [['--what'], "Unknown option '--what'"],
])('%j is refused in one line', (args, line) => {
  expect(() => readOptions(args)).toThrow(UsageError);
  expect(() => readOptions(args)).toThrow(line);
});
