/** Objects of Kubernetes as the compiler sees them: a field that its kind does not have is a fault, as is a value of another type. */
import { join, resolve } from 'node:path';
import ts from 'typescript';
import type { KubernetesObject } from './kustomize.ts';
import { fetchPackages, type Package } from './npm.ts';

/** Types of the operators' objects. They ask for Node 22 or newer, which to types is nothing, but to `npm ci` it is. */
const packages: readonly Package[] = [
  {
    name: '@kubernetes-models/keda',
    version: '2.0.0',
    integrity:
      'sha512-iqDohrzL51UXD6zM+Rl4RDnZ9Q7jwgikXYrDCxL0sWA5ZTFa7nMfS4Exu2uK6ohA+OUNQMUIFWORAHNpz5qlFw==',
  },
  {
    name: '@kubernetes-models/cloudnative-pg',
    version: '2.0.0',
    integrity:
      'sha512-uvCHXxeypP8XBSqOvEObGgVMBipe8t7WCFqcpcypvAiq+sOA12NBefI/zKhKeI9EPPCVgY73BpR57JaYU0PCYg==',
  },
  {
    name: '@kubernetes-models/prometheus-operator',
    version: '6.0.0',
    integrity:
      'sha512-ySNW4T6U6Vn86bmcJ/emmAYJ/UrzpNvzxWexWJSALwgiO4FqCgL6WoqFsOReSiMhw/LlF+MljQvoiwD3RnaGmg==',
  },
  // What those three stand on.
  {
    name: 'kubernetes-models',
    version: '5.1.0',
    integrity:
      'sha512-ym4Kiyr8BzGIWj4f853ytVYES1B8C1BdONRP5zodItPD1o//OEKuTwC5nFV3ZJtFGeMqOFbIYkpunSVXSlHS8g==',
  },
  {
    name: '@kubernetes-models/apimachinery',
    version: '3.0.2',
    integrity:
      'sha512-6Vbzr/tinxPBGGdfYjXiV9WPj8PEhyiqGJiWhXrsihK7h6glPj4HKUxZ0YwYXH/5uucm/NVef/xY3vZ4Crj1Fg==',
  },
  {
    name: '@kubernetes-models/base',
    version: '6.0.1',
    integrity:
      'sha512-pXKCFeSoL6RsMxoPDwaJ5JtijVjeuNCacgtYS9dImF7qFdzdc9lcQbem6y6Ug7/K6/bFOWdTu3qIX88IK81o0A==',
  },
  {
    name: '@kubernetes-models/validate',
    version: '5.0.2',
    integrity:
      'sha512-EzfxB8mu2VPlFYSwsMlZdgTeeqJGI2R58irUrZJWHxJqOqOhnau/oS9KNCZKXjdC2vFubU6v81m2CrIoU+/pxQ==',
  },
];

/** By API group: the module with its kinds. A kind that is in none of them is a fault. */
const modules: Readonly<Record<string, string>> = {
  v1: 'kubernetes-types/core/v1',
  'apps/v1': 'kubernetes-types/apps/v1',
  'batch/v1': 'kubernetes-types/batch/v1',
  'policy/v1': 'kubernetes-types/policy/v1',
  'networking.k8s.io/v1': 'kubernetes-types/networking/v1',
  'rabbitmq.com/v1beta1': `${resolve('test/support/rabbitmq-operator.ts')}`,
};
const models: Readonly<Record<string, string>> = {
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
  'postgresql.cnpg.io/v1': '@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1',
};

export interface TypeFault {
  readonly object: KubernetesObject;
  readonly message: string;
}

/** What the compiler has to say about each. */
export async function findTypeFaults(objects: readonly KubernetesObject[]): Promise<readonly TypeFault[]> {
  const folder = await fetchPackages('kubernetes-models', packages);
  const file = resolve('test/support/manifests.generated.ts');
  const lines = objects.map(
    (object, i) => `export const o${i}: ${typeOf(object, folder)} = ${JSON.stringify(object)};`,
  );
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  // It is never on disk.
  const text = lines.join('\n');
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  if (!source) throw new Error('the compiler has not read the manifests');
  return ts.getPreEmitDiagnostics(program, source).flatMap(({ start = 0, messageText }) => {
    const object = objects[source.getLineAndCharacterOfPosition(start).line];
    return object ? [{ object, message: ts.flattenDiagnosticMessageText(messageText, ' ') }] : [];
  });
}

function typeOf({ apiVersion, kind }: KubernetesObject, folder: string): string {
  const model = models[apiVersion];
  if (model) return `import('${join(folder, 'node_modules', model, `${kind}.d.ts`)}').I${kind}`;
  return `import('${modules[apiVersion] ?? apiVersion}').${kind}`;
}

type Path = readonly (string | number)[];

/** For each place where a kind may have fields: its name, and a copy of an object with a field there that no type has. */
export function plantEverywhere(objects: readonly KubernetesObject[]): ReadonlyMap<string, KubernetesObject> {
  const planted = new Map<string, KubernetesObject>();
  for (const object of objects)
    for (const path of pathsOf(object)) {
      const place = [object.kind, ...path.filter((step) => typeof step === 'string')].join('.');
      if (!planted.has(place)) planted.set(place, plant(object, path));
    }
  return planted;
}

/** The ways to every object inside `value`, itself included. */
function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, one]) =>
    pathsOf(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return Array.isArray(value) ? inside : [path, ...inside];
}

function plant(object: KubernetesObject, path: Path): KubernetesObject {
  const copy = structuredClone(object);
  // biome-ignore lint/suspicious/noExplicitAny: whatever is there.
  let place: any = copy;
  for (const step of path) place = place[step];
  place.planted = 'here';
  return copy;
}
