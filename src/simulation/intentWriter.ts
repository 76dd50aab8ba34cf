import type { JobIntent, PoolIntent, TaskIntent } from '../core/intent.ts';
import type { AccountNumber, JobNumber, PoolNumber, TaskNumber } from '../core/keys.ts';
import type { AddedTasks } from '../store/ownerStore.ts';

/**
 * What API handlers do to a store, as far as owners see it: each call is one transaction that writes intent and points
 * at it in the inbox. The contract suite drives both stores through this; the simulated clients drive the stand-in.
 */
export interface IntentWriter {
  addPool(account: AccountNumber, pool: Omit<PoolIntent, 'pool'>): Promise<PoolNumber>;
  changePool(pool: PoolNumber, change: Partial<Omit<PoolIntent, 'pool' | 'id' | 'createdAt'>>): Promise<void>;
  addJob(account: AccountNumber, job: NewJobIntent): Promise<JobNumber>;
  changeJob(job: JobNumber, change: Partial<Omit<JobIntent, 'job' | 'id' | 'createdAt' | 'nextTask' | 'reactivations'>>): Promise<void>;
  /** Numbers them on from the job's last. Returns what a wake may hand over to the owner. */
  addTasks(job: JobNumber, tasks: readonly Omit<TaskIntent, 'task'>[]): Promise<AddedTasks>;
  changeTask(job: JobNumber, task: TaskNumber, change: Partial<Omit<TaskIntent, 'task' | 'idKey'>>): Promise<void>;
}

export type NewJobIntent = Omit<JobIntent, 'job' | 'nextTask' | 'reactivations'>;
