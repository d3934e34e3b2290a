/** What a cluster would make of a set of objects, as far as labels decide it: the pods, who selects which, who reaches whom. */
import type { KubernetesObject } from './kustomize.ts';

type Labels = Readonly<Record<string, string>>;

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface Pod {
  /** Of the workload that makes it, and of what kind that is. */
  readonly name: string;
  readonly kind: string;
  readonly labels: Labels;
}

/** One for each workload; those of the operators with the labels that they give. */
export const podsOf = (objects: readonly KubernetesObject[]): readonly Pod[] =>
  objects.flatMap(({ kind, metadata: { name }, spec }): Pod[] => {
    if (spec?.template) return [{ name, kind, labels: spec.template.metadata?.labels ?? {} }];
    if (kind === 'Cluster')
      return [{ name, kind, labels: { 'cnpg.io/cluster': name, ...spec.inheritedMetadata?.labels } }];
    if (kind === 'RabbitmqCluster') return [{ name, kind, labels: { 'app.kubernetes.io/name': name } }];
    return [];
  });

/** An empty selector takes all. */
export function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`the operator ${operator} is not understood here`);
      return values.includes(labels[key] ?? '');
    })
  );
}

export const namesOf = (pods: readonly Pod[], selector: Selector): readonly string[] =>
  pods.filter(({ labels }) => matches(selector, labels)).map(({ name }) => name);

/** Somebody who wants to reach a pod, or is to be reached by one: a pod, one of another namespace, or an address. */
export type Party =
  | { readonly labels: Labels; readonly namespace?: Labels }
  | { readonly address: 'inside' | 'outside' };

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string; readonly endPort?: number }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** Whether the policies let `from` reach `to` at a port: as long as none selects a pod it may do all, and then only what is said. */
export function reaches(
  policies: readonly KubernetesObject[],
  from: Party,
  to: Party,
  port: number | string,
): boolean {
  const allowed = (direction: 'Ingress' | 'Egress', pod: Party, other: Party) => {
    if (!('labels' in pod) || pod.namespace) return true;
    const about = policies.filter(
      ({ spec }) => spec.policyTypes.includes(direction) && matches(spec.podSelector, pod.labels),
    );
    const rules: readonly Rule[] = about.flatMap(({ spec }) => spec[direction.toLowerCase()] ?? []);
    return about.length === 0 || rules.some((rule) => permits(rule, other, port));
  };
  return allowed('Egress', from, to) && allowed('Ingress', to, from);
}

function permits({ from, to, ports }: Rule, other: Party, port: number | string): boolean {
  const peers = from ?? to;
  const atPort =
    !ports ||
    ports.some(
      (one) =>
        one.port === port ||
        (one.endPort !== undefined && Number(port) >= Number(one.port) && Number(port) <= one.endPort),
    );
  return atPort && (!peers || peers.some((peer) => isPeer(peer, other)));
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, other: Party): boolean {
  // Of the blocks only this is asked: whether what is inside the cluster is among them.
  if ('address' in other)
    return ipBlock !== undefined && (other.address === 'outside' || !ipBlock.except?.length);
  if (ipBlock) return false;
  const inNamespace = namespaceSelector
    ? other.namespace !== undefined && matches(namespaceSelector, other.namespace)
    : other.namespace === undefined;
  return inNamespace && matches(podSelector ?? {}, other.labels);
}
