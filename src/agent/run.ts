import { join } from 'node:path';
import { attemptName, type AttemptKey, type JobNumber, jobTaskName, type JobTaskKey, type TaskNumber } from '../core/keys.ts';
import type { GangWork, Work } from './frames.ts';
import { START_DIRECTORY } from './users.ts';

/**
 * One try at something that a node runs. A further kind is a member here: the compiler then names every place that has
 * something to say of it, first of all the functions below. An instance of a multi-instance task runs its coordination
 * command and, the primary, its command line as one run: what the first has started goes on beside the second.
 */
export type Run = TaskAttempt | JobTaskAttempt | StartAttempt;

export interface TaskAttempt {
  readonly kind: 'task';
  readonly key: AttemptKey;
  readonly jobId: string;
  readonly taskId: string;
  /** Below the node's root. */
  readonly directory: string;
  /** That of its job's preparation, absolute; null: there is none. */
  readonly preparationDirectory: string | null;
  /** null: it is no instance of a multi-instance task. */
  readonly gang: GangWork | null;
}

/** A try at a job's preparation or release task. */
export interface JobTaskAttempt extends Omit<TaskAttempt, 'kind' | 'key' | 'gang'> {
  readonly kind: JobTaskKey['kind'];
  readonly key: JobTaskKey;
  /** 0: the first try. */
  readonly retry: number;
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
export type DirectoryOwner =
  | { readonly kind: 'task'; readonly job: JobNumber; readonly task: TaskNumber }
  | { readonly kind: JobTaskKey['kind']; readonly job: JobNumber };

type Place = Pick<Work, 'job' | 'task' | 'directory' | 'preparationDirectory'>;

/** `root`: of the node, as runs see it. */
export function taskAttempt(key: AttemptKey, work: Place & Pick<Work, 'gang'>, root: string): TaskAttempt {
  return { kind: 'task', key, gang: work.gang ?? null, ...placed(work, root) };
}

export function jobTaskAttempt(key: JobTaskKey, retry: number, work: Place, root: string): JobTaskAttempt {
  return { kind: key.kind, key, retry, ...placed(work, root) };
}

function placed({ job, task, directory, preparationDirectory }: Place, root: string) {
  return { jobId: job, taskId: task, directory, preparationDirectory: preparationDirectory === undefined ? null : join(root, preparationDirectory) };
}

/**
 * What its processes carry in their environment (`attemptMark`): no other run of this node has the same, in this life
 * or another that may have left processes behind.
 */
export function markOf(run: Run): string {
  switch (run.kind) {
    case 'task':
      return attemptName(run.key);
    case 'preparation':
    case 'release':
      return `${jobTaskName(run.key)}.${run.retry}`;
    case 'start':
      return `start.${run.attempt}`;
  }
}

/** Below the node's root. */
export function directoryOf(run: Run): string {
  switch (run.kind) {
    case 'task':
    case 'preparation':
    case 'release':
      return run.directory;
    case 'start':
      return START_DIRECTORY;
  }
}

/** The variables that say what it is (Batch documentation, "Compute node environment variables"). */
export function environmentOf(run: Run): readonly (readonly [name: string, value: string])[] {
  switch (run.kind) {
    case 'task':
    case 'preparation':
    case 'release':
      return [
        ['AZ_BATCH_JOB_ID', run.jobId],
        ['AZ_BATCH_TASK_ID', run.taskId],
        ...preparationVariables(run.preparationDirectory),
        ...(run.kind === 'task' && run.gang !== null ? gangVariables(run.gang) : []),
      ];
    case 'start':
      return [];
  }
}

/** The port of the primary is the one that the documentation gives; nothing of ours listens there. */
const MASTER_PORT = 6000;

function gangVariables({ instance, hosts }: GangWork): readonly (readonly [name: string, value: string])[] {
  const addresses = hosts.map(({ address }) => address);
  return [
    ['AZ_BATCH_HOST_LIST', addresses.join(',')],
    ['AZ_BATCH_NODE_LIST', addresses.join(';')],
    ['AZ_BATCH_MASTER_NODE', `${addresses[0] ?? ''}:${MASTER_PORT}`],
    ['AZ_BATCH_IS_CURRENT_NODE_MASTER', String(instance === 0)],
    ['CCP_NODES', [hosts.length, ...hosts.flatMap(({ address, cores }) => [address, cores])].join(' ')],
  ];
}

function preparationVariables(directory: string | null): readonly (readonly [name: string, value: string])[] {
  if (directory === null) return [];
  return [
    ['AZ_BATCH_JOB_PREP_DIR', directory],
    ['AZ_BATCH_JOB_PREP_WORKING_DIR', `${directory}/wd`],
  ];
}

/**
 * What becomes of processes that outlive its command. Those of a start task are services, which go on until the node
 * ends; so are a preparation's, which the release may stop (API reference, "Add a job", jobReleaseTask).
 */
export function leftoversOf(run: Run): 'kill' | 'keep' {
  switch (run.kind) {
    case 'task':
    case 'release':
      return 'kill';
    case 'preparation':
    case 'start':
      return 'keep';
  }
}

export function ownerOfDirectory(run: TaskAttempt | JobTaskAttempt): DirectoryOwner {
  switch (run.kind) {
    case 'task':
      return { kind: 'task', job: run.key.job, task: run.key.task };
    case 'preparation':
    case 'release':
      return { kind: run.kind, job: run.key.job };
  }
}

/** Unique among the owners of directories of a node. */
export function ownerName(owner: DirectoryOwner): string {
  switch (owner.kind) {
    case 'task':
      return `${owner.job}.${owner.task}`;
    case 'preparation':
    case 'release':
      return `${owner.job}.${owner.kind}`;
  }
}
