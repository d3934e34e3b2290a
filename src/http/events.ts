/** Answers that go on: Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import type { Context } from 'hono';
import { comeAgain, problem } from './problem.ts';

/** Half of the connections that a server has: the other half is for requests. */
const defaultMaxStreams = 2_000;
/** A stream that is never silent for longer is not taken for dead: by proxies usually after 60 s, by our own server after 30. */
const defaultHeartbeatMs = 15_000;
/** What waits for a reader before the next events come; hundreds of orders. Whoever is further behind is cut off, and resumes. */
const defaultMaxWaitingBytes = 256 * 1_024;
/** The same of all readers together, whatever each of them is sent at once. */
const defaultMaxWaitingBytesInAll = 64 * 1_024 * 1_024;
/** A reader who stays longer comes again, perhaps to another replica: after a deployment nobody sits on the oldest one for ever. */
const maxAgeMs = 3_600_000;
/** In seconds: streams end at the end of a saga, so there is room soon; far more readers than there is room for must not knock at once. */
const retryAfterSeconds = '10';
/** When a stream has ended its reader comes again after this time; by chance, so that a thousand do not come together. */
const minRetryMs = 1_000;
const retrySpreadMs = 2_000;

export interface ServerEvent {
  /** What a reader who comes again gives back as `Last-Event-ID`. */
  readonly id?: string;
  /** Null: there is nothing to tell, only `id` is noted. */
  readonly data: object | null;
}

/** One reader. */
export interface EventStream {
  /** Sends events together. After the end it does nothing. */
  send(event: string, events: readonly ServerEvent[]): void;
  /** Ends the stream when all that was sent has been read. */
  end(): void;
}

export interface EventStreams {
  /** What is to be answered where no more readers can be served; undefined: there is room. */
  refusal(c: Context): Response | undefined;
  /**
   * Answers with a stream. `begin` sends what there is to send at first and returns what is to be done when the stream has ended, whoever
   * has ended it.
   */
  open(c: Context, begin: (stream: EventStream) => () => void): Response;
  /** Ends all streams and opens no more: a server cannot close before they have ended. */
  close(): void;
}

export interface StreamLimits {
  readonly maxStreams?: number;
  readonly heartbeatMs?: number;
  readonly maxWaitingBytes?: number;
  readonly maxWaitingBytesInAll?: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly nowMs?: () => number;
}

const encoder = new TextEncoder();
const heartbeat = encoder.encode(':\n\n');
const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  // Some proxies gather an answer before they pass it on.
  'x-accel-buffering': 'no',
};

/** Keeps the streams of a module: so many, so much in memory, none silent, none for ever. */
export function createEventStreams(limits: StreamLimits = {}): EventStreams {
  const {
    maxStreams = defaultMaxStreams,
    heartbeatMs = defaultHeartbeatMs,
    maxWaitingBytes = defaultMaxWaitingBytes,
    maxWaitingBytesInAll = defaultMaxWaitingBytesInAll,
    nowMs = () => performance.now(),
  } = limits;
  const opened = new Set<{ beat(): void; end(): void }>();
  let beating: NodeJS.Timeout | undefined;
  let waitingInAll = 0;
  let closing = false;

  function refusal(c: Context): Response | undefined {
    if (closing) return comeAgain(c, 'unavailable', 'This process is stopping. Come again.');
    if (opened.size < maxStreams) return undefined;
    c.header('retry-after', retryAfterSeconds);
    return problem(c, 'too_many_listeners', { detail: `At most ${maxStreams} are served at once.` });
  }

  function open(c: Context, begin: (stream: EventStream) => () => void): Response {
    const refused = refusal(c);
    if (refused) return refused;
    // Nobody would ever read it, or go.
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const endsMs = nowMs() + maxAgeMs;
    let onEnd = () => {};
    let ended = false;
    let waiting = 0;
    let control!: ReadableStreamDefaultController<Uint8Array>;
    const readable = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          control = controller;
        },
        pull: count,
        cancel: leave,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }),
    );

    function count(): void {
      const now = ended ? 0 : maxWaitingBytes - (control.desiredSize ?? maxWaitingBytes);
      waitingInAll += now - waiting;
      waiting = now;
    }

    function leave(): void {
      if (ended) return;
      ended = true;
      count();
      opened.delete(stream);
      if (opened.size === 0) clearInterval(beating);
      onEnd();
    }

    function end(): void {
      if (ended) return;
      leave();
      control.close();
    }

    /** What still waits is forgotten: the reader has not taken it for too long. */
    function cut(): void {
      const { outgoing } = (c.env ?? {}) as { readonly outgoing?: { destroy(): void } };
      end();
      outgoing?.destroy();
    }

    function write(bytes: Uint8Array): void {
      if (ended) return;
      count();
      if (waiting >= maxWaitingBytes || waitingInAll >= maxWaitingBytesInAll) cut();
      else {
        control.enqueue(bytes);
        count();
      }
    }

    const stream = {
      beat: () => (nowMs() >= endsMs ? end() : write(heartbeat)),
      send: (event: string, events: readonly ServerEvent[]) =>
        write(encoder.encode(events.map((one) => blockOf(event, one)).join(''))),
      end,
    };
    if (opened.size === 0) beating = setInterval(beat, heartbeatMs);
    opened.add(stream);
    write(encoder.encode(`retry: ${Math.floor(minRetryMs + Math.random() * retrySpreadMs)}\n\n`));
    const done = begin(stream);
    if (ended) done();
    else onEnd = done;
    return c.body(readable, 200, headers);
  }

  function beat(): void {
    for (const stream of opened) stream.beat();
  }

  return {
    refusal,
    open,
    close() {
      closing = true;
      for (const stream of opened) stream.end();
    },
  };
}

/** JSON has no line breaks of its own: one line of data. */
function blockOf(event: string, { id, data }: ServerEvent): string {
  const lines = data === null ? [] : [`event: ${event}`, `data: ${JSON.stringify(data)}`];
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return `${lines.join('\n')}\n\n`;
}
