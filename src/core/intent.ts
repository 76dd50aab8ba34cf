import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from './keys.ts';
import type { FailureInfo } from './status.ts';

/**
 * Intent: what clients asked for, as far as the rules need it. Written by API handlers alone; the owner reads it when
 * the inbox points at it. One-shot requests (resize, stop resize, disable, terminate …) are counted: a request is new
 * to the owner as long as its count is above the one in the status.
 */

export type NodeDeallocationOption = 'requeue' | 'terminate' | 'taskcompletion' | 'retaineddata';

/**
 * What an account may have at once, as its operator has set it. Left out: the bound of the service; null: none.
 */
export interface Quotas {
  /** Of all dedicated nodes together, and of all low-priority ones. */
  readonly dedicatedCores?: number | null;
  readonly lowPriorityCores?: number | null;
  readonly pools?: number | null;
  /** Active jobs and job schedules together. */
  readonly activeJobs?: number | null;
  /** Of dedicated nodes, by the family of their size in lower case. */
  readonly families?: Readonly<Record<string, number>>;
}

/** What quotas and usage count of a node. */
export interface Machine {
  /** The size's name in lower case. */
  readonly size: string;
  readonly cores: number;
  readonly family: string;
}

/** A formula decides on the size of the pool. */
export interface AutoScale {
  readonly formula: string;
  readonly intervalMs: number;
  /** Counts the formulas and intervals that the pool was given after it was made. */
  readonly sequence: number;
  /** When the last of them was. */
  readonly at: Instant;
}

export interface PoolIntent {
  readonly pool: PoolNumber;
  readonly id: string;
  readonly createdAt: Instant;
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
  readonly resizeTimeoutMs: number;
  readonly nodeDeallocation: NodeDeallocationOption;
  /** Counts the requests for a size: 1 at creation. */
  readonly resizeSequence: number;
  readonly resizeRequestedAt: Instant;
  /** Nodes that the last request names, which are to leave: its targets are without them. Left out: it names none. */
  readonly removing?: readonly NodeNumber[];
  /** Left out: a formula does not. While one does, requests for a size are not made. */
  readonly autoScale?: AutoScale | null;
  /**
   * The resize (by its sequence) that a client asked to stop; 0: none. Resizes of a formula have no number of their
   * own: each stop of one raises it.
   */
  readonly stopSequence: number;
  /** Left out: it is not known. */
  readonly machine?: Machine;
  readonly taskSlotsPerNode: number;
  readonly fillType: 'pack' | 'spread';
  /** Of jobs of equal priority: the older one first, or all in turn. */
  readonly jobOrder: 'none' | 'creationtime';
  /** Multi-instance tasks may run here. Left out: they may not. */
  readonly interNode?: boolean;
  readonly startTask: { readonly waitForSuccess: boolean; readonly maxTaskRetryCount: number } | null;
  /**
   * Why no node of this kind can be had here (a Windows image, cloud services), else null: a resize then ends with this
   * as its error.
   */
  readonly unavailable: string | null;
  /** An auto pool that is not to be kept: it goes when no job and no schedule that it was made for is left. */
  readonly isAuto: boolean;
  readonly deletedAt: Instant | null;
}

/** A drill that nobody has stopped, in which low-priority nodes are taken back (drill/drill.ts). */
export interface DrillIntent {
  readonly drill: number;
  readonly createdAt: Instant;
  /** Ids in lower case; null: all. */
  readonly pools: readonly string[] | null;
  /** So many of its nodes, 1 being all, are taken back in `perMs` on average. */
  readonly share: number;
  readonly perMs: number;
  readonly seed: number;
  /** From the notice until a node is taken back. */
  readonly graceMs: number;
  /** The last moment at which one gets a notice; null: as long as nobody stops it. */
  readonly until: Instant | null;
}

/** What becomes of the tasks that run on a node whose scheduling is disabled. */
export type DisableSchedulingOption = 'requeue' | 'terminate' | 'taskcompletion';

/** What clients asked of one node; of most nothing ever was. */
export interface NodeIntent {
  readonly node: NodeNumber;
  /** No new tasks may come, and what becomes of those that run; null: they may. */
  readonly schedulingDisabled: DisableSchedulingOption | null;
  /** The last restart, deallocation or start asked for; null: none was. */
  readonly restart: NodeRestart | NodeStart | null;
  /** Counts them. */
  readonly restartSequence: number;
}

/**
 * The present life is to end. A reboot keeps the node's files, the others do not; after a deallocation no life begins
 * until a client starts the node. `tasks`: what becomes first of those that run there.
 */
export interface NodeRestart {
  readonly kind: 'reboot' | 'reimage' | 'deallocate';
  readonly tasks: NodeDeallocationOption;
  readonly at: Instant;
}

/** A deallocated node is to begin its next life. */
export interface NodeStart {
  readonly kind: 'start';
  readonly at: Instant;
}

export type DisableJobOption = 'requeue' | 'terminate' | 'wait';

/** The last thing asked of a job as a whole. */
export type JobAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'disable'; readonly tasks: DisableJobOption }
  | { readonly kind: 'enable' }
  /** `force`: nodes are told, and not waited for, also where the job is deleted. Left out: they are. */
  | { readonly kind: 'terminate'; readonly reason: string; readonly force?: true };

/** What the rules need of a job preparation task; agents count its retries. */
export interface PreparationIntent {
  /** The job's tasks wait for it on each node, and stay off one where it failed. */
  readonly waitForSuccess: boolean;
  readonly rerunOnNodeReboot: boolean;
  /** How long its directory stays on the node after its end. */
  readonly retentionMs: number;
}

/** The job manager is the first task of its job. */
export const MANAGER_TASK: TaskNumber = 1;

/** What a job with a job manager asks of it (task semantics 6.14). */
export interface JobManager {
  /** No other task runs on its node meanwhile. */
  readonly runExclusive: boolean;
  readonly allowLowPriorityNode: boolean;
  /** The job ends with it. */
  readonly killJobOnCompletion: boolean;
}

/** How long the pool lives that the service makes for a job: as long as the job, or as its schedule. */
export interface AutoPool {
  readonly lifetime: 'job' | 'jobschedule';
  /** What its id begins with; empty: nothing. */
  readonly prefix: string;
  /** Why no such pool can be made. Left out: it can. */
  readonly refusal?: FailureInfo;
}

export interface JobIntent {
  readonly job: JobNumber;
  readonly id: string;
  readonly createdAt: Instant;
  /** The schedule that made it, and its number there, from 1; null: a client did. */
  readonly schedule: { readonly schedule: ScheduleNumber; readonly run: number } | null;
  /** Pool by id: it may not exist yet, and may be deleted and made again. Empty: it has an auto pool. */
  readonly poolId: string;
  /** null: it names a pool. */
  readonly autoPool: AutoPool | null;
  readonly priority: number;
  /** -1: no bound. */
  readonly maxParallelTasks: number;
  /** Its running tasks make room for those of jobs of higher priority. */
  readonly allowTaskPreemption: boolean;
  readonly maxTaskRetryCount: number;
  /** null: no bound. From the job's creation. */
  readonly maxWallClockMs: number | null;
  readonly usesTaskDependencies: boolean;
  readonly onAllTasksComplete: 'noaction' | 'terminatejob';
  readonly onTaskFailure: 'noaction' | 'performexitoptionsjobaction';
  /** null: its tasks need none. */
  readonly preparation: PreparationIntent | null;
  /** null: it has none. Not without a preparation. */
  readonly release: { readonly retentionMs: number } | null;
  readonly manager: JobManager | null;
  readonly action: JobAction;
  readonly actionSequence: number;
  readonly actionAt: Instant;
  readonly deletedAt: Instant | null;
  /** The number the next task will get; all below are committed. */
  readonly nextTask: TaskNumber;
  /**
   * How often tasks of it have been made active again, all of that in the inbox read before or with this. -1: not all
   * was read; another read tells, and until then the job does not end by itself.
   */
  readonly reactivations: number;
}

/** The last thing asked of a job schedule as a whole. `force`: its jobs end as if they had been forced to. */
export type ScheduleAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'disable' }
  | { readonly kind: 'enable' }
  | { readonly kind: 'terminate'; readonly force?: true };

/** When a schedule makes jobs (API reference, "Schedule"). */
export interface Timing {
  /** null: at once. */
  readonly doNotRunUntil: Instant | null;
  /** null: never too late. */
  readonly doNotRunAfter: Instant | null;
  /** How long after it is due a job may still be made; null: as long as it takes. */
  readonly startWindowMs: number | null;
  /** From one job to the next; null: there is one job only. */
  readonly recurrenceMs: number | null;
}

export interface ScheduleIntent extends Timing {
  readonly schedule: ScheduleNumber;
  readonly id: string;
  readonly createdAt: Instant;
  /** Counts what its times have been set to: 1 at creation. */
  readonly timingSequence: number;
  readonly action: ScheduleAction;
  readonly actionSequence: number;
  readonly actionAt: Instant;
  readonly deletedAt: Instant | null;
}

export interface DependencyIds {
  /** Lower case. */
  readonly ids: readonly string[];
  /** Inclusive. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

export type DependencyAction = 'satisfy' | 'block';
export interface ExitOptions {
  readonly dependencyAction?: DependencyAction;
  readonly jobAction?: 'none' | 'disable' | 'terminate';
}
export interface ExitConditions {
  readonly exitCodes?: readonly { readonly code: number; readonly exitOptions: ExitOptions }[];
  readonly exitCodeRanges?: readonly { readonly start: number; readonly end: number; readonly exitOptions: ExitOptions }[];
  readonly preProcessingError?: ExitOptions;
  readonly fileUploadError?: ExitOptions;
  readonly default?: ExitOptions;
}

export interface TaskIntent {
  readonly task: TaskNumber;
  /** Since when a task that was never attempted is active. */
  readonly createdAt: Instant;
  /** Lower case; the rules need it only where the job uses dependencies or a task asks to be near another. */
  readonly idKey: string;
  /** As it was written, of a new task. Left out: in lower case. */
  readonly id?: string;
  readonly requiredSlots: number;
  /** Of a multi-instance task: how many nodes it runs on at once. Left out: it is none. */
  readonly instances?: number;
  /** null: the job's. -1: no bound. */
  readonly maxTaskRetryCount: number | null;
  /** How long its directory stays on the node after its end; 7 days unless asked otherwise. */
  readonly retentionMs: number;
  /** Node (`TVM:…`) or task to be near to, if that costs nothing. */
  readonly affinity: string | null;
  readonly dependsOn: DependencyIds | null;
  readonly exitConditions: ExitConditions | null;
  readonly terminateAt: Instant | null;
  readonly reactivateSequence: number;
  readonly deletedAt: Instant | null;
}
