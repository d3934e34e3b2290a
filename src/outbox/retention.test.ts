import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { expect, test } from 'vitest';
import { placeOfId, timeOfId } from './retention.ts';

const now = new Date('2026-03-15T12:00:00Z');
const day = 86_400_000;
const idOf = (msFromNow: number) => uuidv7({ msecs: now.getTime() + msFromNow });

test('an id tells when it was made', () => expect(timeOfId(idOf(0))).toBe(now.getTime()));

test.each([
  ['now', 0, 'inbox'],
  ['twelve days ago', -12 * day, 'inbox'],
  ['fourteen days ago', -14 * day, 'old'],
  ['an hour ahead', day / 24, 'inbox'],
  ['two days ahead', 2 * day, 'impossible'],
])('an id of %s', (_, msFromNow, place) => expect(placeOfId(idOf(msFromNow), now)).toBe(place));

test.each([
  ['without a time', uuidv4()],
  ['that is cut', idOf(0).slice(0, -1)],
  ['with more behind it', `${idOf(0)}0`],
  ['of other letters', 'zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz'],
])('an id %s is impossible', (_, id) => expect(placeOfId(id, now)).toBe('impossible'));
