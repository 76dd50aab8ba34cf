import type { BatchAccount } from './account/batchAccount.ts';
import type { Made } from './cleanUp.ts';
import { RunError } from './failure.ts';
import { poolBody, type PoolWish } from './plan/bodies.ts';
import { chooseImage } from './plan/image.ts';
import type { Progress } from './watch/progress.ts';

/** How long a pool that is being deleted is waited for, before one of the same name is made. */
const LONGEST_DELETION_MS = 1_800_000;
const LOOK_MS = 500;

/** A pool that a run makes for itself, as it was asked for. */
export interface WishedPool extends PoolWish {
  /** `publisher:offer:sku[:version]`; by default the newest Ubuntu. */
  readonly image?: string;
}

export interface PoolMaker {
  readonly batch: BatchAccount;
  readonly poolId: string;
  readonly made: Made;
  readonly progress: Progress;
}

/** Makes the pool of a run. @throws RunError usage, for an image that the service does not have */
export async function makePool({ batch, poolId, made, progress }: PoolMaker, wish: WishedPool): Promise<void> {
  const { nodes, lowPriorityNodes, slots } = wish;
  const image = chooseImage(await batch.images(), wish.image, wish.container !== undefined);
  progress.step(`pool ${poolId}: ${nodes + lowPriorityNodes} ${nodes + lowPriorityNodes === 1 ? 'node' : 'nodes'} of ${slots} ${slots === 1 ? 'slot' : 'slots'}`);
  await batch.addPool(poolBody(poolId, wish, image));
  made.pool = poolId;
}

export interface JobPool extends PoolMaker {
  readonly jobId: string;
  /** What to make where the pool has gone with an earlier run; undefined for one that no run has made. */
  readonly wish: WishedPool | undefined;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * The pool of a job that exists: it may have been removed by the run that made it, or be about to go; then it is made
 * again under its name, which a job is bound to. @throws RunError usage, when it is gone and no run has made it
 */
export async function poolOfJob(setting: JobPool): Promise<void> {
  const { batch, poolId, jobId, wish, now, pause, signal, progress } = setting;
  const since = now();
  for (let state = await stateOf(batch, poolId); state !== undefined; state = await stateOf(batch, poolId)) {
    if (state !== 'deleting') return;
    if (wish === undefined) break;
    if (now() - since > LONGEST_DELETION_MS) throw new RunError('service', `the pool ${poolId} of the job ${jobId} is still being deleted`);
    progress.step(`waiting for the pool ${poolId} of before to be gone`);
    await pause(LOOK_MS);
    if (signal.aborted) return;
  }
  if (wish === undefined) throw new RunError('usage', `the pool ${poolId} of the job ${jobId} is gone: make one of that name, or give the job another`);
  await makePool(setting, wish);
}

async function stateOf(batch: BatchAccount, poolId: string): Promise<string | undefined> {
  const pool = await batch.pool(poolId);
  return pool === undefined ? undefined : (pool.state?.toLowerCase() ?? 'active');
}
