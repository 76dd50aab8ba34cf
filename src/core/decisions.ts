import type { Sample } from './pool/samples.ts';
import type { AttemptKey, Instant, JobNumber, JobTaskKey, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from './keys.ts';
import type { WireTaskState } from './wireState.ts';
import type { JobNodeStatus, JobStatus, NodeStatus, PoolStatus, ScheduleStatus, SubtaskStatus, TaskStatus } from './status.ts';

/** A node as the instances of a task reach it. */
export interface Host {
  readonly address: string;
  readonly cores: number;
}

/**
 * Why an attempt that started is to be ended. `outranked`: it makes room for tasks of a higher priority. `preempted`:
 * the provider takes its node back. Both run again, as after `requeue`.
 */
export type EndReason = 'terminate' | 'requeue' | 'outranked' | 'preempted' | 'stale';

/** What the shell does once the tick is durable, in this order. Each may be repeated or lost: `hello` reconciles. */
export type Command =
  /**
   * Durable before it is sent. Takes no slot and reads `active` until the agent starts it by itself. `preparation`: the
   * attempt of the job's preparation on that node that it needs, which runs there if it has not; left out: none.
   * `hosts`: of a multi-instance task, the nodes of all its instances in their order, the primary's first.
   */
  | { readonly kind: 'offer'; readonly node: NodeNumber; readonly key: AttemptKey; readonly slots: number; readonly preparation?: number; readonly hosts?: readonly Host[] }
  /** The coordination commands of all instances have succeeded: the primary, named here, runs its command line. */
  | { readonly kind: 'proceed'; readonly node: NodeNumber; readonly key: AttemptKey }
  /** Run the job's release task on the node, beside all slots. Answered by `jobTask`, also when it is said twice. */
  | { readonly kind: 'releaseJob'; readonly node: NodeNumber; readonly key: JobTaskKey }
  /** End a job's preparation or release task now; answered by `jobTask`. */
  | { readonly kind: 'endJobTask'; readonly node: NodeNumber; readonly key: JobTaskKey }
  /** Take an offer back, if it has not started. */
  | { readonly kind: 'revoke'; readonly node: NodeNumber; readonly key: AttemptKey }
  /**
   * End the attempt's whole process tree, at the latest by the deadline (0: kill it now); answered by `ended`
   * (`killed`). For offers not yet started: answered by `revoked`.
   */
  | { readonly kind: 'end'; readonly node: NodeNumber; readonly key: AttemptKey; readonly reason: EndReason; readonly deadlineMs: number }
  /** The node is to be taken back at that instant, and its programs may know. */
  | { readonly kind: 'preempt'; readonly node: NodeNumber; readonly notBefore: Instant }
  /** The task is gone: its directory may go now. */
  | { readonly kind: 'discard'; readonly node: NodeNumber; readonly job: JobNumber; readonly task: TaskNumber }
  /**
   * The whole job is gone: so may the directories of its tasks. Goes to the nodes that may have some
   * (jobNode/onNode.ts).
   */
  | { readonly kind: 'discardJob'; readonly node: NodeNumber; readonly job: JobNumber }
  /**
   * The node has something of these jobs, which the rules do not hold. To be told of each that is gone, by the store's
   * word: `discardJob`.
   */
  | { readonly kind: 'discardGoneJobs'; readonly node: NodeNumber; readonly jobs: readonly JobNumber[] }
  | { readonly kind: 'acquire'; readonly node: NodeNumber; readonly life: number; readonly pool: PoolNumber; readonly dedicated: boolean }
  /** `silent`: its agent does not answer, so that waiting for it is in vain. */
  | { readonly kind: 'release'; readonly node: NodeNumber; readonly life: number; readonly silent: boolean }
  /**
   * Ends the node's agent and all it started; what lies on the node stays for its next life. Answered by the provider:
   * `ended`. `silent`: as of `release`.
   */
  | { readonly kind: 'halt'; readonly node: NodeNumber; readonly life: number; readonly silent: boolean };

/**
 * The job ends by itself in this tick, if no task was added to it, or made active again, meanwhile: it must not end
 * beside an accepted request to run something. A commit that finds otherwise refuses this ending alone; the event
 * `endingRefused` then tells the rules, before anything else.
 */
export interface JobGuard {
  readonly job: JobNumber;
  readonly ingested: TaskNumber;
  /** `JobIntent.reactivations`. */
  readonly reactivations: number;
  /** The job's row without the ending. */
  readonly otherwise: JobStatus;
}

/**
 * What the rules themselves ask for: the commit writes it as intent, with its inbox entry, and from then on it is an
 * intent like any other. What it is made of stands beside the intent that asked for it (`JobTemplate`, `PoolTemplate`
 * in store/rules.ts), as that is when the commit is made.
 */
export type OwnerRequest =
  /** The schedule's job of that number. */
  | { readonly kind: 'addJob'; readonly schedule: ScheduleNumber; readonly run: number; readonly id: string }
  /** The auto pool of a job. Nothing is made where the id is taken. */
  | { readonly kind: 'addPool'; readonly job: JobNumber; readonly id: string }
  /** Nothing is deleted that a client has made, or that is to be kept by now. */
  | { readonly kind: 'deleteAutoPool'; readonly pool: PoolNumber }
  /** Of the schedule's jobs that are not being deleted so many, the oldest first. */
  | { readonly kind: 'deleteJobs'; readonly schedule: ScheduleNumber; readonly most: number };

/**
 * What is to be added to an hour of a pool. `nodeMs`: that its nodes cost; `busyMs`: of it, what tasks had; `lostMs`:
 * of that, what was done in vain.
 */
export interface UsageHour {
  /** Hours since 1970. */
  readonly hour: number;
  readonly pool: PoolNumber;
  readonly poolId: string;
  readonly size: string;
  readonly lowPriority: boolean;
  readonly nodeMs: number;
  readonly busyMs: number;
  readonly lostMs: number;
}

export interface PoolSample {
  readonly pool: PoolNumber;
  readonly at: Instant;
  readonly sample: Sample;
}

/** `status`: as it was right after the step. */
export interface TaskMove {
  readonly from: WireTaskState;
  readonly status: TaskStatus;
}

/**
 * One tick's outcome: rows (the last value of each that changed), rows to remove, guards, and commands for after the
 * commit.
 */
export interface Decisions {
  readonly tasks: readonly TaskStatus[];
  /**
   * Of tasks of which nothing has changed but that they are offered: not written, since the node's row says so
   * (`NodeActivity.offers`). Left out: none.
   */
  readonly offered?: readonly TaskStatus[];
  /** New tasks that were taken in, by their ids as they were written. Left out: none. */
  readonly added?: readonly { readonly job: JobNumber; readonly task: TaskNumber; readonly id: string; readonly at: Instant }[];
  /** Each step of a task that clients see, in their order; a row has the last one. Left out: none. */
  readonly moves?: readonly TaskMove[];
  readonly jobs: readonly JobStatus[];
  readonly pools: readonly PoolStatus[];
  /** What was measured of pools. Left out: nothing. */
  readonly samples?: readonly PoolSample[];
  /** Each once. Left out: nothing. */
  readonly usage?: readonly UsageHour[];
  readonly nodes: readonly NodeStatus[];
  /** Those of `nodes` of which nothing has changed but the activity. Left out: none. */
  readonly onlyActive?: ReadonlySet<NodeNumber>;
  readonly jobNodes: readonly JobNodeStatus[];
  /** Left out: none. */
  readonly schedules?: readonly ScheduleStatus[];
  /** Left out: none. */
  readonly subtasks?: readonly SubtaskStatus[];
  readonly gone: {
    /** Tasks deleted by clients, no longer running. */
    readonly tasks: readonly { readonly job: JobNumber; readonly task: TaskNumber }[];
    readonly jobs: readonly JobNumber[];
    readonly pools: readonly PoolNumber[];
    /** Their jobs are gone. Left out: none. */
    readonly schedules?: readonly ScheduleNumber[];
  };
  /** In this order. Left out: none. */
  readonly requests?: readonly OwnerRequest[];
  /**
   * Ids that tasks of a job with dependencies have satisfied and that no row says any more: their task was deleted or
   * made active again.
   */
  readonly satisfied: readonly { readonly job: JobNumber; readonly idKey: string }[];
  readonly guards: readonly JobGuard[];
  readonly commands: readonly Command[];
  /**
   * Nothing happened: no timer was due, nothing was looked at, released or placed, no row changed. Only then may a tick
   * that had no events either be left out of the journal: one without rows may still have changed what the rules hold
   * in memory.
   */
  readonly isIdle: boolean;
}

/**
 * What a commit wrote that refused the endings of these jobs: their rows are those without the end. Nothing else of a
 * tick follows from a job's end by itself.
 */
export function withoutEndings(decisions: Decisions, refused: readonly JobNumber[]): Decisions {
  if (refused.length === 0) return decisions;
  const otherwise = new Map(decisions.guards.flatMap((guard) => (refused.includes(guard.job) ? [[guard.job, guard.otherwise] as const] : [])));
  return { ...decisions, jobs: decisions.jobs.map((row) => otherwise.get(row.job) ?? row) };
}
