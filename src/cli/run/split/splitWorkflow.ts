import { pause } from '../concurrency.ts';
import type { Connection } from '../account/connection.ts';
import type { Report, RunResult, RunSurroundings } from '../ending.ts';
import { RunError } from '../failure.ts';
import { refuseOver } from '../join.ts';
import { freeName } from '../plan/names.ts';
import { planSubmission } from '../plan/submission.ts';
import { checkTarget } from '../plan/target.ts';
import { planRun } from '../planRun.ts';
import { needsStorage, storageOf, type RunOptions } from '../workflow.ts';
import { plannedCargo, sameTasks } from './cargo.ts';
import type { Side } from './side.ts';
import { carryOutSplit, checkSides, connectSides, seenOn, weightOf, type SplitOptions } from './splitRun.ts';

/** A request to storage is tried so often: who waits for a region that is gone asks again himself. */
export const STORAGE_TRIES = 2;

/**
 * `runWorkflow` over several accounts. Job, pool and tasks have the same names in all of them.
 * @throws RunError, when nothing has been sent
 */
export async function runSplit(options: RunOptions, split: SplitOptions, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const { progress, interrupts, now } = around;
  const name = freeName('run');
  const plan = await planRun(options, around);
  await checkTarget(options.to);
  const isStored = needsStorage(plan);
  const storage = async (connection: Connection): Promise<Side['storage']> => (isStored ? storageOf(connection, STORAGE_TRIES) : undefined);
  const sides = await connectSides(split.places, { jobId: options.job, isWhole: false, lostAfterMs: split.lostAfterMs, storageOf: storage, note: (text) => progress.note(text) });
  const jobId = options.job ?? name;
  for (const side of sides) refuseJob(side, options);
  await checkSides(sides, options, (text) => progress.note(text));
  const submission = planSubmission({ ...plan, template: options.template, jobId, resume: options.resume, seen: seenOn(sides) });
  const { tasks } = submission;
  for (const { found } of sides) if (found !== undefined) refuseOver(found, tasks.filter(({ found: kind }) => kind !== 'succeeded').length);
  for (const side of sides) if (side.found !== undefined) sameTasks(side, tasks);
  const poolId = sides.find(({ found }) => found !== undefined)?.found?.poolId ?? options.pool ?? name;
  for (const side of sides) side.poolId = side.found?.poolId ?? poolId;
  const { nodes, lowPriorityNodes, slots } = options.poolWish;
  const shares = await Promise.all(sides.map(async (side) => ({ name: side.name, weight: await weightOf(side, options.pool, slots * (nodes + lowPriorityNodes)) })));
  const accounts = split.places.map((place) => place.name);
  const cargo = plannedCargo({ options, plan, jobId, tasks, accounts, progress, signal: interrupts.signal, now, pause: (ms) => pause(ms, interrupts.signal) });
  const keepJob = options.keep || options.resume;
  return carryOutSplit({
    options: { ...split, to: options.to, keepJob, keepPool: options.keep || options.keepPool, detach: options.detach },
    sides,
    shares,
    tasks,
    cargo,
    jobId,
    around,
    startedAt,
    again: new Set(tasks.filter(({ found }) => found === 'failed').map(({ id }) => id)),
  }, report);
}

function refuseJob({ name, found }: Side, { job, resume }: RunOptions): void {
  if (found === undefined) return;
  if (!resume) throw new RunError('usage', `${name}: there is a job ${job} already: give another --job, come back to it with --attach ${job}, or add --resume to run what of it is missing`);
  if (found.metadata === undefined) throw new RunError('usage', `${name}: the job ${job} was not made by linarite run: nothing says what of it is done`);
}
