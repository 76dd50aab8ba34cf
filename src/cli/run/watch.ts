import type { BatchAccount, Counts, NodeSeen, PoolSeen } from './batchAccount.ts';
import { RunError } from './failure.ts';
import { firstLine } from './submit.ts';

/** How long between two looks: soon at first, for tasks of a second; later every two seconds. */
const FIRST_LOOK_MS = 150;
const LONGEST_LOOK_MS = 2_000;
/** How often the pool is looked at while nothing runs. */
const POOL_LOOK_MS = 3_000;
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
}

/**
 * Waits until all tasks are completed, or the signal is aborted.
 * @throws RunError noNodes, when nothing runs and the pool says that it will never have a node that can
 */
export async function watchTasks({ batch, jobId, poolId, total, signal, now, pause, seen }: Watched): Promise<void> {
  let look = FIRST_LOOK_MS;
  let poolSeenAt = now();
  while (!signal.aborted) {
    const counts = await batch.counts(jobId);
    if (signal.aborted) return;
    seen(counts);
    // Counts may lag behind on Azure, never run ahead: completed means completed.
    if (counts.completed >= total) return;
    if (counts.running === 0 && now() - poolSeenAt >= POOL_LOOK_MS) {
      await checkPool(batch, poolId);
      poolSeenAt = now();
    }
    await pause(look);
    look = Math.min(LONGEST_LOOK_MS, look * 1.25);
  }
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
