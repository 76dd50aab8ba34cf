import type { NodeRestart } from './intent.ts';
import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from './keys.ts';
import type { TaskUsage } from './task/usage.ts';
import type { NodeDeallocationOption } from './intent.ts';
import type { PoolMeasure } from './pool/measure.ts';

/** Status: what is true. Written by the owner alone, set-based, in narrow rows. */

/** `{name, value}` pairs as errors on nodes, tasks and resizes carry them. */
export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** A task's or start task's failure, in the shape of the wire (executionInfo.failureInfo). */
export interface FailureInfo {
  readonly category: 'UserError' | 'ServerError';
  readonly code: string;
  readonly message: string;
  readonly details?: readonly NameValue[];
}

/** Of the container that a task's process ran in, in the shape of the wire (executionInfo.containerInfo). */
export interface ContainerInfo {
  readonly containerId: string;
  /** Docker's word: `created`, `exited`. */
  readonly state: string;
  /** Why it could not be started; '': it could. */
  readonly error: string;
}

/** Why a state changed: kept beside the state, and in the journal. */
export type Cause =
  | 'added'
  | 'offered'
  | 'started'
  | 'exited'
  | 'retry'
  | 'revoked'
  | 'nodeLost'
  | 'nodeRemoved'
  /** A client asked something of its node. */
  | 'nodeOperation'
  /** It made room for a task of higher priority. */
  | 'preempted'
  /** Its node was taken back. */
  | 'nodePreempted'
  /** It has lived as long as a task may. */
  | 'overTime'
  | 'jobDisabled'
  | 'jobTerminated'
  | 'terminatedByUser'
  | 'reactivated'
  | 'shutdown';

/** `offered` reads `active` on the wire, `starting` reads `running`: see `wireState`. */
export type TaskState = 'active' | 'offered' | 'preparing' | 'starting' | 'running' | 'completed';

export interface TaskStatus {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly state: TaskState;
  readonly since: Instant;
  /** As on the wire: only changes that clients see count. */
  readonly previousState: 'active' | 'preparing' | 'running' | 'completed' | null;
  readonly previousSince: Instant | null;
  readonly cause: Cause;
  /** The last attempt made; 0: none yet. */
  readonly attempt: number;
  /** The node of the current or last attempt. */
  readonly node: NodeNumber | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly result: 'success' | 'failure' | null;
  readonly failure: FailureInfo | null;
  /** Of a completed task: the container that its process ran in; null: none. */
  readonly container: ContainerInfo | null;
  readonly retryCount: number;
  readonly lastRetryAt: Instant | null;
  readonly requeueCount: number;
  readonly lastRequeueAt: Instant | null;
  readonly reactivateSequence: number;
  /** Of a completed task: what its dependants are told. */
  readonly dependency: 'satisfy' | 'block' | null;
  /** By the processes of all its tries that are over; null: nothing is known. */
  readonly used: TaskUsage | null;
  /** How long the tries before the last one took, from their start to their end. */
  readonly earlierMs: number;
}

export interface TaskTally {
  readonly active: number;
  /** Includes preparing, as on the wire. */
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
}

export type JobState = 'active' | 'disabling' | 'disabled' | 'enabling' | 'terminating' | 'completed';

/** First and last. */
export type TaskRange = readonly [TaskNumber, TaskNumber];

export interface JobStatus {
  readonly job: JobNumber;
  readonly state: JobState;
  readonly since: Instant;
  readonly previousState: JobState | null;
  readonly previousSince: Instant | null;
  /** The request (JobIntent.actionSequence) that this state has taken in. */
  readonly actionSequence: number;
  readonly endedAt: Instant | null;
  readonly terminateReason: string | null;
  /** The id of its auto pool, whatever has become of that; null: it has none, or none yet. */
  readonly autoPoolId: string | null;
  /** Why it could not get its auto pool, and so is over; null: it could, or has none. */
  readonly schedulingError: FailureInfo | null;
  /** Ranges of task numbers, in order, outside which no task is open; null: not known, so any may be. */
  readonly open: readonly TaskRange[] | null;
  /** The highest task number taken in. Counts cover the tasks up to here; later ones are active. */
  readonly ingested: TaskNumber;
  readonly tasks: TaskTally;
  readonly slots: TaskTally;
  /** Left out, or null: nothing yet. */
  readonly usage?: readonly Readonly<JobUsage>[] | null;
}

/** What a job's tasks have used of the nodes of one pool and kind: their slots' part of a node, in milliseconds. */
export interface JobUsage {
  readonly pool: PoolNumber;
  readonly poolId: string;
  /** Of the pool's nodes; empty: not known. */
  readonly size: string;
  readonly lowPriority: boolean;
  ms: number;
  /** Of it, what had to be done again: its node was lost or taken away, or the task had to make room. */
  lostMs: number;
  /** What of both stands in the hours of the pool (`UsageHour`). */
  countedMs: number;
  countedLostMs: number;
}

export type ScheduleState = 'active' | 'disabled' | 'terminating' | 'completed';

export interface ScheduleStatus {
  readonly schedule: ScheduleNumber;
  readonly state: ScheduleState;
  readonly since: Instant;
  readonly previousState: ScheduleState | null;
  readonly previousSince: Instant | null;
  /** The request (ScheduleIntent.actionSequence) that this state has taken in. */
  readonly actionSequence: number;
  /** The times (ScheduleIntent.timingSequence) by which `due` was counted. */
  readonly timingSequence: number;
  /** When the next job is, or was, to be made; null: none will be. */
  readonly due: Instant | null;
  /** When the last job was due that was made, or missed; null: none yet. */
  readonly lastDue: Instant | null;
  /** Jobs made: the number of the last one. */
  readonly runs: number;
  readonly endedAt: Instant | null;
  /** The auto pool that its jobs share; null: none. */
  readonly autoPoolId: string | null;
}

export interface ResizeError {
  readonly code: string;
  readonly message: string;
  readonly values?: readonly NameValue[];
}

/** The last run of the pool's formula. */
export interface AutoScaleStatus {
  /** The formula that ran (`AutoScale.sequence`). */
  readonly sequence: number;
  readonly evaluatedAt: Instant;
  readonly results: string;
  /** null: it ran well. */
  readonly error: ResizeError | null;
  /** Of the last run that went well. */
  readonly option: NodeDeallocationOption;
}

/** Up to when the time of a pool's nodes has been counted, and how many cost since. */
export interface PoolMeter {
  readonly at: Instant;
  readonly dedicated: number;
  readonly lowPriority: number;
}

export interface PoolStatus {
  readonly pool: PoolNumber;
  readonly allocationState: 'steady' | 'resizing' | 'stopping';
  readonly allocationSince: Instant;
  readonly resizeSequence: number;
  readonly stopSequence: number;
  readonly resizeErrors: readonly ResizeError[];
  /** What the last resize that began works towards, or worked. */
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
  readonly currentDedicated: number;
  readonly currentLowPriority: number;
  /** How many of its nodes were taken back, each time counted. Left out, or null: none. */
  readonly preemptions?: number | null;
  /** What its nodes have used since it was made. Left out, or null: nothing was measured. */
  readonly resources?: PoolMeasure | null;
  /** Left out, or null: no formula decides on its size. */
  readonly autoScale?: AutoScaleStatus | null;
  /** Left out, or null: it has had no node yet. */
  readonly meter?: PoolMeter | null;
}

/** The provider takes a low-priority node back. Its tasks have `graceMs` from SIGTERM to SIGKILL. */
export interface PreemptionNotice {
  readonly notBefore: Instant;
  readonly graceMs: number;
}

export type NodeState =
  | 'creating'
  | 'starting'
  | 'waitingforstarttask'
  | 'starttaskfailed'
  | 'idle'
  | 'running'
  | 'unusable'
  | 'unknown'
  | 'offline'
  | 'leavingpool'
  | 'preempted'
  | 'rebooting'
  | 'reimaging'
  | 'deallocating'
  | 'deallocated';

export interface StartTaskStatus {
  readonly state: 'running' | 'completed';
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly exitCode: number | null;
  readonly failure: FailureInfo | null;
  readonly retryCount: number;
  readonly lastRetryAt: Instant | null;
  readonly result: 'success' | 'failure' | null;
  /** Left out: it ran in none, or an agent of an earlier version told. */
  readonly container?: ContainerInfo;
}

/** A job's preparation or release task on one node: its last run, retries included. */
export interface JobTaskStatus extends Omit<StartTaskStatus, 'state' | 'startedAt'> {
  /** See `JobTaskKey`. */
  readonly attempt: number;
  /** `asked`: its node has been told of it and has not begun; what the row says besides is of the run before. */
  readonly state: 'asked' | 'running' | 'completed';
  readonly startedAt: Instant | null;
  /** To be run again under the next number: it was interrupted, or its node has begun another life. */
  readonly isOutdated: boolean;
}

/**
 * An instance of a multi-instance task beside its primary: that of the task's present or last attempt. Its states are
 * those that the wire shows of subtasks, but that one that is `offered` is not shown.
 */
export interface SubtaskStatus {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  /** From 1. */
  readonly instance: number;
  readonly attempt: number;
  readonly node: NodeNumber;
  readonly state: 'offered' | 'preparing' | 'running' | 'completed';
  readonly since: Instant;
  readonly previousState: 'preparing' | 'running' | null;
  readonly previousSince: Instant | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** Of the coordination command. */
  readonly exitCode: number | null;
  readonly result: 'success' | 'failure' | null;
  readonly failure: FailureInfo | null;
}

/** What has become of a job's own tasks on one node. Only jobs with a preparation task have such rows. */
export interface JobNodeStatus {
  readonly job: JobNumber;
  readonly node: NodeNumber;
  readonly preparation: JobTaskStatus | null;
  /** Runs on the nodes that have run the preparation. */
  readonly release: JobTaskStatus | null;
}

/** One line of a node's recentTasks: what became of the task stands in its own row. */
export interface RecentTask {
  readonly job: JobNumber;
  readonly task: TaskNumber;
}

/** Which instance of the task ran here; 0: its primary, or all of it. */
export interface RecentInstance {
  readonly instance: number;
}

/** What changes with each task on a node: narrow, in a row of its own. */
export interface NodeActivity {
  readonly node: NodeNumber;
  readonly state: NodeState;
  readonly since: Instant;
  readonly runningTasks: number;
  readonly runningSlots: number;
  readonly totalTasksRun: number;
  readonly totalTasksSucceeded: number;
  /** Until when directories of ended tasks are to be kept here (0: there is none): `retaineddata` waits for it. */
  readonly retainUntil: Instant;
  /** Newest first. */
  readonly recentTasks: readonly RecentTask[];
  /** Of each of these lines, in the same order. Left out, and where the list is shorter: 0. */
  readonly recentInstances?: readonly RecentInstance[];
  /**
   * Attempts that wait here to be started, as many as `aheadSlots` allows. One that is later than what the task's own
   * row says is the present one: that row is written when it starts, or comes back.
   */
  readonly offers: readonly OfferedAttempt[];
}

export interface OfferedAttempt {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
}

/** A way in to a node from outside. */
export interface InboundEndpoint {
  /** As its pool names it. */
  readonly name: string;
  /** Left out: by TCP. */
  readonly protocol?: 'udp';
  /** Of `frontendPort` in the range that its pool names, from 0. */
  readonly index: number;
  readonly publicAddress: string;
  readonly publicName: string;
  readonly frontendPort: number;
  readonly backendPort: number;
}

/** The rest changes seldom. */
/** A certificate that tasks of a node find there, whatever its pool names by now. */
export interface InstalledCertificate {
  readonly thumbprint: string;
  /** Words of the wire's CertificateVisibility. */
  readonly visibility: readonly string[];
}

export interface NodeStatus extends NodeActivity {
  readonly pool: PoolNumber;
  /** `tvmps_<hex>_d` or `_p`. */
  readonly id: string;
  readonly dedicated: boolean;
  readonly scheduling: 'enabled' | 'disabled';
  /** The request (NodeIntent.restartSequence) that has been taken in. Left out: none. */
  readonly restartSequence?: number;
  /** It is under way: this life of the node has still to end. Left out: none is. */
  readonly restart?: NodeRestart;
  /** It is to be taken back. Left out: it is not. */
  readonly notice?: PreemptionNotice;
  /** Counts the acquisitions: an engine's object and an agent belong to one life of the node. */
  readonly life: number;
  readonly allocatedAt: Instant;
  readonly bootedAt: Instant | null;
  readonly slots: number;
  readonly startTask: StartTaskStatus | null;
  readonly errors: readonly ResizeError[];
  /** What the agent said of itself: shown on the node. */
  readonly agent: {
    readonly version: string;
    readonly ipAddress: string;
    readonly updatedAt: Instant;
    /** Left out by agents of before, which know no multi-instance tasks. */
    readonly cores?: number;
    /** What its pool named when this life of the node began; left out: none. */
    readonly certificates?: readonly InstalledCertificate[];
    /** Those of its pool that are open; left out: none. */
    readonly endpoints?: readonly InboundEndpoint[];
  } | null;
  /** The node has left; the row stays so that its tasks can still name it. */
  readonly goneAt: Instant | null;
}
