/** Ids of messages and of what modules keep: UUIDv7, whose order is that of their making. */
import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const bytesPerId = 16;
/** Fetched for 256 ids at once: for each alone, chance costs more than all the rest of an id. */
const chance = new Uint8Array(256 * bytesPerId);
let used = chance.length;

/** Ids of one millisecond are counted on from a number by chance (RFC 9562, section 6.2, method 1); half of its range is room. */
let msecs = 0;
let seq = 0;

/** A new UUIDv7, greater than every one that this process has made before. */
export function newId(): string {
  if (used === chance.length) {
    randomFillSync(chance);
    used = 0;
  }
  const random = chance.subarray(used, used + bytesPerId);
  used += bytesPerId;
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    seq = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
  } else seq += 1;
  return uuidv7({ random, msecs, seq });
}
