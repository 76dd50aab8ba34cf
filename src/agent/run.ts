import { attemptName, type AttemptKey, type JobNumber, type TaskNumber } from '../core/keys.ts';
import type { Work } from './frames.ts';
import { START_DIRECTORY } from './users.ts';

/**
 * One try at something that a node runs. A further kind (a job's preparation or release, a coordination command) is a
 * member here: the compiler then names every place that has something to say of it, first of all the functions below.
 */
export type Run = TaskAttempt | StartAttempt;

export interface TaskAttempt {
  readonly kind: 'task';
  readonly key: AttemptKey;
  readonly jobId: string;
  readonly taskId: string;
  /** Below the node's root. */
  readonly directory: string;
}

/** A try at the pool's start task, counted from 1 in each life of the node. */
interface StartAttempt {
  readonly kind: 'start';
  readonly attempt: number;
}

/**
 * Whose a directory is that is kept beyond its run, over all tries and lives. The start task's belongs to the node: it
 * is not among them.
 */
export interface DirectoryOwner {
  readonly kind: 'task';
  readonly job: JobNumber;
  readonly task: TaskNumber;
}

export function taskAttempt(key: AttemptKey, { job, task, directory }: Pick<Work, 'job' | 'task' | 'directory'>): TaskAttempt {
  return { kind: 'task', key, jobId: job, taskId: task, directory };
}

/**
 * What its processes carry in their environment (`attemptMark`): no other run of this node has the same, in this life
 * or another that may have left processes behind.
 */
export function markOf(run: Run): string {
  switch (run.kind) {
    case 'task':
      return attemptName(run.key);
    case 'start':
      return `start.${run.attempt}`;
  }
}

/** Below the node's root. */
export function directoryOf(run: Run): string {
  switch (run.kind) {
    case 'task':
      return run.directory;
    case 'start':
      return START_DIRECTORY;
  }
}

/** The variables that say what it is (Batch documentation, "Compute node environment variables"). */
export function environmentOf(run: Run): readonly (readonly [name: string, value: string])[] {
  switch (run.kind) {
    case 'task':
      return [
        ['AZ_BATCH_JOB_ID', run.jobId],
        ['AZ_BATCH_TASK_ID', run.taskId],
      ];
    case 'start':
      return [];
  }
}

/** What becomes of processes that outlive its command: a start task's are services, which go on until the node ends. */
export function leftoversOf(run: Run): 'kill' | 'keep' {
  switch (run.kind) {
    case 'task':
      return 'kill';
    case 'start':
      return 'keep';
  }
}

export function ownerOfDirectory({ key: { job, task } }: TaskAttempt): DirectoryOwner {
  return { kind: 'task', job, task };
}

/** Unique among the owners of directories of a node. */
export function ownerName(owner: DirectoryOwner): string {
  switch (owner.kind) {
    case 'task':
      return `${owner.job}.${owner.task}`;
  }
}
