/** What is to be reached on two cores that PostgreSQL, RabbitMQ, the program and the load share, and of which ceiling it is a share. */
import type { Expectation } from './report.ts';
import {
  accepted,
  acceptOnly,
  clients,
  confirmedIn,
  drained,
  rawPublish,
  startUp,
  toTheEnd,
} from './scenarios.ts';
import { type TopologyName, topologies } from './shop.ts';

const names = Object.keys(topologies) as TopologyName[];

const confirmed = (perSecond: number, p50: number, p99: number): Record<string, Expectation> => ({
  [confirmedIn('one process', perSecond, 'p50')]: { target: p50 },
  [confirmedIn('one process', perSecond, 'p99')]: { target: p99 },
});

export const expectations: Readonly<Record<string, Expectation>> = {
  ...Object.fromEntries(
    names.flatMap((name) => clients.map((count) => [toTheEnd(name, count), { ceiling: acceptOnly(count) }])),
  ),
  [toTheEnd('one process', 64)]: { target: 2_500, ceiling: acceptOnly(64), targetShare: 0.7 },
  [toTheEnd('split in three', 64)]: { target: 2_000, ceiling: acceptOnly(64) },
  [accepted]: { ceiling: acceptOnly(64) },
  ...confirmed(50, 10, 30),
  ...confirmed(500, 30, 100),
  ...confirmed(1_000, 60, 200),
  // Many messages travel in one packet, so that this may be more than all of it.
  [drained]: { target: 30_000, ceiling: rawPublish },
  'one process, 64 clients: processor, program': { target: 0.2 },
  'one process, 64 clients: memory, program': { target: 200 },
  [startUp]: { target: 500 },
};
