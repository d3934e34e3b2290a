/** A delivery by webhook: what is said, signed, posted. */
import { payloadOf } from './content.ts';
import type { Outcome, Send } from './outcome.ts';
import type { Posting } from './post.ts';
import { signed } from './signing.ts';
import type { DueDelivery } from './store.ts';

/** `post`: takes one request to its end. */
export function createWebhook(
  post: (posting: Posting, signal: AbortSignal) => Promise<Outcome>,
): Send<DueDelivery> {
  return (due, signal) => {
    const body = JSON.stringify(payloadOf(due));
    const headers = signed({ id: due.id, at: new Date(), body }, due.secrets);
    return post({ url: due.url ?? '', headers, body }, signal);
  };
}
