/** Every kind of problem that a door may answer with. Codes are for ever: clients switch on them. */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HeaderName } from './operation.ts';

interface Kind {
  readonly status: ContentfulStatusCode;
  /** The same for all of its kind. */
  readonly title: string;
  /** When it is met, and what a client should do. */
  readonly meaning: string;
  /** What its answers have besides, each or some. */
  readonly headers?: readonly HeaderName[];
}

const again = 'Nothing was done. Send the same request again after the seconds in `Retry-After`.';
const mend = 'Sent again as it is, it will be refused again.';

/** Of refusals that are kept for a key: whoever comes again with it gets them once more. */
const kept = ['Idempotent-Replayed'] as const;

const all = {
  // What is wrong with a request before anybody looks at what it asks for.
  malformed_request: {
    status: 400,
    title: 'The request is not HTTP',
    meaning: `The server could not read it, and has closed the connection. ${mend}`,
  },
  body_cut_off: {
    status: 400,
    title: 'The body is not whole',
    meaning: 'The connection ended before the body did. Nothing was done: send it again.',
  },
  body_not_json: {
    status: 400,
    title: 'The body is not JSON',
    meaning: `It cannot be parsed as UTF-8 JSON. ${mend}`,
  },
  invalid_idempotency_key: {
    status: 400,
    title: 'The Idempotency-Key is not valid',
    meaning: `It must be 1 to 255 visible ASCII characters, bare or in double quotes. ${mend}`,
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive',
    meaning:
      'Its headers or its body did not come in time, and the connection was closed. Nothing was done: send it again.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    meaning: `At most 256 KiB are read. ${mend}`,
  },
  body_not_json_type: {
    status: 415,
    title: 'The body must be JSON',
    meaning: `It must be sent with \`Content-Type: application/json\`. ${mend}`,
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    meaning: `At most 16 KiB of them are read. ${mend}`,
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    meaning: `Nothing is at this path. ${mend}`,
  },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    meaning: `\`Allow\` names those that are. ${mend}`,
  },
  not_found: {
    status: 404,
    title: 'There is no such thing',
    meaning: `Nothing can have such a name. ${mend}`,
  },
  invalid_body: {
    status: 422,
    title: 'The body is not valid',
    meaning: `\`errors\` tells each fault, with a JSON pointer to its place in the body. ${mend}`,
  },
  invalid_query: {
    status: 422,
    title: 'The query is not valid',
    meaning: `\`errors\` tells each fault, with the parameter's name. ${mend}`,
  },
  // Who may do what.
  token_needed: {
    status: 401,
    title: 'A token is needed',
    meaning: 'Show one as `Authorization: Bearer`. Nothing was done.',
    headers: ['WWW-Authenticate'],
  },
  token_invalid: {
    status: 401,
    title: 'The token is not valid',
    meaning: '`detail` says why: it has expired, say. Get a new one and send the request again.',
    headers: ['WWW-Authenticate'],
  },
  forbidden: {
    status: 403,
    title: 'This is not allowed',
    meaning: `The token is good, and not for this: \`detail\` says what it lacks. ${mend}`,
    headers: ['WWW-Authenticate'],
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    meaning: `This caller has made as many in a minute as are answered. ${again}`,
    headers: ['Retry-After'],
  },
  tokens_unavailable: {
    status: 503,
    title: 'Tokens cannot be looked at now',
    meaning: `The keys of who signs them cannot be fetched. ${again}`,
    headers: ['Retry-After'],
  },
  // Asking again.
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    meaning:
      'A key belongs to one request: the same path and the same body. Use a new one for something new.',
  },
  request_in_progress: {
    status: 409,
    title: 'The same request is still being handled',
    meaning:
      'Another one with this Idempotency-Key has not been answered yet. Send it again after the seconds in `Retry-After`.',
    headers: ['Retry-After'],
  },
  // Orders.
  order_not_found: {
    status: 404,
    title: 'There is no such order',
    meaning: `No order has this id. ${mend}`,
    headers: kept,
  },
  order_not_placeable: {
    status: 422,
    title: 'The order cannot be placed',
    meaning:
      '`errors` names the lines: a product that does not exist, or one that is sold in another currency than the others.',
    headers: kept,
  },
  order_not_cancellable: {
    status: 409,
    title: 'The order cannot be cancelled any more',
    meaning: 'It has come to its end: it is confirmed or rejected.',
    headers: kept,
  },
  nothing_awaited: {
    status: 409,
    title: 'Nothing is awaited for the order',
    meaning: 'It has come to its end, and has no deadline that could be set to now.',
    headers: kept,
  },
  products_unknown: {
    status: 503,
    title: 'The products are not known yet',
    meaning: `A new shop takes no orders before Stock has sent its list of products. ${again}`,
    headers: ['Retry-After'],
  },
  // Products.
  product_not_found: {
    status: 404,
    title: 'There is no such product',
    meaning: `No product has this sku. ${mend}`,
    headers: kept,
  },
  no_room: {
    status: 409,
    title: 'There is no room for so many',
    meaning: 'More units of a product than can be counted would be on hand.',
    headers: kept,
  },
  // Webhooks.
  endpoint_not_found: {
    status: 404,
    title: 'There is no such endpoint',
    meaning: `No webhook has this id. ${mend}`,
    headers: kept,
  },
  too_many_endpoints: {
    status: 409,
    title: 'There are too many endpoints',
    meaning: 'Delete one that is not used any more.',
    headers: kept,
  },
  delivery_not_found: {
    status: 404,
    title: 'There is no such delivery',
    meaning: 'It never was there, or is older than deliveries are kept.',
    headers: kept,
  },
  not_replayable: {
    status: 409,
    title: 'It cannot be replayed now',
    meaning: 'An attempt is under way, its endpoint is disabled, or no mail is sent: `detail` says which.',
    headers: kept,
  },
  // For operators.
  failure_not_found: {
    status: 404,
    title: 'There is no such failure',
    meaning: 'It was handled or discarded meanwhile, or never was there.',
  },
  facts_busy: {
    status: 503,
    title: 'The facts are being read',
    meaning: `Two at a time may read all that a module states of itself. ${again}`,
    headers: ['Retry-After'],
  },
  audit_running: {
    status: 409,
    title: 'An audit is running',
    meaning: 'One at a time: it reads everything.',
  },
  audit_ended: { status: 503, title: 'The audit was ended', meaning: 'Whoever asked for it has gone.' },
  // The simulated card processor's.
  too_many_faults: {
    status: 409,
    title: 'There are too many faults',
    meaning:
      'The simulated card processor has been told of as many as it keeps: `DELETE /faults` forgets them.',
  },
  call_refused: {
    status: 409,
    title: 'The call is refused',
    meaning: 'The simulated card processor was told to refuse it.',
  },
  call_failed: {
    status: 503,
    title: 'The call has failed',
    meaning: 'The simulated card processor was told to fail.',
  },
  // The service's own trouble.
  internal_error: {
    status: 500,
    title: 'Something failed',
    meaning: 'A mistake in the program: it is in the log, under the `traceId`.',
  },
  too_many_requests_at_once: {
    status: 503,
    title: 'Too many requests at once',
    meaning: `As many as can be answered in time are in hand. ${again}`,
    headers: ['Retry-After'],
  },
  too_many_listeners: {
    status: 503,
    title: 'Too many are listening',
    meaning: `As many as can be served listen to orders here. ${again}`,
    headers: ['Retry-After'],
  },
  unavailable: {
    status: 503,
    title: 'The service cannot answer now',
    meaning: `Its database is away or busy. ${again}`,
    headers: ['Retry-After'],
  },
  outcome_unknown: {
    status: 503,
    title: 'It is not known whether this was done',
    meaning:
      'The database was lost while it was being done. Sent again with the same Idempotency-Key it is done once; without one, `detail` says how to find out.',
    headers: ['Retry-After', 'Location'],
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type Code = keyof typeof all;
export const problems: Readonly<Record<Code, Kind>> = all;

export const codes = Object.keys(all) as Code[];
export const isCode = (text: string): text is Code => Object.hasOwn(all, text);

/** A kind's page. */
export function entryOf(code: Code): string {
  const { status, title, meaning } = problems[code];
  return `## ${code}\n\n${status}: ${title}.\n\n${meaning}\n`;
}

/** The list as Markdown, as it is in `docs/problems.md`. */
export function problemList(): string {
  return `# Problems\n\nEvery error of every door is a problem (RFC 9457, \`application/problem+json\`): \`type\` is its page, \`code\` its name, \`title\` the same for all of
its kind, \`detail\` tells of this one, \`errors\` of each fault in it, \`traceId\` is what the log calls the request.\n\n${codes.map(entryOf).join('\n')}`;
}
