import type { TaskStatus } from '../../core/status.ts';
import { exitOf, failureOf, type StoryLine } from './line.ts';

/** Ids of a task and of the node that it is on, as far as they are known. */
export interface TaskNames {
  readonly jobId?: string;
  readonly taskId?: string;
  readonly nodeId?: string;
}

/** What a committed row tells of a task: each row is a change. Thousands of them come in a second. */
export function taskLine({ jobId, taskId, nodeId }: TaskNames, now: TaskStatus): StoryLine {
  const { job, task, state, attempt, exitCode, failure, result, cause, startedAt, endedAt } = now;
  const fields = { ...(jobId === undefined ? {} : { jobId }), ...(taskId === undefined ? {} : { taskId }), ...(nodeId === undefined ? {} : { nodeId }), job, task, attempt };
  switch (state) {
    case 'offered':
      // A retry may be queued and offered in one tick: then this row alone says how the last try ended.
      return { level: 'debug', message: 'task offered', fields: exitCode === null ? fields : { ...fields, lastExitCode: exitCode } };
    case 'preparing':
    case 'starting':
    case 'running':
      return { level: 'debug', message: state === 'running' ? 'task started' : `task ${state}`, fields };
    case 'completed': {
      const ran = startedAt === null || endedAt === null ? {} : { ranMs: endedAt - startedAt };
      return { level: 'debug', message: 'task completed', fields: { ...fields, result, ...exitOf(exitCode), ...failureOf(failure), ...ran, cause } };
    }
    case 'active':
      return { level: 'debug', message: 'task queued again', fields: { ...fields, ...exitOf(exitCode), cause } };
  }
}

/** It has gone, and its directory on a node with it. */
export function taskDeleted({ jobId, taskId }: TaskNames, job: number, task: number): StoryLine {
  return {
    level: 'debug',
    message: 'task deleted',
    fields: { ...(jobId === undefined ? {} : { jobId }), ...(taskId === undefined ? {} : { taskId }), job, task },
  };
}
