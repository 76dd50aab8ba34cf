import type { PoolSeen, TaskSeen } from '../account/batchAccount.ts';
import { isOutage } from '../account/refusal.ts';
import type { Report, RunResult, RunSurroundings } from '../ending.ts';
import { RunError, reasonOf } from '../failure.ts';
import { isOpen } from '../join.ts';
import type { ComeBack } from '../plan/options.ts';
import { DIGEST_VARIABLE } from '../plan/digest.ts';
import type { RunMetadata } from '../plan/metadata.ts';
import { containerName } from '../plan/names.ts';
import { checkTarget } from '../plan/target.ts';
import { makePool, poolOfJob } from '../pool.ts';
import { pause } from '../concurrency.ts';
import { byName, taskOf } from '../watch/comeBack.ts';
import { FOREIGN, hasFailed, hasSucceeded } from '../watch/rerun.ts';
import { storageOf } from '../workflow.ts';
import { sameTasks, type Cargo, type SplitTask } from './cargo.ts';
import { copyInputs, copyOfJob, copyOfPool, copyOfTask, inputsOf } from './copies.ts';
import { foundJob, type FoundJob, type Side } from './side.ts';
import { carryOutSplit, connectSides, seenOn, weightOf, type SplitOptions } from './splitRun.ts';
import { STORAGE_TRIES } from './splitWorkflow.ts';

/**
 * Comes back to a job over several accounts: one that a run over them has made, or any job of one of them, whose queue
 * the others take over when it is gone. All that this needs is read while the account is there.
 * @throws RunError usage, when none that answers has the job
 */
export async function comeBackSplit({ kind, options }: ComeBack, split: SplitOptions, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const { jobId } = options;
  const note = (text: string): void => around.progress.note(text);
  const sides = await connectSides(split.places, { jobId, isWhole: true, lostAfterMs: split.lostAfterMs, storageOf: async (connection) => (connection.storage === undefined ? undefined : storageOf(connection, STORAGE_TRIES)), note });
  const first = sides.find(({ found }) => found !== undefined)?.found;
  if (first === undefined) throw new RunError('usage', `there is no job ${jobId} in ${sides.filter(({ answered }) => answered).map(({ name }) => name).join(', ')}; after a success its run has removed it`);
  const metadata = first.metadata ?? FOREIGN;
  const to = options.to ?? metadata.to;
  await checkTarget(to);
  const all = seenOn(sides).toSorted((a, b) => byName.compare(a.id ?? '', b.id ?? ''));
  const seen = kind === 'rerun' ? all.filter((task) => !hasSucceeded(task)) : kind === 'fetch' ? all.filter(({ state }) => state?.toLowerCase() === 'completed') : all;
  if (kind === 'rerun') for (const { name, found } of sides) if (found !== undefined && !isOpen(found.job)) throw new RunError('usage', `${name}: the job ${jobId} is over, and Batch runs nothing more in it`);
  const tasks = seen.map((task): SplitTask => ({ ...taskOf(task, metadata), digest: task.environmentSettings?.find(({ name }) => name === DIGEST_VARIABLE)?.value }));
  for (const side of sides) takeOver(side, jobId, { isForeign: metadata === FOREIGN, isFetch: kind === 'fetch', poolId: first.poolId });
  if (kind !== 'fetch') await mirror(sides, seen, jobId, note);
  const isKept = kind === 'fetch' || options.keep || metadata.keep || metadata.resume === true || metadata === FOREIGN;
  const cargo = await copiedCargo({ sides, first, tasks, seen, jobId, metadata, around });
  const shares = await Promise.all(sides.map(async (side) => ({ name: side.name, weight: await weightOf(side, undefined, 1) })));
  const run = { options: { ...split, to, keepJob: isKept, keepPool: isKept || options.keepPool || metadata.keepPool, detach: false }, sides, shares, tasks, cargo, jobId, around, startedAt, again: new Set(kind === 'rerun' ? seen.filter(hasFailed).map(({ id = '' }) => id) : []) };
  return carryOutSplit(run, (result, where) => report(lacking(result, { all, seen, metadata, kind }), where));
}

/** What of the job on a side is this run's to remove. */
function takeOver(side: Side, jobId: string, { isForeign, isFetch, poolId }: { readonly isForeign: boolean; readonly isFetch: boolean; readonly poolId: string }): void {
  side.poolId = side.found?.poolId ?? poolId;
  const { found, made } = side;
  if (found === undefined || isForeign || isFetch) return;
  made.stage = 'submitted';
  made.job = jobId;
  if (found.metadata?.ownPool === true) made.pool = found.poolId;
  for (const container of found.metadata?.containers ?? []) made.containers.add(container);
}

/** The inputs of what may have to move are put into each account: the storage of one that is gone is gone too. */
async function mirror(sides: readonly Side[], seen: readonly TaskSeen[], jobId: string, note: (text: string) => void): Promise<void> {
  const open = new Set(seen.filter(({ state }) => state?.toLowerCase() !== 'completed').map(({ id }) => id));
  for (const from of sides) {
    const blobs = inputsOf((from.found?.seen ?? []).filter(({ id }) => open.has(id)), jobId);
    if (blobs.length === 0 || from.storage === undefined) continue;
    for (const to of sides.filter((side) => side !== from && side.answered)) {
      if (to.storage === undefined) throw new RunError('usage', `${to.name} has no storage account, and tasks of the job ${jobId} read inputs from one: nothing could move there`);
      note(`copying ${blobs.length} ${blobs.length === 1 ? 'input' : 'inputs'} from ${from.name} to ${to.name}`);
      await copyInputs(blobs, jobId, { from: from.storage, to: to.storage }).catch((error: unknown) => {
        if (!isOutage(error)) throw new RunError('files', `inputs of ${from.name} cannot be copied to ${to.name}: ${reasonOf(error)}`, { cause: error });
        note(`inputs of ${from.name} are not all in ${to.name}: ${reasonOf(error)}`);
      });
    }
  }
}

interface Copied {
  readonly sides: readonly Side[];
  readonly first: FoundJob;
  readonly tasks: readonly SplitTask[];
  readonly seen: readonly TaskSeen[];
  readonly jobId: string;
  readonly metadata: RunMetadata;
  readonly around: RunSurroundings;
}

/** Of tasks that are known from a job alone: where one goes to another account, that gets a copy of job and pool. */
async function copiedCargo({ sides, first, tasks, seen, jobId, metadata, around }: Copied): Promise<Cargo> {
  const bodies = new Map(seen.map((task) => [task.id, task]));
  const owner = sides.find(({ found }) => found === first);
  const { progress, interrupts, now } = around;
  const pool = owner === undefined ? undefined : await owner.batch.pool(first.poolId);
  return {
    prepare: async (side) => {
      const { found } = side;
      if (found !== undefined) {
        await poolOfJob({ ...side, jobId, wish: metadata.ownPool ? metadata.pool : undefined, progress, now, pause: (ms) => pause(ms, interrupts.signal), signal: interrupts.signal });
        return found.seen.flatMap(({ id = '' }) => (bodies.has(id) ? [id] : []));
      }
      const job = await side.batch.job(jobId);
      if (job !== undefined) {
        side.found = await foundJob(side, job, false);
        return sameTasks(side, tasks);
      }
      await makePlace(side, { first, pool, jobId, metadata, around });
      return [];
    },
    bodies: (side, ids) => Promise.all(ids.map((id) => {
      const task = bodies.get(id);
      if (task === undefined) throw new Error(`the job has no task ${id}`);
      return copyOfTask(task, jobId, side.storage);
    })),
  };
}

async function makePlace(side: Side, { first, pool, jobId, metadata, around }: Pick<Copied, 'first' | 'jobId' | 'metadata' | 'around'> & { readonly pool: PoolSeen | undefined }): Promise<void> {
  const { batch, made, poolId, storage } = side;
  if ((await batch.pool(poolId)) === undefined) {
    if (metadata.ownPool && metadata.pool !== undefined) await makePool({ ...side, progress: around.progress }, metadata.pool);
    else if (pool === undefined) throw new RunError('service', `there is no pool ${poolId} to run the job ${jobId} on, and none to copy`);
    else await batch.addPool(copyOfPool(pool));
    made.pool = poolId;
  }
  for (const use of ['in', 'out'] as const) {
    const container = containerName(jobId, use);
    if (storage === undefined || !metadata.containers.includes(container)) continue;
    await storage.ensureContainer(container);
    made.containers.add(container);
  }
  await batch.addJob(copyOfJob(first.job, poolId));
  made.job = jobId;
}

/** Tasks that no account that answers knows of cannot be sent again from here. */
function lacking(result: RunResult, { all, seen, metadata: { parts, tasks }, kind }: { readonly all: readonly TaskSeen[]; readonly seen: readonly TaskSeen[]; readonly metadata: RunMetadata; readonly kind: ComeBack['kind'] }): RunResult {
  const wanted = parts?.tasks ?? tasks;
  if (kind === 'fetch' && seen.length < all.length) return { ...result, failure: result.failure ?? 'leftRunning', message: `${seen.length} of ${all.length} tasks are completed` };
  if (result.failure !== undefined || all.length >= wanted) return result;
  return { ...result, failure: 'taskFailed', message: `${wanted - all.length} of ${wanted} tasks are in no account that answers: give the run again what it was given, with --job and --resume` };
}
