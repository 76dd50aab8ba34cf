import type { StartTaskStatus } from '../core/status.ts';
import type { NodeSetup } from './frames.ts';
import { type RetryOptions, runWithRetries } from './retries.ts';
import { type NodeContext, startRun } from './taskRun.ts';

export interface StartTaskOptions extends Pick<RetryOptions, 'now' | 'report' | 'signal' | 'pause'> {
  readonly context: NodeContext;
  readonly task: NonNullable<NodeSetup['startTask']>;
}

/**
 * Runs the pool's start task in `startup/`, with its retries. What it leaves running (services) lives until the node
 * ends.
 */
export function runStartTask({ context, task, ...rest }: StartTaskOptions): Promise<StartTaskStatus> {
  const inputs = { areComplete: false };
  return runWithRetries({
    ...rest,
    maxTaskRetryCount: task.maxTaskRetryCount,
    start: (retry) => startRun(context, { kind: 'start', attempt: retry + 1 }, task, inputs),
  });
}
