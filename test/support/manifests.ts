/** All that the manifests can be put together to. */
import { build, combine, type KubernetesObject, kubernetes } from './kustomize.ts';

export type Objects = readonly KubernetesObject[];

export const modules = ['order', 'stock', 'payment'] as const;

const components = ['cnpg', 'rabbitmq-operator', 'keda', 'monitoring', 'network-policies', 'pod-disruption'];
/** What brings services of its own has no place in an overlay that has some. */
const forDev = components.slice(2);

/** Every selection of them, the empty one too. */
const selections = ([first, ...rest]: readonly string[]): readonly (readonly string[])[] =>
  first === undefined ? [[]] : selections(rest).flatMap((set) => [set, [first, ...set]]);

/** How many there are: two overlays, the base with every selection of components, `dev` with every one that it has a place for. */
export const setCount = 2 + 2 ** components.length + (2 ** forDev.length - 1);

/** The overlays and the combinations, by name. */
export async function buildAll(): Promise<ReadonlyMap<string, Objects>> {
  const sets = new Map<string, Objects>();
  for (const overlay of ['dev', 'prod']) sets.set(overlay, await build(`${kubernetes}/overlays/${overlay}`));
  for (const chosen of selections(components))
    sets.set(['base', ...chosen].join(' + '), await combine('base', chosen));
  for (const chosen of selections(forDev).slice(1))
    sets.set(['dev', ...chosen].join(' + '), await combine('overlays/dev', chosen));
  return sets;
}

export const ofKind = (objects: Objects, ...kinds: readonly string[]): Objects =>
  objects.filter(({ kind }) => kinds.includes(kind));

export const say = ({ kind, metadata: { name } }: KubernetesObject) => `${kind} ${name}`;

/** What makes pods, with what they are made of. */
export const workloads = (objects: Objects): Objects => ofKind(objects, 'Deployment', 'StatefulSet', 'Job');
