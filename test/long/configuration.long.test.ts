/** What the stack and the cluster tell the program: every name is one it knows, and all of it together is what it takes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Config, describeVariables, readConfig } from '../../src/config.ts';
import { findTypeFaults } from '../support/kubernetes-types.ts';
import { build, kubernetes } from '../support/kustomize.ts';
import { type Objects, ofKind, say } from '../support/manifests.ts';
import { makeSecrets, named, type Told, toldByCluster, toldByCompose, toldByImage } from '../support/told.ts';

let dev: Objects;
let prod: Objects;
const secrets = makeSecrets();
const image = toldByImage();
const folder = await mkdtemp(join(tmpdir(), 'order-saga-configuration-'));
afterAll(() => rm(folder, { recursive: true }));

beforeAll(async () => {
  dev = await build(`${kubernetes}/overlays/dev`);
  prod = await build(`${kubernetes}/overlays/prod`);
});

const toldInCluster = () => [...toldByCluster(dev, secrets), ...toldByCluster(prod, secrets)];
const variableOf = (name: string) => name.replace(/_FILE$/, '');
const variables = describeVariables().map((line) => line.trim().split(' ')[0] ?? '');

/** The names in the first column of the table of what is not set. */
const leftOut = () => {
  const text = readFileSync(`${kubernetes}/README.md`, 'utf8');
  const rows = text
    .slice(text.indexOf('## What is not set'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name),
  );
};

describe('names', () => {
  test('all that is told is a variable of the program', () => {
    const told = [...toldInCluster(), ...toldByCompose()].flatMap(({ who, environment }) =>
      Object.keys(environment).map((name) => ({ who, name: variableOf(name) })),
    );
    expect(told.filter(({ name }) => !variables.includes(name))).toEqual([]);
    expect(Object.keys(image).filter((name) => !variables.includes(name))).toEqual([]);
    expect(told.length).toBeGreaterThan(30);
  });

  test('each variable is either set in the manifests, or in the table of those that are not', () => {
    const set = toldInCluster().flatMap(({ environment }) => Object.keys(environment).map(variableOf));
    const accounted = [...new Set([...set, ...leftOut()])];
    expect(accounted.toSorted()).toEqual(variables.toSorted());
    expect(leftOut().filter((name) => set.includes(name))).toEqual([]);
  });
});

/** What the program makes of it: its files are read where the test has put them. */
async function take({ who, args, environment, read }: Told): Promise<Config> {
  const local: Record<string, string> = { ...image };
  for (const [name, value] of Object.entries(environment)) {
    local[name] = value;
    if (!name.endsWith('_FILE')) continue;
    const content = read(value);
    if (content === undefined) throw new Error(`${who}: nothing is mounted at ${value}`);
    local[name] = join(folder, `${who.replaceAll(' ', '-')}-${name}`);
    await writeFile(local[name], content);
  }
  return readConfig(args[0] === 'migrate' ? 'migrate' : 'serve', local);
}

const isPart = (who: string) => /order|stock|payment/.exec(who)?.[0] ?? '';

describe('the program takes what it is told', () => {
  test('in the compose stack', async () => {
    for (const told of toldByCompose())
      expect(await take(told)).toMatchObject({
        modules: [told.who],
        http: { host: '0.0.0.0', port: 3000 },
        services: {
          databaseUrls: { [told.who]: expect.stringContaining(`@${told.who}-postgres:`) },
          amqpUrl: expect.stringContaining('@rabbitmq:'),
        },
      });
  });

  test.each(['dev', 'prod'])(
    'in the overlay %s: its own database, RabbitMQ, and no migration by itself',
    async (name) => {
      const objects = name === 'dev' ? dev : prod;
      // Who answers to a name: a Service, or what the operators make of theirs.
      const hosts = [
        ...ofKind(objects, 'Service').map(({ metadata }) => metadata.name),
        ...ofKind(objects, 'Cluster').map(({ metadata }) => `${metadata.name}-rw`),
        ...ofKind(objects, 'RabbitmqCluster').map(({ metadata }) => metadata.name),
      ];
      const all = toldByCluster(objects, secrets);
      expect(all).toHaveLength(6);
      for (const told of all) {
        const module = isPart(told.who);
        const config = await take(told);
        expect(config.modules, told.who).toEqual([module]);
        const urls = Object.entries(config.services?.databaseUrls ?? {});
        expect(
          urls.map(([of]) => of),
          told.who,
        ).toEqual([module]);
        const addresses = [...urls.map(([, url]) => url), config.services?.amqpUrl].filter(Boolean);
        for (const address of addresses) {
          const { hostname, username, pathname } = new URL(address ?? '');
          const [host, ...namespace] = hostname.split('.');
          expect(hosts, told.who).toContain(host);
          expect(username).toBe(module);
          if (address?.startsWith('postgres'))
            expect([host, pathname]).toEqual([expect.stringMatching(`^${module}-postgres`), `/${module}`]);
          // KEDA, in its own namespace, reads the same.
          if (name === 'prod') expect(namespace.join('.')).toBe('order-saga.svc');
        }
        if (told.who.startsWith('Job')) expect(told.args).toEqual(['migrate']);
        else expect({ migrate: config.migrate, of: addresses.length }).toEqual({ migrate: false, of: 2 });
      }
    },
  );

  test('cards are charged in prod, by a card processor that knows Payment', async () => {
    const payment = toldByCluster(prod, secrets).find(({ who }) => who === 'Deployment payment');
    if (!payment) throw new Error('there is no Payment');
    expect(await take(payment)).toMatchObject({
      gatewayUrl: 'https://cards.example.com',
      gatewayToken: 'token',
    });
  });
});

test('make-secrets.sh prints what every Secret is read for', async () => {
  expect(await findTypeFaults(secrets)).toEqual([]);
  const wanted = [
    ...ofKind(prod, 'Cluster').map(({ spec }) => spec.bootstrap.initdb.secret.name),
    ...ofKind(prod, 'User').map(({ spec }) => spec.importCredentialsSecret.name),
  ];
  expect(wanted).toHaveLength(6);
  for (const name of wanted) {
    const { username = '', password = '', url = '' } = named(secrets, 'Secret', name).stringData ?? {};
    expect([new URL(url).username, new URL(url).password], name).toEqual([username, password]);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
  }
  for (const { spec } of ofKind(prod, 'TriggerAuthentication'))
    for (const { name, key } of spec.secretTargetRef)
      expect(Object.keys(named(secrets, 'Secret', name).stringData ?? {})).toContain(key);
  // No password twice.
  const passwords = secrets.flatMap(({ stringData }) => stringData?.['password'] ?? []);
  expect(new Set(passwords).size).toBe(6);
});

test('whatever else a pod names is there', () => {
  for (const objects of [dev, prod])
    for (const { spec, ...workload } of ofKind(objects, 'Deployment', 'StatefulSet', 'Job')) {
      const { serviceAccountName, volumes, containers } = spec.template.spec;
      if (serviceAccountName) named(objects, 'ServiceAccount', serviceAccountName);
      for (const { configMap } of volumes) if (configMap) named(objects, 'ConfigMap', configMap.name);
      const provided = [
        ...volumes.map(({ name }: { name: string }) => name),
        ...(spec.volumeClaimTemplates ?? []).map(
          (claim: { metadata: { name: string } }) => claim.metadata.name,
        ),
      ];
      for (const { volumeMounts } of containers)
        for (const { name } of volumeMounts) expect(provided, say(workload as never)).toContain(name);
    }
});
