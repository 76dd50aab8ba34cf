import type { RemoteService } from '../remote/service.ts';

/** Where the nodes of one Slurm cluster come from, and what each of them asks for. */
export interface SlurmOptions {
  /** As the operator calls this provider. */
  readonly name: string;
  readonly service: RemoteService;
  /**
   * Absolute, and the same files for this machine and all of the cluster: configurations of agents lie there, which
   * only this user may read, and the nodes' directories.
   */
  readonly directory: string;
  /**
   * Absolute; on each machine of the cluster its own disk: the nodes' directories lie there instead, for one life each.
   * Left out: they are below `directory`, and outlive a restart of the node.
   */
  readonly localDirectory?: string;
  /** Words that run an agent on a machine of the cluster. */
  readonly agentProgram: readonly [string, ...string[]];
  /** Of dedicated nodes; left out: Slurm's default. */
  readonly partition?: string;
  /** A partition whose jobs Slurm ends for others; left out: there are no low-priority nodes. */
  readonly lowPriorityPartition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly lowPriorityQos?: string;
  readonly constraint?: string;
  /** Of each node's job; left out: the partition's. */
  readonly timeLimitMinutes?: number;
  /** A node is a whole machine; default: cores and memory of its VM size. */
  readonly exclusive?: boolean;
  /** Name of the generic resource that GPUs are; default `gpu`. */
  readonly gpuResource?: string;
  /** Further words of sbatch, as they stand. */
  readonly sbatchWords?: readonly string[];
  /** Where slurm.conf is; left out: where Slurm's programs look for it. */
  readonly slurmConf?: string;
  /** Nodes at a time; default: as many as Slurm takes. */
  readonly maxNodes?: number;
  /** A node takes no tasks so long before its job's time limit; default 5 minutes. */
  readonly drainMs?: number;
  /** Told what went wrong that nobody waits for. */
  readonly say?: (message: string) => void;
}

export const DRAIN_MS = 5 * 60_000;
