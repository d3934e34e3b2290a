/** A RabbitMQ cluster of three private nodes on this machine, whose nodes can be killed one at a time. */
import { randomBytes } from 'node:crypto';
import { freePorts } from './ports.ts';
import { missingRabbit, rabbitPrograms } from './rabbit.ts';
import { type RabbitNode, startNode } from './rabbit-node.ts';

export interface RabbitCluster {
  /** Names all nodes. */
  readonly url: string;
  readonly nodes: readonly RabbitNode[];
  /** The node that leads a quorum queue now, as one that is alive says. */
  leaderOf(queue: string, alive?: RabbitNode): Promise<RabbitNode>;
  stop(): Promise<void>;
}

/** Starts a cluster. Without RabbitMQ says so in one loud line and resolves to undefined; with `CI=true` that is a failure. */
export async function openCluster(): Promise<RabbitCluster | undefined> {
  const programs = await rabbitPrograms();
  if (programs) return startCluster(programs);
  const line = `RabbitMQ is missing, the suite of the cluster is skipped: ${missingRabbit}`;
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
  return undefined;
}

async function startCluster(programs: string): Promise<RabbitCluster> {
  const cookie = randomBytes(16).toString('hex');
  const [epmdPort = 0] = await freePorts(1);
  const nodes: RabbitNode[] = [];
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));
  try {
    for (let n = 0; n < 3; n += 1) {
      const node = await startNode(programs, { cookie, epmdPort });
      nodes.push(node);
      const [first] = nodes;
      if (!first || first === node) continue;
      await node.ctl('stop_app');
      await node.ctl('join_cluster', first.name);
      await node.startApp();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    async leaderOf(queue, alive = nodes[0]) {
      const answer = await alive?.tell(`
        {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${queue}">>)),
        {_, Node} = amqqueue:get_pid(Queue),
        atom_to_list(Node).`);
      const leader = nodes.find(({ name }) => answer === `"${name}"`);
      if (!leader) throw new Error(`nobody leads ${queue}: ${answer}`);
      return leader;
    },
    stop,
  };
}
