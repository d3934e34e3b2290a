/**
 * What RabbitMQ's operators take, as far as it is used here: no package has their types. After `rabbitmq.com/v1beta1` of Cluster Operator 2
 * and Messaging Topology Operator 1; a field that is missing here has to be looked up there before it is written into a manifest.
 */
import type { Affinity, Container, PodSpec, ResourceRequirements } from 'kubernetes-types/core/v1';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';

interface Owned<Kind extends string, Spec> {
  apiVersion: 'rabbitmq.com/v1beta1';
  kind: Kind;
  metadata: ObjectMeta;
  spec: Spec;
}

interface Named {
  name: string;
}

interface OfCluster {
  rabbitmqClusterReference: Named & { namespace?: string };
}

export type RabbitmqCluster = Owned<
  'RabbitmqCluster',
  {
    replicas?: number;
    image?: string;
    persistence?: { storage?: string; storageClassName?: string };
    resources?: ResourceRequirements;
    rabbitmq?: { additionalConfig?: string; additionalPlugins?: string[] };
    affinity?: Affinity;
    terminationGracePeriodSeconds?: number;
    override?: {
      statefulSet?: {
        spec?: {
          template?: {
            spec?: Partial<Omit<PodSpec, 'containers'>> & { containers: Container[] };
          };
        };
      };
    };
  }
>;

export type User = Owned<
  'User',
  OfCluster & {
    tags?: ('management' | 'policymaker' | 'monitoring' | 'administrator')[];
    importCredentialsSecret?: Named;
  }
>;

/** Either the name of an existing user, or the User that makes him. */
type Whose = { user: string; userReference?: never } | { user?: never; userReference: Named };

export type Permission = Owned<
  'Permission',
  OfCluster & Whose & { vhost: string; permissions: { configure?: string; write?: string; read?: string } }
>;

export type TopicPermission = Owned<
  'TopicPermission',
  OfCluster & Whose & { vhost: string; permissions: { exchange: string; write?: string; read?: string } }
>;
