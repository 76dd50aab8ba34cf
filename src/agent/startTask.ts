import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '../core/keys.ts';
import type { StartTaskStatus } from '../core/status.ts';
import { failure } from './failures.ts';
import type { NodeSetup } from './frames.ts';
import { type NodeContext, startRun } from './taskRun.ts';

export interface StartTaskOptions {
  readonly context: NodeContext;
  readonly task: NonNullable<NodeSetup['startTask']>;
  readonly now: () => Instant;
  readonly report: (status: StartTaskStatus) => void;
  /** The node ends: no further retry. */
  readonly signal: AbortSignal;
  /** Waits; resolves early when aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Before the first retry; each further pause is twice the one before. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs the pool's start task in `startup/`, again up to its maxTaskRetryCount (-1: without bound) while it exits
 * nonzero; failures before the process are final. The pauses between are our choice (no document gives any): without
 * them a start task that fails at once keeps a machine busy. Resolves with the last status; with that of the run before
 * if the node ends. What it leaves running (services) lives until the node ends.
 */
export async function runStartTask(options: StartTaskOptions): Promise<StartTaskStatus> {
  const { context, task, now, report, signal, pause = abortableDelay } = options;
  const startedAt = now();
  let status: StartTaskStatus = { state: 'running', startedAt, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };
  report(status);
  const inputs = { areComplete: false };
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const run = startRun(context, { kind: 'start', attempt: status.retryCount + 1 }, task, inputs);
    const outcome = await run.done;
    if (signal.aborted) return status;
    const exitCode = 'exitCode' in outcome ? outcome.exitCode : null;
    const mayRetry = outcome.kind === 'exited' && exitCode !== 0 && (task.maxTaskRetryCount < 0 || status.retryCount < task.maxTaskRetryCount);
    if (!mayRetry) {
      const result = outcome.kind === 'exited' && exitCode === 0 ? 'success' : 'failure';
      const info = result === 'success' ? null : (('failure' in outcome ? outcome.failure : undefined) ?? failedExit);
      status = { ...status, state: 'completed', endedAt: now(), exitCode, failure: info, result };
      report(status);
      return status;
    }
    await pause(pauseMs, signal);
    if (signal.aborted) return status;
    status = { ...status, retryCount: status.retryCount + 1, lastRetryAt: now(), exitCode };
    report(status);
  }
}

function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => {});
}

const failedExit = failure('FailureExitCode', ['Message', 'The task process exited with an unexpected exit code'], ['AdditionalErrorCode', 'FailureExitCode']);
