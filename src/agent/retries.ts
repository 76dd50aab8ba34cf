import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptOutcome } from '../core/events.ts';
import type { Instant } from '../core/keys.ts';
import type { FailureInfo, StartTaskStatus } from '../core/status.ts';
import { TASK_ENDED, WALL_CLOCK_EXCEEDED } from '../core/task/failures.ts';
import type { TaskRun } from './attempts.ts';
import { failure } from './failures.ts';

export interface RetryOptions {
  /** Begins the first try (0) or a retry. */
  readonly start: (retry: number) => TaskRun;
  /** -1: without bound. */
  readonly maxTaskRetryCount: number;
  readonly now: () => Instant;
  readonly report: (status: StartTaskStatus) => void;
  /** The node ends: no further retry, and nothing more is said. */
  readonly signal: AbortSignal;
  /** It is ended by itself: the try that runs is killed, and that is the end of it. */
  readonly ended?: AbortSignal;
  /** Waits; resolves early when aborted. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Before the first retry; each further pause is twice the one before. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Runs a task that agents retry by themselves (start, preparation, release), again up to its maxTaskRetryCount while it
 * exits nonzero; failures before the process are final. The pauses between are our choice (no document gives any):
 * without them a task that fails at once keeps a machine busy. Resolves with the last status; with that of the try
 * before if the node ends.
 */
export async function runWithRetries(options: RetryOptions): Promise<StartTaskStatus> {
  const { start, maxTaskRetryCount, now, report, signal, pause = abortableDelay } = options;
  const ended = options.ended ?? new AbortController().signal;
  const stops = AbortSignal.any([signal, ended]);
  let status: StartTaskStatus = { state: 'running', startedAt: now(), endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };
  report(status);
  const complete = (outcome: AttemptOutcome): StartTaskStatus => {
    const exitCode = 'exitCode' in outcome ? outcome.exitCode : null;
    const info = failureOf(outcome);
    const container = 'container' in outcome ? { container: outcome.container } : {};
    status = { ...status, state: 'completed', endedAt: now(), exitCode, failure: info, result: info === null ? 'success' : 'failure', ...container };
    report(status);
    return status;
  };
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const outcome = await endable(start(status.retryCount), ended);
    if (signal.aborted) return status;
    const mayRetry = outcome.kind === 'exited' && outcome.exitCode !== 0 && (maxTaskRetryCount < 0 || status.retryCount < maxTaskRetryCount);
    if (!mayRetry || ended.aborted) return complete(outcome);
    await pause(pauseMs, stops);
    if (signal.aborted) return status;
    if (ended.aborted) return complete({ kind: 'killed', exitCode: outcome.exitCode });
    status = { ...status, retryCount: status.retryCount + 1, lastRetryAt: now(), exitCode: outcome.exitCode };
    report(status);
  }
}

async function endable(run: TaskRun, ended: AbortSignal): Promise<AttemptOutcome> {
  const end = (): void => run.end(0);
  if (ended.aborted) end();
  ended.addEventListener('abort', end, { once: true });
  const outcome = await run.done;
  ended.removeEventListener('abort', end);
  return outcome;
}

/** null: it succeeded. */
function failureOf(outcome: AttemptOutcome): FailureInfo | null {
  switch (outcome.kind) {
    case 'exited':
      return outcome.exitCode === 0 ? null : (outcome.failure ?? FAILED_EXIT);
    case 'notStarted':
    case 'uploadFailed':
      return outcome.failure;
    case 'timedOut':
      return WALL_CLOCK_EXCEEDED;
    case 'killed':
    case 'lost':
      return TASK_ENDED;
  }
}

function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => {});
}

const FAILED_EXIT = failure('FailureExitCode', ['Message', 'The task process exited with an unexpected exit code'], ['AdditionalErrorCode', 'FailureExitCode']);
