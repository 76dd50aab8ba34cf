import type { EndReason } from './decisions.ts';
import type { DrillIntent, JobIntent, NodeIntent, PoolIntent, Quotas, ScheduleIntent, TaskIntent } from './intent.ts';
import type { AttemptKey, Instant, JobNumber, JobTaskKey, NodeNumber, PoolNumber, TaskNumber } from './keys.ts';
import type { PoolMeasure } from './pool/measure.ts';
import type { OwnSample, SampleRow } from './pool/samples.ts';
import type { TaskUsage } from './task/usage.ts';
import type { ContainerInfo, FailureInfo, InboundEndpoint, InstalledCertificate, JobNodeStatus, JobStatus, NodeStatus, PoolStatus, ResizeError, ScheduleStatus, StartTaskStatus, SubtaskStatus, TaskStatus } from './status.ts';

/**
 * How an attempt ended, as its agent saw it. `container`: of one that ran in such; `used`: what its processes have.
 * Left out where that is not known, and by agents of before. `steps`: of a run that moved files.
 */
export type AttemptOutcome = OutcomeOfRun & { readonly used?: TaskUsage; readonly steps?: RunSteps };

/** How long a run took before its process began, with transfers and the like, and after that had ended. */
export interface RunSteps {
  readonly beforeMs: number;
  readonly afterMs: number;
}

type OutcomeOfRun =
  /** The process ran and ended by itself; output files, if any, are uploaded. */
  /** `failure`: what the agent knows of why the exit code is not zero; undefined: nothing more. */
  | { readonly kind: 'exited'; readonly exitCode: number; readonly failure?: FailureInfo; readonly container?: ContainerInfo }
  /** Resource files, directories, users or the launch failed: no process ran. Never retried. */
  | { readonly kind: 'notStarted'; readonly failure: FailureInfo; readonly container?: ContainerInfo }
  /** The process ended, an upload failed. Never retried. */
  | { readonly kind: 'uploadFailed'; readonly exitCode: number; readonly failure: FailureInfo; readonly container?: ContainerInfo }
  /** Its wall clock ran out. Never retried. */
  | { readonly kind: 'timedOut'; readonly exitCode: number | null; readonly container?: ContainerInfo }
  /** Ended on our command: an `end` of the owner's. `reason`: that which stood there; agents of before do not say. */
  | { readonly kind: 'killed'; readonly exitCode: number | null; readonly reason?: EndReason; readonly container?: ContainerInfo }
  /** The agent of an earlier life left it behind; it was killed and nothing is known of its end. Runs again. */
  | { readonly kind: 'lost' };

export interface AttemptEnd {
  readonly key: AttemptKey;
  /** null if nothing was started. */
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  readonly outcome: AttemptOutcome;
}

/** What an agent holds when it connects. */
export type HeldAttempt =
  | { readonly key: AttemptKey; readonly state: 'offered' }
  /** `coordinated`: its coordination command has succeeded; left out: not so, or it has none. */
  | { readonly key: AttemptKey; readonly state: 'started'; readonly startedAt: Instant; readonly coordinated?: true };

export type AgentReport =
  /** Connected, or connected again. Ended attempts that were not acknowledged follow as `ended`. */
  | {
      readonly kind: 'hello';
      readonly life: number;
      readonly version: string;
      readonly ipAddress: string;
      readonly held: readonly HeldAttempt[];
      /** Of which something lies on the node. Left out by agents of before: not known. */
      readonly jobs?: readonly JobNumber[];
      /** Of the node. Left out by agents of before. */
      readonly cores?: number;
      /** null: not begun (or none asked for). */
      readonly startTask: StartTaskStatus | null;
      readonly ready: boolean;
      /** Left out: none, or it has not been welcomed yet. */
      readonly certificates?: readonly InstalledCertificate[];
      readonly endpoints?: readonly InboundEndpoint[];
    }
  | { readonly kind: 'startTask'; readonly status: StartTaskStatus }
  /** Directories, users and packages are in place, the start task ended well or is not waited for: tasks may come. */
  | { readonly kind: 'ready'; readonly certificates?: readonly InstalledCertificate[]; readonly endpoints?: readonly InboundEndpoint[] }
  | { readonly kind: 'unusable'; readonly errors: readonly ResizeError[] }
  /** What users of the node should know of it; it works on. Takes the place of what was said before. */
  | { readonly kind: 'notice'; readonly errors: readonly ResizeError[] }
  /** A program of the node lets go of it: it may be taken back before its time. */
  | { readonly kind: 'letGo' }
  /** The attempt took its slots and waits for the preparation of its job on the node. */
  | { readonly kind: 'preparing'; readonly key: AttemptKey; readonly at: Instant }
  /**
   * How a job's preparation or release task fares. null: it has not begun, and never will. Repeated when it is asked
   * for again.
   */
  | { readonly kind: 'jobTask'; readonly key: JobTaskKey; readonly status: StartTaskStatus | null }
  /** The attempt took its slots and begins: transfers, then the process. */
  | { readonly kind: 'started'; readonly key: AttemptKey; readonly at: Instant }
  /** The coordination command of this instance of a multi-instance task has succeeded. */
  | { readonly kind: 'coordinated'; readonly key: AttemptKey }
  | { readonly kind: 'ended'; readonly end: AttemptEnd }
  /** Answer to `revoke`: the attempt had not started and never will. (Had it started, `started` says so.) */
  | { readonly kind: 'revoked'; readonly key: AttemptKey };

/** What a provider sees of a node, independent of what its agent says. */
export type NodeObservation =
  | { readonly kind: 'running' }
  /** The engine has taken the request and cannot give the node yet. `reason`: one sentence that stays true. */
  | { readonly kind: 'pending'; readonly reason: string }
  /**
   * A low-priority node: it is taken back in so many milliseconds. Said once in a life. The rules release it by then,
   * if the provider has not ended it before.
   */
  | { readonly kind: 'preempting'; readonly graceMs: number; readonly reason: string }
  /**
   * The engine lends its machine for a time that is nearly over. The node takes no more tasks, and begins its next life
   * on another machine when those there have ended, or when the engine has ended this one. Said once in a life.
   */
  | { readonly kind: 'expiring'; readonly reason: string }
  /**
   * A low-priority node was taken back: the agent of that life and everything it started are dead. What lay there is
   * gone, or goes when the rules release it, which they do.
   */
  | { readonly kind: 'preempted'; readonly reason: string }
  /** The provider vouches: the agent of that life and everything it started are dead. */
  | { readonly kind: 'ended'; readonly reason: string }
  /** The engine refused or failed to give the node. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * What the silence of an agent allows: `unknown`, its node reads so; `gone`, it may be ended if its pool wants the node
 * gone; `restart`, it may be ended in any case. The last two come only where the provider can prove a death.
 */
export type SilenceStep = 'unknown' | 'gone' | 'restart';

export interface TaskIntake {
  readonly intent: TaskIntent;
  /** null: never attempted. */
  readonly status: TaskStatus | null;
  /**
   * Of a new task only: it is in quarantine. It is counted with its job, which so does not end by itself, and nothing
   * else is done with it.
   */
  readonly aside?: true;
}

export interface ScheduleIntake {
  readonly intent: ScheduleIntent;
  /** null: never taken in. */
  readonly status: ScheduleStatus | null;
  /** How many jobs of it there are, completed ones included; null: not counted, since it is not being deleted. */
  readonly jobs: number | null;
}

/** All that the rules are told of. In the order given, they are the journal's inputs. */
export type CoreEvent =
  | { readonly kind: 'pool'; readonly intent: PoolIntent }
  /**
   * `status`: as last committed; null: never taken in. It counts only for a job that the rules do not hold (completed
   * before they were loaded): theirs is newer otherwise.
   */
  | { readonly kind: 'job'; readonly intent: JobIntent; readonly status: JobStatus | null }
  /** `status` counts only for a schedule that the rules do not hold, as with jobs. */
  | { readonly kind: 'schedule'; readonly schedule: ScheduleIntake }
  /**
   * New tasks of a job in the order of their numbers; `through`: the highest number covered (some numbers may be
   * missing). One that was deleted before it was seen comes with `deletedAt`: it is counted nowhere and goes into
   * `gone.tasks` at once.
   */
  | { readonly kind: 'tasks'; readonly job: JobNumber; readonly through: TaskNumber; readonly tasks: readonly TaskIntake[] }
  /**
   * Something was asked of a task that has been taken in before: terminate, delete, reactivate, other constraints. Its
   * status as stored counts only for completed tasks, and may be up to `STATUS_MEMORY_TICKS` ticks old (tunables.ts):
   * the rules remember what ended since.
   */
  | { readonly kind: 'task'; readonly job: JobNumber; readonly task: TaskIntake }
  /** Something was asked of a node. */
  | { readonly kind: 'nodeAsked'; readonly intent: NodeIntent }
  | { readonly kind: 'node'; readonly node: NodeNumber; readonly life: number; readonly observed: NodeObservation }
  | { readonly kind: 'agent'; readonly node: NodeNumber; readonly report: AgentReport }
  /** No word from the agent and no proof of its death: its lease has run out by the owner's clock, margin included. */
  | { readonly kind: 'leaseExpired'; readonly node: NodeNumber }
  /** The channel to the agent is down. It may be back in a moment: nothing is decided but that no task is offered. */
  | { readonly kind: 'silent'; readonly node: NodeNumber }
  /**
   * The agent has been silent for so long that this may be done about it; each step once, in their order. `silentMs`:
   * for the log and the node's errors.
   */
  | { readonly kind: 'unheard'; readonly node: NodeNumber; readonly step: SilenceStep; readonly silentMs: number }
  /**
   * Ids that tasks of the job satisfied before it was loaded and that a task told of next in this tick names
   * (`Snapshot.satisfied`). Those that are satisfied while the rules hold the job they see for themselves.
   */
  | { readonly kind: 'satisfied'; readonly job: JobNumber; readonly ids: readonly string[] }
  /**
   * The commit of the last decide refused this job's end by itself (`JobGuard`); everything else of it is committed.
   * Comes before anything else that happened since; what was asked of the job meanwhile comes as events of its own, its
   * new intent among them.
   */
  | { readonly kind: 'endingRefused'; readonly job: JobNumber }
  /**
   * How many nodes the provider has room for, of all accounts, and how many pools the account may have; null, and left
   * out: no bound is known. Told after each load, before anything else.
   */
  | { readonly kind: 'room'; readonly maxNodes: number | null; readonly maxPools?: number | null }
  /** What the operator lets the account have from now on. */
  | { readonly kind: 'quotas'; readonly quotas: Quotas }
  /** What nodes of the pool have used since they last said. */
  | { readonly kind: 'measured'; readonly pool: PoolNumber; readonly measure: PoolMeasure }
  /** A program has measured something of the pool for its formula. */
  | { readonly kind: 'ownSamples'; readonly pool: PoolNumber; readonly samples: readonly OwnSample[] }
  /** The drills that nobody has stopped. */
  | { readonly kind: 'drills'; readonly drills: readonly DrillIntent[] }
  /** The whole service is going down and has ended its agents: attempts go back to the queue, nothing is counted. */
  | { readonly kind: 'shutdown' };

/**
 * Tasks of a job without dependencies that were never attempted, ask for nothing but slots, and of which nothing is
 * asked. They are most of what a long queue holds, so they come as columns: reading a row of each by itself takes ten
 * times as long.
 */
export interface PlainTasks {
  readonly numbers: readonly TaskNumber[];
  readonly createdAt: readonly Instant[];
  readonly slots: readonly number[];
  /** Of all of them. */
  readonly retentionMs: number;
}

/** Everything of an account that the owner needs in memory. */
export interface Snapshot {
  /** `samples`, `ownSamples`: of those of which there are any, oldest first. */
  readonly pools: readonly { readonly intent: PoolIntent; readonly status: PoolStatus | null; readonly samples?: readonly SampleRow[]; readonly ownSamples?: readonly OwnSample[] }[];
  /** Those that have not gone. */
  readonly nodes: readonly NodeStatus[];
  /** What was asked of them. Left out: nothing. */
  readonly nodeIntents?: readonly NodeIntent[];
  /** Left out: none are set. */
  readonly quotas?: Quotas;
  /** Those that nobody has stopped. Left out: none. */
  readonly drills?: readonly DrillIntent[];
  /**
   * The first number that no node of this account has ever had, gone ones included; numbers of accounts lie far apart
   * (the first counts from 1), so count on from here.
   */
  readonly nextNode: NodeNumber;
  /**
   * Jobs that are not completed, and completed ones whose tasks a delete has still to clear. Their `reactivations` are
   * -1 where there were any: of some the inbox alone may tell.
   */
  readonly jobs: readonly { readonly intent: JobIntent; readonly status: JobStatus | null }[];
  /** Those that are not completed, and completed ones that are being deleted. Left out: none. */
  readonly schedules?: readonly ScheduleIntake[];
  /** Of jobs that are not completed. */
  readonly jobNodes: readonly JobNodeStatus[];
  /**
   * Open tasks (taken in, not completed), and completed ones of which something is asked; each either in `tasks` or in
   * `plain`, both in the order of their numbers. Only tasks up to the job's `ingested`; later ones come as events.
   */
  readonly tasks: readonly { readonly job: JobNumber; readonly tasks: readonly TaskIntake[]; readonly plain: PlainTasks }[];
  /** Of open tasks. Left out: there are none. */
  readonly subtasks?: readonly SubtaskStatus[];
  /**
   * Lower-case ids that tasks of these jobs have satisfied, by their rows or, where no row says so any more, by
   * `Decisions.satisfied`: those that tasks of `tasks` name, and if one names a range, all there are (`isWhole`).
   * Others come as events when a task names them.
   */
  readonly satisfied: readonly { readonly job: JobNumber; readonly ids: readonly string[]; readonly isWhole: boolean }[];
}
