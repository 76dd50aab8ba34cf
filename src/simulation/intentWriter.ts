import type { JobIntent, NodeIntent, PoolIntent, Quotas, ScheduleIntent, TaskIntent } from '../core/intent.ts';
import type { AccountNumber, Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../core/keys.ts';
import type { AddedTasks } from '../store/ownerStore.ts';
import type { DrillRules } from '../store/rules.ts';

/**
 * What API handlers do to a store, as far as owners see it: each call is one transaction that writes intent and points
 * at it in the inbox. The contract suite drives both stores through this; the simulated clients drive the stand-in.
 */
export interface IntentWriter {
  addPool(account: AccountNumber, pool: Omit<PoolIntent, 'pool'>): Promise<PoolNumber>;
  changePool(pool: PoolNumber, change: Partial<Omit<PoolIntent, 'pool' | 'id' | 'createdAt'>>): Promise<void>;
  /** Asks something of a node, whatever was asked before. */
  changeNode(node: NodeNumber, change: Partial<Omit<NodeIntent, 'node'>>): Promise<void>;
  addDrill(account: AccountNumber, createdAt: Instant, rules: DrillRules): Promise<number>;
  stopDrill(drill: number): Promise<void>;
  setQuotas(account: AccountNumber, quotas: Quotas): Promise<void>;
  /** `autoPool`: what its auto pool is made of, where it is to have one. */
  addJob(account: AccountNumber, job: NewJobIntent, autoPool?: NewAutoPool): Promise<JobNumber>;
  changeJob(job: JobNumber, change: Partial<Omit<JobIntent, 'job' | 'id' | 'createdAt' | 'nextTask' | 'reactivations'>>): Promise<void>;
  addSchedule(account: AccountNumber, schedule: Omit<ScheduleIntent, 'schedule'>, job: NewScheduledJob): Promise<ScheduleNumber>;
  changeSchedule(schedule: ScheduleNumber, change: Partial<Omit<ScheduleIntent, 'schedule' | 'id' | 'createdAt'>>): Promise<void>;
  /** Numbers them on from the job's last. Returns what a wake may hand over to the owner. */
  addTasks(job: JobNumber, tasks: readonly Omit<TaskIntent, 'task'>[]): Promise<AddedTasks>;
  changeTask(job: JobNumber, task: TaskNumber, change: Partial<Omit<TaskIntent, 'task' | 'idKey'>>): Promise<void>;
}

export type NewJobIntent = Omit<JobIntent, 'job' | 'nextTask' | 'reactivations'>;

/** Its id and times are the owner's to choose. */
export interface NewAutoPool {
  readonly pool: Omit<PoolIntent, 'pool' | 'id' | 'createdAt' | 'resizeRequestedAt' | 'isAuto'>;
  readonly keepAlive: boolean;
}

/** What each job of a schedule is made of. */
export interface NewScheduledJob {
  readonly job: Omit<NewJobIntent, 'id' | 'createdAt' | 'actionAt' | 'schedule'>;
  /** Left out: it names a pool. */
  readonly autoPool?: NewAutoPool;
  /** Its first task. Left out: it has none. */
  readonly manager?: Omit<TaskIntent, 'task' | 'createdAt'>;
}
