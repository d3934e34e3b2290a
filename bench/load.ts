/** The load, a process of its own: told by its parent what to send, it sends it and tells what was answered. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Outcome } from './generator.ts';
import { type Answer, type Line, openLine, postRequest } from './http.ts';

/** Beyond that an open loop waits for a connection, and its orders for it: their time runs from when they were due. */
const maxLines = 2_000;

/** What is sent over which connection. */
interface Target {
  readonly url: string;
  readonly requests: readonly Buffer[];
  readonly idle: Line[];
}

process.on('message', (job: Job) => {
  run(job).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());

/** The time on the wall, as PostgreSQL has it, finer than `Date.now()`. */
const wallMs = () => performance.timeOrigin + performance.now();

async function run(job: Job): Promise<Outcome> {
  // Its own clock may have gone apart from the one on the wall since it started.
  const offMs = Date.now() - wallMs();
  const nowMs = () => wallMs() + offMs;
  const targets = job.urls.map((url) => ({
    url,
    requests: job.bodies.map((body) => postRequest(url, body)),
    idle: [] as Line[],
  }));
  const usedBefore = process.cpuUsage();
  const startedAtMs = nowMs();
  const done = job.kind === 'closed' ? await closed(job, targets) : await open(job, targets, nowMs);
  const endedAtMs = nowMs();
  const { user, system } = process.cpuUsage(usedBefore);
  for (const { idle } of targets) for (const line of idle) line.close();
  return { ...done, startedAtMs, endedAtMs, processorSeconds: (user + system) / 1e6 };
}

type Done = Pick<Outcome, 'accepted' | 'refused' | 'inDoubt' | 'placed'>;

/** A 503: not taken, or nobody knows yet. It is counted, and whoever was told so sends the next one. Anything else ends the load. */
function countRefusal(done: { refused: number; inDoubt: number }, { status, body }: Answer): void {
  if (status !== 503) throw new Error(`an order was answered with ${status}: ${body}`);
  done.refused += 1;
  if (body.includes('outcome_unknown')) done.inDoubt += 1;
}

/** Each client sends its next order when its last one is answered. */
async function closed(job: Job & { kind: 'closed' }, targets: readonly Target[]): Promise<Done> {
  const latestMs = performance.now() + job.seconds * 1_000;
  const done = { accepted: 0, refused: 0, inDoubt: 0 };
  const client = async (n: number) => {
    const target = targets[n % targets.length];
    if (!target) return;
    const line = openLine(target.url);
    target.idle.push(line);
    for (let i = n; performance.now() < latestMs; i += 1) {
      const answer = await line.send(target.requests[i % target.requests.length] as Buffer);
      if (answer.status === 201) done.accepted += 1;
      else countRefusal(done, answer);
    }
  };
  await Promise.all(Array.from({ length: job.clients }, (_, n) => client(n)));
  return { ...done, placed: [] };
}

/** So many orders a second, whatever the answers: what is late is sent at once, and its time runs from when it was due. */
async function open(
  job: Job & { kind: 'open' },
  targets: readonly Target[],
  nowMs: () => number,
): Promise<Done> {
  const beginMs = nowMs();
  const count = Math.round(job.perSecond * job.seconds);
  const placed: [string, number][] = [];
  const waiting: (() => void)[] = [];
  const sent: Promise<void>[] = [];
  const done = { refused: 0, inDoubt: 0 };
  let lines = 0;

  async function place(n: number, dueMs: number): Promise<void> {
    const target = targets[n % targets.length] as Target;
    while (target.idle.length === 0 && lines >= maxLines)
      await new Promise<void>((free) => waiting.push(free));
    let line = target.idle.pop();
    if (!line) {
      lines += 1;
      line = openLine(target.url);
    }
    const answer = await line.send(target.requests[n % target.requests.length] as Buffer);
    target.idle.push(line);
    waiting.shift()?.();
    const [, id] = /"id":"([^"]+)"/.exec(answer.body) ?? [];
    if (answer.status === 201 && id) placed.push([id, dueMs]);
    else countRefusal(done, answer);
  }

  for (let n = 0; n < count; ) {
    for (; n < count && beginMs + (n * 1_000) / job.perSecond <= nowMs(); n += 1)
      sent.push(place(n, beginMs + (n * 1_000) / job.perSecond));
    await pause(1);
  }
  await Promise.all(sent);
  return { ...done, accepted: placed.length, placed };
}
