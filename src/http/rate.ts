/** How many requests a caller may make in a minute: counted in this process, for as many callers as it remembers. */
import type { Context } from 'hono';
import { problem } from './problem.ts';

const windowSeconds = 60;
/** About 2 MB. Of one more, whose minute ends first is forgotten, and may begin anew. */
const defaultMaxCallers = 10_000;

interface Minute {
  readonly endsMs: number;
  taken: number;
}

/** Counts one request of `caller`, says in the answer how many are left, and returns 429 for one too many. */
export type Limit = (c: Context, caller: string) => Response | undefined;

/** A minute begins with a caller's first request; in the moment where two meet, twice as many can come. */
export function createRateLimit(options: {
  readonly perMinute: number;
  readonly maxCallers?: number;
  /** A clock that only moves forward, in milliseconds. */
  readonly now?: () => number;
}): Limit {
  const { perMinute, maxCallers = defaultMaxCallers, now = () => performance.now() } = options;
  /** In the order of their beginnings, which is that of their ends. */
  const minutes = new Map<string, Minute>();

  function minuteOf(caller: string): Minute {
    const known = minutes.get(caller);
    if (known && known.endsMs > now()) return known;
    // This caller's last one is among those that have ended.
    for (const [eldest, { endsMs }] of minutes) {
      if (endsMs > now() && minutes.size < maxCallers) break;
      minutes.delete(eldest);
    }
    const minute = { endsMs: now() + windowSeconds * 1_000, taken: 0 };
    minutes.set(caller, minute);
    return minute;
  }

  return (c, caller) => {
    const minute = minuteOf(caller);
    const isOneTooMany = minute.taken >= perMinute;
    if (!isOneTooMany) minute.taken += 1;
    const seconds = Math.ceil((minute.endsMs - now()) / 1_000);
    c.header('ratelimit-policy', `"requests";q=${perMinute};w=${windowSeconds}`);
    c.header('ratelimit', `"requests";r=${perMinute - minute.taken};t=${seconds}`);
    if (!isOneTooMany) return undefined;
    c.header('retry-after', String(seconds));
    return problem(c, 'too_many_requests', {
      detail: `${perMinute} a minute are answered. The next one in ${seconds} s.`,
    });
  };
}

/** Whom an address stands for: with IPv6 the whole network, since every home has 2^64 addresses. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length);
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...(address.includes('::') ? zeros : []), ...tail].slice(0, 4).join(':');
}
