import type { Capacity } from './pool/capacity.ts';
import type { PoolMeasure } from './pool/measure.ts';
import type { Samples } from './pool/samples.ts';
import type { Changes } from './changes.ts';
import type { EndReason } from './decisions.ts';
import type { Dependencies } from './task/dependencies.ts';
import type { AttemptOutcome, SilenceStep } from './events.ts';
import type { DependencyIds, DrillIntent, ExitConditions, JobIntent, NodeIntent, NodeRestart, PoolIntent, Quotas, ScheduleIntent } from './intent.ts';
import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from './keys.ts';
import type { JobQueue, PoolQueue } from './task/queue.ts';
import type { JobStatus, JobTaskStatus, JobUsage, NodeState, NodeStatus, PoolStatus, PreemptionNotice, RecentInstance, RecentTask, ResizeError, ScheduleStatus, StartTaskStatus, SubtaskStatus, TaskStatus } from './status.ts';
import type { Owed } from './task/owed.ts';
import type { TaskDirectory } from './task/directory.ts';
import type { TaskTable } from './task/table.ts';
import type { Timers } from './timers.ts';

/** What the rules hold in memory of one account. Only the modules of this folder change it. */
export interface CoreState {
  readonly table: TaskTable;
  readonly pools: Map<PoolNumber, Pool>;
  readonly nodes: Map<NodeNumber, Node>;
  /** By lower-case id, for affinity. */
  readonly nodesById: Map<string, Node>;
  readonly jobs: Map<JobNumber, Job>;
  /** Those that are not completed, and completed ones that are being deleted. */
  readonly schedules: Map<ScheduleNumber, Schedule>;
  /** Completed jobs still held, oldest first. */
  readonly completedJobs: Set<Job>;
  /** Jobs that the last decide ended by themselves: whether that holds is known before the next one. */
  readonly endings: Set<Job>;
  /** By lower-case pool id, whether such a pool exists or not, as long as a pool or a job names it. */
  readonly queues: Map<string, PoolQueue>;
  /** Auto pools that have been asked for and have not come yet, by lower-case id. */
  readonly awaitedPools: Set<string>;
  /** Those that are not over. */
  drills: readonly Drill[];
  readonly timers: Timers;
  readonly changes: Changes;
  /** To be looked at in the next `decide`. */
  readonly review: { readonly pools: Set<Pool>; readonly jobs: Set<Job>; readonly schedules: Set<Schedule>; readonly nodes: Set<Node>; readonly placement: Set<Pool> };
  /** Dependants that a satisfied parent has still to be counted off from. */
  readonly releases: { readonly job: Job; readonly tasks: readonly TaskNumber[]; done: number }[];
  nextNode: NodeNumber;
  /** Tasks that were added then or before are over their time. */
  overTimeUntil: Instant;
  /** Nodes that the provider has room for; null: it knows no bound. */
  room: number | null;
  /** Pools that the account may have where its quotas do not say; null: no bound is known. */
  maxPools: number | null;
  quotas: Quotas;
  /** Of the tick: what is applied or decided happens now. */
  now: Instant;
  /** Jobs of whose usage something is still to be added to its hour (cost/usage.ts), and when that is due. */
  readonly usage: { readonly jobs: Set<Job>; dueAt: Instant | null };
  /** The service is going down: nothing new is begun. */
  shuttingDown: boolean;
}

export interface Pool {
  readonly number: PoolNumber;
  intent: PoolIntent;
  status: PoolStatus;
  readonly nodes: Set<Node>;
  readonly capacity: Capacity<Node>;
  readonly queue: PoolQueue;
  /** Why the present resize gets no more nodes of a kind: what the provider said when it failed, or a bound of ours. */
  readonly failures: { dedicated: ResizeError | null; lowPriority: ResizeError | null };
  /** Low-priority nodes that it lacks (pool/seeking.ts): when they are sought again, and how often that was in vain. */
  readonly seeking: { at: Instant | null; tries: number };
  /** Un-started offers by their job's priority, in slots, those being taken back left out. */
  readonly offered: Map<number, number>;
  /** Slots of offers being taken back for idle nodes. */
  stealing: number;
  /** The task whose nodes placement keeps free, as they become so (placement/gangs.ts); null: there is none. */
  keeping: Keeping | null;
  /** It has been asked to go. */
  isDismissed: boolean;
  /** What was measured of it, if a formula decides on its size, or did. */
  readonly samples: Samples;
  /** What its nodes have measured since its last sample; null: nothing. */
  measure: PoolMeasure | null;
  /** When it is measured next, or its formula runs. */
  scaleTimer: Instant | null;
  /** When placement looks again by itself. */
  placementTimer: Instant | null;
  /** The same, for running tasks that need not make room before. */
  preemptionTimer: Instant | null;
  /** By priority: the job that had a task placed last, where jobs take turns. */
  readonly lastServed: Map<number, JobNumber>;
  /** By priority: what the last multi-instance task of it owes to those that it has passed. */
  readonly owed: Map<number, Owed>;
  dirty: boolean;
}

export interface Drill {
  readonly intent: DrillIntent;
  /** The last one that was decided. */
  step: number;
}

/** A multi-instance task for which nodes are kept free. */
export interface Keeping {
  readonly job: Job;
  readonly task: TaskNumber;
  readonly instances: number;
  readonly priority: number;
}

export interface Node {
  readonly number: NodeNumber;
  readonly id: string;
  readonly pool: Pool;
  readonly dedicated: boolean;
  readonly slots: number;
  readonly allocatedAt: Instant;
  /** null: nothing was ever asked of it. */
  intent: NodeIntent | null;
  state: NodeState;
  since: Instant;
  scheduling: NodeStatus['scheduling'];
  restartSequence: number;
  /** This life is to end for it; null: it is not. */
  restart: NodeRestart | null;
  /** The provider has been asked to end this life for it. */
  isRestarting: boolean;
  /** Its life is over, and none begins until a client starts it. */
  isDeallocated: boolean;
  /** It is to be taken back; null: it is not. */
  notice: PreemptionNotice | null;
  /** How often it was sought in vain since it was taken back. */
  seeks: number;
  life: number;
  bootedAt: Instant | null;
  totalTasksRun: number;
  totalTasksSucceeded: number;
  recentTasks: (RecentTask & RecentInstance)[];
  startTask: StartTaskStatus | null;
  errors: readonly ResizeError[];
  retainUntil: Instant;
  agent: NodeStatus['agent'];
  goneAt: Instant | null;
  /** The engine has given it once. */
  obtained: boolean;
  /** Why the engine has not given the present life yet, in its words; null: it has, or has said nothing. */
  pending: string | null;
  /** Its agent has said hello and the channel is up. */
  connected: boolean;
  /** The agent says that tasks may come. */
  ready: boolean;
  /** By when its agent is to say its first word in this life; null: it has, or nobody has seen the node run yet. */
  firstWordBy: Instant | null;
  /** What its silence allows; null: it is heard, or has not been silent for long. */
  silence: SilenceStep | null;
  /** To be acquired (again) at this instant. */
  acquireAt: Instant | null;
  /** How often it was lost in a row without having settled. */
  losses: number;
  released: boolean;
  /** In the order in which the agent starts them. */
  readonly offers: Set<Live>;
  readonly running: Set<Live>;
  /** The attempt of a job manager that is to be alone here; null: none. */
  heldBy: Live | null;
  runningSlots: number;
  /** How long tasks have taken here lately, in milliseconds; null: none has ended yet. */
  taskMs: number | null;
  /** See `Spacious`. */
  free: number;
  place: number;
  /** See `JobOnNode`. */
  readonly jobs: Map<Job, JobOnNode>;
  dirty: boolean;
}

/** Something of the job may lie on the node: see jobNode/onNode.ts. */
export interface JobOnNode {
  readonly job: Job;
  readonly node: Node;
  /** null: it has not been asked for here. */
  preparation: JobTaskStatus | null;
  release: JobTaskStatus | null;
  /** The preparation is being ended. */
  isEnding: boolean;
  dirty: boolean;
}

export interface Job {
  readonly number: JobNumber;
  intent: JobIntent;
  /** Without the counts, which stand below. */
  status: Omit<JobStatus, 'tasks' | 'slots' | 'ingested' | 'open' | 'usage'>;
  readonly usage: JobUsage[];
  ingested: TaskNumber;
  readonly tasks: Tally;
  readonly slots: Tally;
  readonly directory: TaskDirectory;
  readonly queue: JobQueue;
  /** The jobs that name the same pool. */
  poolQueue: PoolQueue;
  /** Where it stands among the jobs of its pool that could have a task placed; null: it could not. */
  listed: { readonly queue: PoolQueue; readonly priority: number } | null;
  /** Where it stands among the jobs of its pool whose tasks may have to make room; null: they do not. */
  yielding: PoolQueue | null;
  /** When its timer is due; null: none is needed. */
  timer: Instant | null;
  /** When it looks next for tasks that are over their time (task/lifetime.ts). */
  looksAt: Instant;
  /** Those with an attempt out. */
  readonly live: Set<Task>;
  /** See `JobOnNode`. */
  readonly nodes: Map<Node, JobOnNode>;
  /** `nodes` has all of them that are connected. Not so of a job that was completed before it came into memory. */
  readonly nodesKnown: boolean;
  /** Nodes on which its preparation failed, so that none of its tasks may run there; by the id of the node. */
  readonly closedNodes: Map<string, JobTaskStatus>;
  /** What only few tasks have. */
  readonly particulars: Map<TaskNumber, Particulars>;
  /** null: the job uses none, or is completed. */
  dependencies: Dependencies | null;
  /** Tasks that ended in the last ticks. */
  readonly recent: Map<TaskNumber, Task>;
  /** What the end of a task asks of its job. */
  exitAction: 'disable' | 'terminate' | 'managerDone' | null;
  /** What it was before the last decide ended it by itself; null: that decide did not. */
  ending: { readonly status: Job['status']; readonly dependencies: Dependencies | null } | null;
  gone: boolean;
  dirty: boolean;
}

export interface Schedule {
  readonly number: ScheduleNumber;
  intent: ScheduleIntent;
  status: ScheduleStatus;
  /** The one that it has made last, as long as that is not over. */
  job: Job | null;
  /** That job has been asked for, and has not come yet. */
  isAwaited: boolean;
  /** How many jobs of it there are, completed ones included; null: it is not being deleted. */
  jobsLeft: number | null;
  /** So many jobs have been asked to be deleted and are not gone yet. */
  doomed: number;
  /** When its timer is due; null: none is needed. */
  timer: Instant | null;
  /** Of the pool that its jobs share; null: they share none, or none has been made yet. */
  poolQueue: PoolQueue | null;
  gone: boolean;
  dirty: boolean;
}

interface Particulars {
  readonly idKey: string;
  readonly exitConditions: ExitConditions | null;
  readonly affinity: string | null;
  readonly dependsOn: DependencyIds | null;
}

export interface Tally {
  active: number;
  running: number;
  succeeded: number;
  failed: number;
}

/** A task with a status row. */
export interface Task {
  readonly job: Job;
  readonly number: TaskNumber;
  readonly slots: number;
  /** Of a multi-instance task: how many; 0: it is none. */
  readonly instances: number;
  /** How an instance beside the primary failed, and with it the present attempt; null: none has. */
  instanceFailure: AttemptOutcome | null;
  status: TaskStatus;
  /** Its row in the table of open tasks; -1: it is completed or gone. */
  entry: number;
  /** Attempts that are out, in the order of their instances: see `task/attempts`. */
  live: readonly Live[];
  terminated: boolean;
  deleted: boolean;
  /** See task/lifetime.ts; left out: it is not. */
  isOverTime?: true;
  dirty: boolean;
}

/** An attempt, by its number and instance, that is out on a node. */
export interface Live {
  readonly task: Task;
  readonly attempt: number;
  /** 0: the primary, whose end is the task's. */
  readonly instance: number;
  readonly node: Node;
  readonly slots: number;
  /** It has taken its slots. */
  started: boolean;
  /** It has its slots and waits for the preparation of its job: nothing of the task runs yet. */
  preparing: boolean;
  readonly offeredAt: Instant;
  /** Since when it has its slots; null: not yet. */
  occupiedAt: Instant | null;
  /** The job's priority when it was offered. */
  readonly priority: number;
  /** Being taken back, and what for. */
  revoking: 'steal' | 'outranked' | 'withdrawn' | null;
  /** Being ended, and why. */
  ending: EndReason | null;
  /** The agent said at this instant that it does not hold it, though it had started. */
  missingSince: Instant | null;
  /** Its coordination command has succeeded. */
  coordinated: boolean;
  /** Its row; null: it is the primary, which has its task's. */
  subtask: SubtaskStatus | null;
}
