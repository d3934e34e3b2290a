/**
 * A network that a test can break: a loopback TCP proxy before PostgreSQL, RabbitMQ or anything else that a URL names.
 *
 *     const proxy = await openProxy(database.url);
 *     openDatabase({ url: proxy.url, name: 'test' });      // the same URL, through the proxy
 *     proxy.stall();          // half-open: nothing passes, nobody is told; new connections are accepted and never answered
 *     proxy.stall('answers'); // only what the server says is held back
 *     proxy.resume();         // what was held back passes, in order; so do the ends of connections that closed meanwhile
 *     proxy.cut();            // every connection is reset (RST), on both sides; new ones pass
 *     await proxy.refuse();   // the same, and nobody listens (ECONNREFUSED) until `await proxy.accept()`, on the same port
 *     proxy.watch((bytes, from) => from === 'client' && bytes.includes('commit') && proxy.stall());
 *     await proxy.close();
 *
 * A watcher sees every chunk before it passes: a stall or a cut from inside it keeps that very chunk back, `stall('answers')` lets
 * a request pass and holds its answer. What TCP itself would notice cannot be seen here: the loopback goes on acknowledging, so
 * keepalive finds nothing wrong with a stalled connection. Whoever survives a stall has a time limit of its own.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type Side = 'client' | 'server';
/** What a stall holds back: what clients send, what the server answers, or both. */
export type Held = 'requests' | 'answers' | 'both';

export interface TestProxy {
  /** The URL it was opened for, with the proxy's address in place of the server's. */
  readonly url: string;
  readonly port: number;
  /** Client connections that are open now, stalled ones included; accepted since the start. */
  readonly connections: { readonly open: number; readonly accepted: number };
  stall(held?: Held): void;
  resume(): void;
  cut(): void;
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /** Shows every chunk to `watcher` before it passes; returns what ends that. */
  watch(watcher: (bytes: Buffer, from: Side) => unknown): () => void;
  /** Cuts everything and stops listening. */
  close(): Promise<void>;
}

const defaultPorts: Readonly<Record<string, number>> = {
  'postgres:': 5432,
  'postgresql:': 5432,
  'amqp:': 5672,
  'http:': 80,
};

/** Opens a proxy on a free loopback port before the server that `url` names. */
export async function openProxy(url: string): Promise<TestProxy> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const serverPort = Number(target.port) || defaultPorts[target.protocol] || 0;
  const links = new Set<Link>();
  const watchers = new Set<(bytes: Buffer, from: Side) => unknown>();
  let held: Held | undefined;
  let accepted = 0;
  let listener: Server | undefined;

  const isHeld = (from: Side) => held === 'both' || held === (from === 'client' ? 'requests' : 'answers');
  const show = (bytes: Buffer, from: Side) => {
    for (const watcher of watchers) watcher(bytes, from);
  };

  async function listen(port: number): Promise<number> {
    listener = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      accepted += 1;
      const link: Link = createLink(client, { host, port: serverPort }, { isHeld, show }, () =>
        links.delete(link),
      );
      links.add(link);
      link.flow();
    });
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    return (listener.address() as AddressInfo).port;
  }

  const cut = () => {
    for (const link of [...links]) link.cut();
  };

  async function refuse(): Promise<void> {
    if (!listener) return;
    const closed = once(listener, 'close');
    listener.close();
    listener = undefined;
    cut();
    await closed;
  }

  const port = await listen(0);
  target.host = `127.0.0.1:${port}`;
  return {
    url: target.href,
    port,
    get connections() {
      return { open: links.size, accepted };
    },
    stall(what = 'both') {
      held = what;
    },
    resume() {
      held = undefined;
      for (const link of [...links]) link.flow();
    },
    cut,
    refuse,
    async accept() {
      if (!listener) await listen(port);
    },
    watch(watcher) {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    close: refuse,
  };
}

/** One client's connection and, as soon as something may pass, its own to the server. */
interface Link {
  /** Lets pass what may. */
  flow(): void;
  cut(): void;
}

function createLink(
  client: Socket,
  server: { readonly host: string; readonly port: number },
  rules: { isHeld(from: Side): boolean; show(bytes: Buffer, from: Side): void },
  onGone: () => void,
): Link {
  let upstream: Socket | undefined;
  let gone = false;
  /** What has come and not passed; null is the end. */
  const waiting: Record<Side, (Buffer | null)[]> = { client: [], server: [] };
  const socketOf = (side: Side) => (side === 'client' ? client : upstream);

  function cut(): void {
    if (gone) return;
    gone = true;
    hangUp(client);
    if (upstream) hangUp(upstream);
    onGone();
  }

  function read(socket: Socket, from: Side): void {
    const take = (bytes: Buffer | null) => {
      if (bytes) rules.show(bytes, from);
      waiting[from].push(bytes);
      pass(from);
    };
    socket.on('data', take);
    socket.on('end', () => take(null));
    // A reset is passed on as one; while held, nobody is told.
    socket.on('error', () => (rules.isHeld(from) ? take(null) : cut()));
    socket.on('close', () => {
      if (client.destroyed && (!upstream || upstream.destroyed)) cut();
    });
  }

  function pass(from: Side): void {
    if (gone) return;
    const source = socketOf(from);
    if (rules.isHeld(from)) {
      source?.pause();
      return;
    }
    const sink = socketOf(from === 'client' ? 'server' : 'client');
    for (const bytes of waiting[from].splice(0)) {
      if (bytes) sink?.write(bytes);
      else sink?.end();
    }
    // Who does not read makes the other side wait, as without a proxy: a blocked broker, a slow client.
    if (sink?.writableNeedDrain) {
      source?.pause();
      sink.once('drain', () => pass(from));
    } else source?.resume();
  }

  read(client, 'client');
  client.pause();
  return {
    flow() {
      if (!upstream && !rules.isHeld('client')) {
        upstream = connect({ ...server, noDelay: true, allowHalfOpen: true });
        read(upstream, 'server');
      }
      pass('client');
      pass('server');
    },
    cut,
  };
}

/** Resets a connection. A socket whose end is still waiting to be sent can only be destroyed: Node 20 would never close it, nor exit. */
function hangUp(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
