import { fitsImage } from '../byPool/choice.ts';
import type { NodeImage } from '../provider.ts';

/** How nodes are made in one cluster; `docs/kubernetes.md` has each with what it maps to. */
export interface KubernetesOptions {
  /** Left out: the pod's own cluster where the service is in one, else the kubeconfig of KUBECONFIG or the home. */
  readonly kubeconfig?: string;
  /** Of the kubeconfig; left out: its current one. */
  readonly context?: string;
  /** Of the pods; left out: the context's or the service account's, else `default`. */
  readonly namespace?: string;
  /** Of the container, where no row of `images` is of the pool's. The agent is in it. */
  readonly image: string;
  readonly images?: readonly ImageRow[];
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  readonly imagePullSecrets?: readonly string[];
  /** Starts the agent there. */
  readonly agentCommand?: readonly string[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  /** Of the pods; its token is not mounted: tasks are not to speak for it. */
  readonly serviceAccount?: string;
  readonly runtimeClass?: string;
  /** Of the scheduler; left out: the cluster's own. */
  readonly scheduler?: string;
  /** Names of PriorityClasses; left out: the cluster's default. */
  readonly dedicatedPriorityClass?: string;
  readonly lowPriorityClass?: string;
  /** The local queue of Kueue that pods wait in. */
  readonly queue?: string;
  /** The extended resource that GPUs are. */
  readonly gpuResource?: string;
  /** Of the container's processes; 0: root, who gives each task a user of its own. */
  readonly runAsUser?: number;
  /** What root may do there beyond what an agent needs (`SYS_ADMIN` for mounts). */
  readonly capabilities?: readonly string[];
  readonly privileged?: boolean;
  /** Further ones, of each pod. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** From the notice that a low-priority node is taken back until it is gone. */
  readonly preemptionGraceSeconds?: number;
  /** A silent agent ends its tasks after so long; left out: as on all other machines. */
  readonly leaseSeconds?: number;
  /** At a time; left out: as many as the cluster gives. */
  readonly maxNodes?: number;
}

interface ImageRow {
  /** Of the pool: `publisher:offer:sku:version` or an image's resource id; a pattern as in rules. */
  readonly pool: string;
  readonly image: string;
}

/** As in a pod. */
export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

/** Where a release's container image has it. */
export const AGENT_COMMAND = ['node', '/opt/linarite/dist/cli/main.js', 'agent'] as const;
export const GPU_RESOURCE = 'nvidia.com/gpu';
/** As Azure gives it (scheduled events, "Preempt"). */
export const PREEMPTION_GRACE_S = 30;

/** The container image of a pool that asks for this one. */
export function containerImage({ image, images = [] }: Pick<KubernetesOptions, 'image' | 'images'>, asked: NodeImage | null): string {
  return images.find(({ pool }) => fitsImage(pool, asked))?.image ?? image;
}
