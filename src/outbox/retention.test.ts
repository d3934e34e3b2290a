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
  'not-a-uuid',
  'aaaaaaaaaaaaaa7',
  'xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx',
  `{${idOf(0)}}`,
  `${idOf(0)}\u0000`,
])('what only looks like an id is impossible: %j', (id) => expect(placeOfId(id, now)).toBe('impossible'));

test('an id without a time is impossible', () => expect(placeOfId(uuidv4(), now)).toBe('impossible'));
