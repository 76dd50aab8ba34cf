import type { BatchAccount, Counts, NodeSeen, PoolSeen } from './batchAccount.ts';
import { RunError } from './failure.ts';
import { isOutage, refusalOf } from './refusal.ts';
import { firstLine } from './submit.ts';

/** How long between two looks: soon at first, for tasks of a second; later every two seconds. */
const FIRST_LOOK_MS = 150;
const LONGEST_LOOK_MS = 2_000;
/** How often job and pool are looked at while nothing runs. */
const POOL_LOOK_MS = 3_000;
/** How long a service may be silent: its tasks go on meanwhile, and whoever watches can end that at any time. */
const LONGEST_SILENCE_MS = 3_600_000;
const TAIL_BYTES = 4_096;

export interface Watched {
  readonly batch: BatchAccount;
  readonly jobId: string;
  readonly poolId: string;
  readonly total: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Resolves after a time, or when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>;
  readonly seen: (counts: Counts) => void;
  /** Something that the user should know. */
  readonly note: (text: string) => void;
}

/**
 * Waits until all tasks are completed, the job is over (somebody else ended it), or the signal is aborted. A service that does not
 * answer is asked again for an hour.
 * @throws RunError noNodes, when nothing runs and the pool says that it will never have a node that can; what the service answered
 */
export async function watchTasks(watched: Watched): Promise<void> {
  const { signal, now, pause, note } = watched;
  const look = lookAt(watched);
  let untilNextMs = FIRST_LOOK_MS;
  let silentSince: number | undefined;
  while (!signal.aborted) {
    try {
      const done = await look();
      if (silentSince !== undefined) note('the service answers again');
      silentSince = undefined;
      if (done) return;
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (silentSince === undefined) note(`${refusalOf(error)?.message ?? 'the service does not answer'}; the tasks go on meanwhile, asking again`);
      silentSince ??= now();
      if (now() - silentSince >= LONGEST_SILENCE_MS) throw error;
    }
    await pause(untilNextMs);
    untilNextMs = Math.min(LONGEST_LOOK_MS, untilNextMs * 1.25);
  }
}

/** One look; true when there is nothing more to wait for. */
function lookAt({ batch, jobId, poolId, total, signal, now, seen }: Watched): () => Promise<boolean> {
  let poolSeenAt = now();
  return async () => {
    const counts = await batch.counts(jobId);
    if (signal.aborted) return true;
    seen(counts);
    // Counts may lag behind on Azure, never run ahead: completed means completed.
    if (counts.completed >= total) return true;
    if (counts.running > 0 || now() - poolSeenAt < POOL_LOOK_MS) return false;
    // The waiting tasks of a job that was ended stay active for ever.
    const state = (await batch.job(jobId))?.state?.toLowerCase();
    if (state === 'completed' || state === 'terminating' || state === 'deleting') return true;
    await checkPool(batch, poolId);
    poolSeenAt = now();
    return false;
  };
}

/** @throws RunError noNodes, with the pool's or a node's own reason */
async function checkPool(batch: BatchAccount, poolId: string): Promise<void> {
  const pool = await batch.pool(poolId);
  if (pool === undefined) throw new RunError('noNodes', `the pool ${poolId} is gone`);
  if (pool.allocationState?.toLowerCase() !== 'steady') return;
  const nodes = await batch.nodes(poolId);
  // A pool that scales itself may have been at zero and be about to grow.
  if (nodes.length === 0 && pool.enableAutoScale === true) return;
  if (nodes.length === 0) throw new RunError('noNodes', `the pool ${poolId} has no nodes${because(pool)}`);
  if (!nodes.every(isLost)) return;
  throw new RunError('noNodes', await lostReason(batch, poolId, nodes));
}

function because({ resizeErrors = [] }: PoolSeen): string {
  const told = resizeErrors.map(({ code, message }) => `${code}: ${firstLine(message)}`).join('; ');
  return told === '' ? '' : `: ${told}`;
}

const isLost = (node: NodeSeen): boolean => ['unusable', 'starttaskfailed'].includes(node.state?.toLowerCase() ?? '');

async function lostReason(batch: BatchAccount, poolId: string, nodes: readonly NodeSeen[]): Promise<string> {
  const failed = nodes.find(({ state }) => state?.toLowerCase() === 'starttaskfailed');
  if (failed?.id === undefined) {
    const [error] = nodes.flatMap((node) => node.errors ?? []);
    return `no node of the pool ${poolId} is usable${error === undefined ? '' : `: ${error.code}: ${firstLine(error.message)}`}`;
  }
  const stderr = (await batch.nodeFileTail(poolId, failed.id, 'startup/stderr.txt', TAIL_BYTES))?.toString().trimEnd() ?? '';
  const exit = failed.startTaskInfo?.exitCode;
  return `the start task failed on every node of the pool ${poolId}${exit === undefined ? '' : ` (exit code ${exit})`}${stderr === '' ? '' : `\n${stderr}`}`;
}
