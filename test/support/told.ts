/** What a program is told in the compose stack and in a cluster: its environment, with the secrets that are mounted for it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type KubernetesObject, kubernetes, readObjects } from './kustomize.ts';
import { modules, type Objects, ofKind, say } from './manifests.ts';

export interface Told {
  /** Who is told. */
  readonly who: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What a file of its says. */
  read(path: string): string | undefined;
}

/** What the image itself tells, as far as it is not Node.js that is told. */
export function toldByImage(): Readonly<Record<string, string>> {
  const line = /^ENV (.+)$/m.exec(readFileSync('deploy/Dockerfile', 'utf8'))?.[1] ?? '';
  const pairs = line.split(' ').map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(pairs.filter(([name]) => !name.startsWith('NODE_')));
}

export function toldByCompose(): readonly Told[] {
  // As compose does where the operator has set nothing.
  const text = readFileSync('docker-compose.yml', 'utf8').replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  const { services } = parse(text, { merge: true });
  return modules.map((who) => ({
    who,
    args: [],
    environment: Object.fromEntries(
      Object.entries<string | null>(services[who].environment).map(([name, value]) => [name, value ?? '']),
    ),
    read: (path) => readFileSync(path.replace('/run/secrets', 'deploy/secrets'), 'utf8'),
  }));
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
}
interface Source {
  readonly name?: string;
  readonly secretName?: string;
  readonly items: readonly { readonly key: string; readonly path: string }[];
}

/** `secrets`: those that are not among the objects. */
export function toldByCluster(objects: Objects, secrets: Objects): readonly Told[] {
  return ofKind(objects, 'Deployment', 'Job').map((workload) => {
    const { containers, volumes } = workload.spec.template.spec;
    const [{ args = [], env = [], envFrom = [], volumeMounts }] = containers;
    const maps: Objects = envFrom.map((one: { configMapRef: { name: string } }) =>
      named(objects, 'ConfigMap', one.configMapRef.name),
    );
    return {
      who: say(workload),
      args,
      environment: Object.assign(
        {},
        ...maps.map(({ data }) => data),
        ...env.map(({ name, value }: { name: string; value: string }) => ({ [name]: value })),
      ),
      read(path) {
        const mount: Mount = volumeMounts.find(({ mountPath }: Mount) => path.startsWith(`${mountPath}/`));
        const volume = volumes.find(({ name }: Mount) => name === mount?.name);
        const sources: readonly Source[] = volume?.secret
          ? [volume.secret]
          : (volume?.projected?.sources.map(({ secret }: { secret: Source }) => secret) ?? []);
        for (const { name, secretName, items } of sources)
          for (const item of items)
            if (path === `${mount.mountPath}/${item.path}`)
              return contentOf(named([...objects, ...secrets], 'Secret', name ?? secretName ?? ''), item.key);
        return undefined;
      },
    };
  });
}

/** Throws if there is none. */
export function named(objects: Objects, kind: string, name: string): KubernetesObject {
  const [found] = ofKind(objects, kind).filter(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

function contentOf({ data, stringData }: KubernetesObject, key: string): string | undefined {
  const encoded = data?.[key];
  return encoded === undefined ? stringData?.[key] : Buffer.from(encoded, 'base64').toString();
}

/** What `make-secrets.sh` prints. */
export const makeSecrets = (): Objects =>
  readObjects(
    execFileSync('sh', [`${kubernetes}/make-secrets.sh`], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', GATEWAY_TOKEN: 'token' },
    }),
  );
