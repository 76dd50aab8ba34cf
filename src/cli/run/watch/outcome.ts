import type { BatchAccount, TaskSeen } from '../account/batchAccount.ts';
import { refusalText, saysMoreThanExit } from '../account/refusal.ts';

/** How a task ended. */
export interface TaskOutcome {
  readonly id: string;
  readonly succeeded: boolean;
  readonly exitCode?: number;
  /**
   * Batch's own reason, when there is one: `CommandProgramNotFound: …`. A plain non-zero exit code says it all by
   * itself.
   */
  readonly reason?: string;
  readonly retries: number;
  /** False for a task that never began to run: it has no files. */
  readonly started: boolean;
  /** From start to end of its last run. */
  readonly runMs: number;
  readonly nodeId?: string;
}

export const OUTCOME_FIELDS = 'id,state,executionInfo,nodeInfo';

/**
 * The outcome of a task whose job is over or all whose tasks are completed. Old API versions have no `result`; then the
 * exit code decides.
 */
export function outcomeOf({ id = '', state, executionInfo, nodeInfo }: TaskSeen): TaskOutcome {
  if (state !== undefined && state.toLowerCase() !== 'completed') return { id, succeeded: false, reason: 'its job ended before it did', retries: executionInfo?.retryCount ?? 0, started: executionInfo?.startTime !== undefined, runMs: 0 };
  const { exitCode, failureInfo, retryCount = 0, startTime, endTime, result } = executionInfo ?? {};
  return {
    id,
    succeeded: result === undefined ? exitCode === 0 && failureInfo === undefined : result.toLowerCase() === 'success',
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(failureInfo === undefined || !saysMoreThanExit(failureInfo) ? {} : { reason: refusalText(failureInfo.code, failureInfo.message, failureInfo.details) }),
    retries: retryCount,
    started: startTime !== undefined,
    runMs: startTime === undefined || endTime === undefined ? 0 : Math.max(0, endTime.getTime() - startTime.getTime()),
    ...(nodeInfo?.nodeId === undefined ? {} : { nodeId: nodeInfo.nodeId }),
  };
}

/** `exit code 3`, `CommandProgramNotFound: …`. */
export function sayHow({ exitCode, reason, retries }: TaskOutcome): string {
  const parts = [exitCode === undefined ? undefined : `exit code ${exitCode}`, reason, retries > 0 ? `after ${retries} ${retries === 1 ? 'retry' : 'retries'}` : undefined];
  return parts.filter((part) => part !== undefined).join(', ');
}

/**
 * What a task wrote to a stream, at most the last `bytes`, and whether there was more; undefined when its node no
 * longer has it.
 */
export async function endOfStream(batch: BatchAccount, jobId: string, taskId: string, stream: 'stdout' | 'stderr', bytes: number): Promise<{ text: string; cut: boolean } | undefined> {
  const end = await batch.taskFileTail(jobId, taskId, `${stream}.txt`, bytes + 1);
  if (end === undefined) return undefined;
  const cut = end.length > bytes;
  return { text: (cut ? end.subarray(end.length - bytes) : end).toString('utf8'), cut };
}
