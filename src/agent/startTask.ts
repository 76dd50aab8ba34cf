import type { Instant } from '../core/keys.ts';
import type { StartTaskStatus } from '../core/status.ts';
import { failure } from './failures.ts';
import type { NodeSetup } from './frames.ts';
import { type NodeContext, runTask } from './taskRun.ts';

export interface StartTaskOptions {
  readonly context: NodeContext;
  readonly task: NonNullable<NodeSetup['startTask']>;
  readonly now: () => Instant;
  readonly report: (status: StartTaskStatus) => void;
}

/**
 * Runs the pool's start task in `startup/`, again up to its maxTaskRetryCount (-1: without bound) while it exits nonzero; failures before the process are final.
 * Resolves with the last status. What it leaves running (services) lives until the node ends.
 */
export const runStartTask = async (options: StartTaskOptions): Promise<StartTaskStatus> => {
  const { context, task, now, report } = options;
  const startedAt = now();
  let status: StartTaskStatus = { state: 'running', startedAt, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };
  report(status);
  for (;;) {
    const run = runTask(context, `start.${status.retryCount + 1}`, { ...task, directory: 'startup', ids: null });
    const outcome = await run.done;
    const exitCode = 'exitCode' in outcome ? outcome.exitCode : null;
    const mayRetry = outcome.kind === 'exited' && exitCode !== 0 && (task.maxTaskRetryCount < 0 || status.retryCount < task.maxTaskRetryCount);
    if (!mayRetry) {
      const result = outcome.kind === 'exited' && exitCode === 0 ? 'success' : 'failure';
      const info = result === 'success' ? null : 'failure' in outcome ? outcome.failure : failedExit;
      status = { ...status, state: 'completed', endedAt: now(), exitCode, failure: info, result };
      report(status);
      return status;
    }
    status = { ...status, retryCount: status.retryCount + 1, lastRetryAt: now(), exitCode };
    report(status);
  }
};

const failedExit = failure('FailureExitCode', ['Message', 'The task process exited with an unexpected exit code'], ['AdditionalErrorCode', 'FailureExitCode']);
