import type { NodeDeallocationOption } from '../intent.ts';
import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../keys.ts';
import type { AutoScaleStatus, Cause, FailureInfo, JobState, NodeState, PoolStatus, ResizeError, ScheduleState, TaskStatus, TaskTally } from '../status.ts';
import type { WireTaskState } from '../wireState.ts';

/**
 * What a tick has changed, one value a change, in the order in which it happened: what the log tells, and what others
 * hear as events. Names stand in it, since what it is about may be gone when somebody reads it. What does not apply is
 * left out. Of pools, nodes, jobs and schedules what lies between two ticks is told; of tasks each step.
 */
export type Transition = PoolTransition | NodeTransition | JobTransition | ScheduleTransition | TaskTransition;

/** Each kind of transition, and when there is one (docs/events.md). */
export const KINDS = {
  'pool.created': 'The pool was made; its first nodes are asked for',
  'pool.resizing': 'A resize begins: a client, a formula or a removal of nodes asks for another size',
  'pool.stopping': 'A client has asked to stop the resize',
  'pool.resized': 'The resize is over; `errors` say what it could not reach',
  'pool.evaluated': 'The formula was evaluated; `results` hold its variables, `errors` why it failed',
  'pool.deleting': 'A client has asked to delete the pool',
  'pool.deleted': 'The pool is gone, and its nodes with it',
  'node.creating': 'A life of the node begins: the provider is asked for it',
  'node.starting': 'The agent has come, or is expected after a start',
  'node.waitingforstarttask': 'The start task runs, and tasks wait for it',
  'node.starttaskfailed': 'The start task has failed, and the node takes no tasks',
  'node.idle': 'The node can take tasks and runs none',
  'node.running': 'The node runs tasks',
  'node.unusable': 'The node cannot be used; `errors` say why',
  'node.unknown': 'Nothing has been heard of the agent for long',
  'node.offline': 'The node works, and its scheduling is disabled',
  'node.leavingpool': 'The node is to leave the pool',
  'node.preempted': 'The provider has taken the node back',
  'node.rebooting': 'A client has asked to reboot the node, or the time for which its machine is lent is nearly over',
  'node.reimaging': 'A client has asked to reimage the node',
  'node.deallocating': 'A client has asked to deallocate the node',
  'node.deallocated': 'The node is deallocated',
  'node.lost': 'The agent and all that it ran are dead; `reason` says why',
  'node.gone': 'The node has left the pool',
  'node.schedulingdisabled': 'The node takes no new tasks',
  'node.schedulingenabled': 'The node takes tasks again',
  'node.notice': 'The node has something to say in `errors` and works on',
  'node.preempting': 'The provider takes the node back in `graceMs`',
  'node.letgo': 'A program on the node let go of it before its time',
  'starttask.running': 'The start task of the node runs',
  'starttask.retried': 'The start task has failed and runs again',
  'starttask.succeeded': 'The start task has succeeded',
  'starttask.failed': 'The start task has failed for good',
  'job.created': 'The job was made',
  'job.active': 'The job is enabled again',
  'job.disabling': 'The job is to be disabled, and tasks still run',
  'job.disabled': 'The job is disabled',
  'job.enabling': 'The job is to be enabled',
  'job.terminating': 'The job is to end; `reason` says why',
  'job.completed': 'The job is over; `tasks` count how its tasks ended',
  'job.deleting': 'A client has asked to delete the job',
  'job.deleted': 'The job is gone, and its tasks with it',
  'schedule.created': 'The job schedule was made',
  'schedule.active': 'The job schedule is enabled again',
  'schedule.disabled': 'The job schedule is disabled',
  'schedule.terminating': 'The job schedule is to end',
  'schedule.completed': 'The job schedule is over',
  'schedule.deleting': 'A client has asked to delete the job schedule',
  'schedule.deleted': 'The job schedule is gone, and its jobs with it',
  'task.created': 'The task was added, and the rules have taken it in',
  'task.preparing': 'An attempt has its slots and waits for the preparation of its job',
  'task.running': 'An attempt runs, the transfer of its files included',
  'task.requeued': 'The attempt is over and the task is active again; `cause` says why',
  'task.reactivated': 'A client has made the completed task active again',
  'task.succeeded': 'The task is completed, with success',
  'task.failed': 'The task is completed, with failure',
  'task.deleted': 'The task is gone',
} as const satisfies Readonly<Record<string, string>>;

export type Kind = keyof typeof KINDS;

type KindOf<Noun extends string> = Extract<Kind, `${Noun}.${string}`>;

export type PoolState = PoolStatus['allocationState'] | 'deleting' | 'deleted';

export interface PoolTransition {
  readonly kind: KindOf<'pool'>;
  readonly at: Instant;
  readonly pool: PoolNumber;
  readonly poolId: string;
  /** Of its allocation until it is being deleted; null: it was not there. */
  readonly from: PoolState | null;
  readonly state: PoolState;
  readonly targetDedicatedNodes?: number;
  readonly targetLowPriorityNodes?: number;
  readonly currentDedicatedNodes?: number;
  readonly currentLowPriorityNodes?: number;
  readonly taskSlotsPerNode?: number;
  readonly nodeDeallocationOption?: NodeDeallocationOption;
  readonly resizeTimeoutMs?: number;
  /** Of `pool.resized` and `pool.deleted`: when that began. */
  readonly startedAt?: Instant;
  /** A formula decides on the size. */
  readonly autoScale?: boolean;
  readonly results?: AutoScaleStatus['results'];
  readonly errors?: readonly ResizeError[];
}

export interface NodeTransition {
  readonly kind: KindOf<'node' | 'starttask'>;
  readonly at: Instant;
  readonly node: NodeNumber;
  readonly nodeId: string;
  readonly pool: PoolNumber;
  readonly poolId: string | null;
  readonly life: number;
  /** null: it was not there. The same as `state` where that has not changed. */
  readonly from: NodeState | null;
  /** What it was in when it left, of `node.gone`. */
  readonly state: NodeState;
  /** Of `node.creating`: the service ended with the life before; a life before was lost; left out: neither. */
  readonly cause?: 'shutdown' | 'nodeLost';
  readonly dedicated?: boolean;
  /** Of `node.idle` and its like: since the node was asked for, where this is its first time. */
  readonly afterMs?: number;
  readonly reason?: string;
  readonly errors?: readonly ResizeError[];
  readonly ipAddress?: string;
  readonly agentVersion?: string;
  readonly runningTasks?: number;
  readonly tasksRun?: number;
  readonly tasksSucceeded?: number;
  readonly graceMs?: number;
  /** These three of a start task. */
  readonly exitCode?: number;
  readonly retryCount?: number;
  readonly failure?: Failure;
}

export interface JobTransition {
  readonly kind: KindOf<'job'>;
  readonly at: Instant;
  readonly job: JobNumber;
  readonly jobId: string;
  readonly from: JobState | 'deleting' | null;
  readonly state: JobState | 'deleting' | 'deleted';
  readonly poolId?: string;
  /** The schedule that made it. */
  readonly scheduleId?: string;
  readonly reason?: string;
  readonly tasks?: TaskTally;
}

export interface ScheduleTransition {
  readonly kind: KindOf<'schedule'>;
  readonly at: Instant;
  readonly schedule: ScheduleNumber;
  readonly scheduleId: string;
  readonly from: ScheduleState | 'deleting' | null;
  readonly state: ScheduleState | 'deleting' | 'deleted';
  /** Jobs made so far. */
  readonly runs?: number;
}

export interface TaskTransition {
  readonly kind: KindOf<'task'>;
  readonly at: Instant;
  readonly job: JobNumber;
  readonly jobId: string | null;
  readonly task: TaskNumber;
  /** null: the owner does not know it; the row in the store does (`store/transitions.ts`). */
  readonly taskId: string | null;
  readonly from: WireTaskState | null;
  readonly state: WireTaskState | 'deleted';
  readonly cause?: Cause;
  /** Left out: none was made yet. */
  readonly attempt?: number;
  readonly node?: NodeNumber;
  readonly nodeId?: string;
  readonly poolId?: string;
  readonly startedAt?: Instant;
  readonly endedAt?: Instant;
  readonly exitCode?: number;
  readonly result?: NonNullable<TaskStatus['result']>;
  readonly failure?: Failure;
  readonly retryCount?: number;
  readonly requeueCount?: number;
}

/** Without details: they may quote what a task was given. */
export type Failure = Pick<FailureInfo, 'category' | 'code' | 'message'>;

/** `{key: value}`, or nothing where there is none. */
export function given<Key extends string, Value>(key: Key, value: Value | null | undefined): { readonly [Name in Key]?: Value } {
  return (value === null || value === undefined ? {} : { [key]: value }) as { readonly [Name in Key]?: Value };
}

export function failureOf(failure: FailureInfo | null): { readonly failure?: Failure } {
  return failure === null ? {} : { failure: { category: failure.category, code: failure.code, message: failure.message } };
}
