import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { checkApplications } from '../applications.ts';
import type { TaskSeen } from '../account/batchAccount.ts';
import type { Connection } from '../account/connection.ts';
import { inParallel, pause } from '../concurrency.ts';
import { clean, endTasks, missing, unmatched, type Report, type RunResult, type RunSurroundings } from '../ending.ts';
import { reasonOf, RunError, type Failure } from '../failure.ts';
import { quoteForShell } from '../../../base/shellWords.ts';
import { isOutage, refusalOf } from '../account/refusal.ts';
import { chooseImage } from '../plan/image.ts';
import type { TaskOutcome } from '../watch/outcome.ts';
import type { Download } from '../files/downloads.ts';
import type { Cargo, SplitTask } from './cargo.ts';
import { Ledger, type Share } from './ledger.ts';
import { connectPlace, refuseTwice, type Place } from './places.ts';
import { namedAfter, survey, type Side } from './side.ts';
import { createStaging, type Kept, type Staging } from './staging.ts';
import { watchSides } from './watchSides.ts';

/** So long none of the accounts may be there: their tasks go on, and the user can end the watch at any time. */
const GIVE_UP_MS = 3_600_000;
/** Requests to one side at a time, where each is about one task. */
const REQUESTS = 8;

/** How a run goes over several accounts. */
export interface SplitOptions {
  readonly places: readonly Place[];
  /** The file of accounts that `--accounts` has named. */
  readonly file?: string;
  /** An account that is silent for so long is lost. */
  readonly lostAfterMs: number;
}

/**
 * Connects all places, and asks each for the job (`isWhole`: with whole tasks).
 * @throws RunError usage; service, when none answers
 */
export async function connectSides(places: readonly Place[], setting: { readonly jobId: string | undefined; readonly isWhole: boolean; readonly lostAfterMs: number; readonly storageOf: (connection: Connection) => Promise<Side['storage']>; readonly note: (text: string) => void }): Promise<readonly Side[]> {
  const { connectBatch } = await import('../account/batchAccount.ts');
  const found = await Promise.all(places.map(async (place) => ({ name: place.name, connection: await connectPlace(place) })));
  const connected = found.flatMap(({ name, connection }) => (connection === undefined ? [] : [{ name, connection }]));
  for (const { name } of found.filter(({ connection }) => connection === undefined)) setting.note(`no service runs on ${name}: all goes to the others`);
  refuseTwice(connected);
  const sides = await Promise.all(connected.map(async ({ name, connection }): Promise<Side> => {
    const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
    const close = (): void => [agents.http, agents.https].forEach((agent) => agent.destroy());
    const storage = await setting.storageOf(connection).catch((error: unknown) => Promise.reject(namedAfter({ name }, error)));
    return { name, connection, batch: connectBatch(connection.batch, agents), storage, made: { stage: 'preparing', containers: new Set(), pool: undefined, job: undefined }, close, found: undefined, answered: false, poolId: '', isPrepared: false, counts: undefined };
  }));
  await Promise.all(sides.map((side) => survey(side, setting.jobId, setting)));
  if (!sides.some(({ answered }) => answered)) throw new RunError('service', `none of ${places.map(({ name }) => name).join(', ')} answers`);
  return sides;
}

/**
 * Looks before anything is made whether each side can do what is asked for. Nodes of other images may make other
 * results: that is said.
 * @throws RunError usage, naming the side
 */
export async function checkSides(sides: readonly Side[], { pool, image, container, applications }: { readonly pool?: string; readonly image?: string; readonly container?: object; readonly applications: Parameters<typeof checkApplications>[0] }, note: (text: string) => void): Promise<void> {
  const images = await Promise.all(sides.filter(({ answered, found }) => answered && found === undefined).map(async (side) => {
    try {
      await checkApplications(applications, side.batch);
      if (pool !== undefined && (await side.batch.pool(pool)) === undefined) throw new RunError('usage', `there is no pool ${pool}; without --pool one is made for the run`);
      const { imageReference: { publisher, offer, sku } } = pool === undefined ? chooseImage(await side.batch.images(), image, container !== undefined) : { imageReference: {} };
      return `${publisher}:${offer}:${sku} in ${side.name}`;
    } catch (error) {
      throw namedAfter(side, error);
    }
  }));
  const kinds = new Set(images.map((one) => one.slice(0, one.lastIndexOf(' in '))));
  if (pool === undefined && kinds.size > 1) note(`nodes have different images, ${images.join(', ')}: --image names one for all`);
}

/** How much a side can do beside the others: the slots of its pool; one that is made is the same everywhere. */
export async function weightOf({ answered, batch, found }: Side, pool: string | undefined, slots: number): Promise<number> {
  const poolId = found?.poolId ?? pool;
  const seen = poolId === undefined || !answered ? undefined : await batch.pool(poolId);
  if (seen === undefined) return Math.max(1, slots);
  const nodes = Math.max(seen.targetDedicatedNodes ?? 0, seen.currentDedicatedNodes ?? 0) + Math.max(seen.targetLowPriorityNodes ?? 0, seen.currentLowPriorityNodes ?? 0);
  return Math.max(1, nodes * (seen.taskSlotsPerNode ?? 1));
}

/** Of the tasks of all sides one of each id: what is furthest. */
export function seenOn(sides: readonly Side[]): readonly TaskSeen[] {
  const byId = new Map<string, TaskSeen>();
  const rank = ({ state, executionInfo }: TaskSeen): number => (state?.toLowerCase() !== 'completed' ? 1 : executionInfo?.result?.toLowerCase() === 'success' ? 2 : 0);
  for (const task of sides.flatMap(({ found }) => found?.seen ?? [])) {
    const id = task.id?.toLowerCase() ?? '';
    const known = byId.get(id);
    if (known === undefined || rank(task) > rank(known)) byId.set(id, task);
  }
  return [...byId.values()];
}

export interface SplitRun {
  readonly options: SplitOptions & { readonly to: string; readonly keepJob: boolean; readonly keepPool: boolean; readonly detach: boolean };
  readonly sides: readonly Side[];
  readonly shares: readonly Share[];
  readonly tasks: readonly SplitTask[];
  readonly cargo: Cargo;
  readonly jobId: string;
  readonly around: RunSurroundings;
  readonly startedAt: number;
  /** What has failed on the sides that it is on, and is to run again there. */
  readonly again: ReadonlySet<string>;
}

/** Resolves after a time, or when the signal is aborted. */
type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Carries a run over several accounts out and ends it. @throws RunError, when nothing has been sent */
export async function carryOutSplit(run: SplitRun, report: Report, { wait = pause, staging = createStaging(run.options.to, run.jobId) }: { readonly wait?: Wait; readonly staging?: Staging } = {}): Promise<RunResult> {
  const { options, sides, tasks } = run;
  const stopped = new AbortController();
  const ledger = new Ledger(tasks.map(({ id }) => id), run.shares, options.lostAfterMs);
  try {
    const outcome = await ended(run, { staging, ledger, stopped, wait });
    const reported = await report(await resultOf(run, { staging, ledger, ...outcome }), options.to);
    await cleanSides(run, reported, ledger);
    // What is not here may be fetched later: what is stays for that.
    if (reported.failure === undefined || reported.failure === 'taskFailed') await staging.remove();
    return { ...reported, notes: [...(reported.notes ?? []), ...leftOn(run, ledger)] };
  } finally {
    stopped.abort();
    for (const side of sides) side.close();
  }
}

interface Under {
  readonly staging: Staging;
  readonly ledger: Ledger;
}

interface HowEnded {
  readonly failure: Failure | undefined;
  readonly message?: string;
}

/** Watches the run to its end. @throws RunError, when nothing has been sent */
async function ended(run: SplitRun, { staging, ledger, stopped, wait }: Under & { readonly stopped: AbortController; readonly wait: Wait }): Promise<HowEnded> {
  const { sides, tasks, cargo, jobId, around, options } = run;
  const { interrupts, progress, now } = around;
  const { signal } = stopped;
  interrupts.signal.addEventListener('abort', () => stopped.abort());
  interrupts.jobExists();
  try {
    await takeUp(run, { staging, ledger });
    progress.step(`job ${jobId} on ${sides.map(({ name }) => name).join(' and ')}: ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`);
    await Promise.all(sides.map((side) => takenUpAgain(side, run).catch((error: unknown) => {
      // Whether it answers is seen by those who watch it.
      if (!isOutage(error)) throw namedAfter(side, error);
    })));
    await watchSides({ sides, tasks, ledger, cargo, staging, jobId, lostAfterMs: options.lostAfterMs, giveUpMs: Math.max(GIVE_UP_MS, options.lostAfterMs), progress, signal, now, pause: (ms) => wait(ms, signal), untilSent: options.detach });
    return interrupts.decision() === undefined ? { failure: undefined } : await left(run, ledger);
  } catch (error) {
    if (interrupts.signal.aborted) return left(run, ledger);
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    if (sides.some(({ made, found }) => made.stage !== 'preparing' || found !== undefined)) return { failure: refusal.failure, message: refusal.message };
    await cleanSides(run, { failure: refusal.failure, unfetched: [] }, ledger);
    throw refusal;
  }
}

/** What the sides have already, and what is here already. */
async function takeUp({ sides, tasks, again, around }: SplitRun, { staging, ledger }: Under): Promise<void> {
  const known = new Map(tasks.map((task) => [task.id.toLowerCase(), task]));
  for (const side of sides) {
    if (side.answered) ledger.heard(side.name, around.now());
    if (side.found === undefined) continue;
    ledger.has(side.name, side.found.seen.flatMap(({ id = '' }) => known.get(id.toLowerCase())?.id ?? []));
  }
  for (const [id, kept] of await staging.left()) {
    const task = known.get(id.toLowerCase());
    if (task === undefined) continue;
    if (again.has(task.id) || !kept.outcome.succeeded || kept.digest !== task.digest) await staging.forget(id);
    else ledger.settle(task.id, kept.side);
  }
}

/** A side that has tasks of before, which are to run there still or again. */
async function takenUpAgain(side: Side, { cargo, again, tasks, jobId }: SplitRun): Promise<void> {
  const ours = new Set(tasks.map(({ id }) => id.toLowerCase()));
  const seen = (side.found?.seen ?? []).filter(({ id = '' }) => ours.has(id.toLowerCase()));
  const isCompleted = ({ state }: TaskSeen): boolean => state?.toLowerCase() === 'completed';
  const failed = seen.filter((task) => again.has(task.id ?? '') && isCompleted(task) && task.executionInfo?.result?.toLowerCase() !== 'success');
  if (failed.length === 0 && seen.every(isCompleted)) return;
  await cargo.prepare(side);
  side.isPrepared = true;
  await inParallel(failed, REQUESTS, ({ id = '' }) => side.batch.reactivateTask(jobId, id));
}

/** Carries out the decision of Ctrl-C where it can be. Jobs that are left stay open, so that tasks can move. */
async function left({ sides, jobId, tasks, options, around }: SplitRun, ledger: Ledger): Promise<HowEnded> {
  if (around.interrupts.decision() === 'leave') return { failure: 'leftRunning' };
  around.progress.step('ending the job');
  await Promise.allSettled(sides.filter(({ name }) => ledger.stateOf(name).kind !== 'lost').map(async (side) => {
    if (options.keepJob) await endTasks({ batch: side.batch, jobId, tasks, made: side.made, foreign: side.found !== undefined });
    else if (side.made.job !== undefined) await side.batch.terminateJob(jobId, 'EndedByUser');
  }));
  return { failure: 'ended' };
}

async function resultOf(run: SplitRun, { staging, ledger, failure, message }: Under & HowEnded): Promise<RunResult> {
  const { sides, tasks, jobId, around, startedAt, options } = run;
  const first = sides.find(({ name }) => ledger.stateOf(name).kind === 'up') ?? sides[0];
  if (first === undefined) throw new Error('a run has no side');
  const kept = await staging.left();
  const here = tasks.flatMap((task) => {
    const one = kept.get(task.id);
    return one === undefined ? [] : [{ task, ...one }];
  });
  const outcomes: readonly TaskOutcome[] = here.map(({ outcome }) => outcome);
  const isWhole = here.length === tasks.length;
  const downloads: readonly Download[] = isWhole && failure === undefined ? await staging.deliver() : [];
  const said = failure ?? (outcomes.some(({ succeeded }) => !succeeded) ? 'taskFailed' : undefined);
  const shown = isWhole && failure === undefined;
  return missing({
    failure: options.detach && failure === undefined ? undefined : said,
    ...(message === undefined ? {} : { message }),
    jobId,
    poolId: first.poolId,
    tasks: shown ? here.map(({ task }) => task) : tasks,
    outcomes: shown ? outcomes : [],
    downloads,
    unfetched: shown ? unmatched({ tasks: here.map(({ task }) => task) }, outcomes, downloads) : [],
    notes: [...notesOf(run, ledger, here), ...(failure === 'leftRunning' || options.detach ? ['its tasks move from one account to the other only while somebody watches: --attach with the same accounts'] : []), ...(shown || here.length === 0 ? [] : [`${here.length} of ${tasks.length} results are here, in ${options.to}, and count when the run goes on with --resume`])],
    open: true,
    decision: around.interrupts.decision(),
    connection: first.connection,
    accountFlags: [...(options.file === undefined ? [] : [`--accounts ${quoteForShell(options.file)}`]), ...options.places.map(({ name }) => `--account ${quoteForShell(name)}`)].join(' '),
    made: { stage: 'over', containers: new Set(), pool: undefined, job: undefined },
    elapsedMs: around.now() - startedAt,
    batch: { ...first.batch, taskFile: (_job, taskId, file) => staging.stream(taskId, file) },
  });
}

/** `east 40, west 60; 12 were sent again, none counts twice`. */
function notesOf({ sides }: SplitRun, ledger: Ledger, here: readonly Kept[]): string[] {
  const counts = sides.map(({ name }) => `${here.filter(({ side }) => side === name).length} from ${name}`).join(', ');
  const moved = ledger.moved();
  return here.length === 0 ? [] : [`results: ${counts}${moved === 0 ? '' : `; ${moved} ${moved === 1 ? 'task was' : 'tasks were'} sent to a second account, each result counts once`}`];
}

async function cleanSides(run: SplitRun, result: Pick<RunResult, 'failure' | 'unfetched'>, ledger: Ledger): Promise<void> {
  const { sides, options, around } = run;
  const goesOn = result.failure === 'leftRunning' || (options.detach && result.failure === undefined);
  if (goesOn) return;
  await Promise.all(sides.filter(({ name }) => ledger.stateOf(name).kind !== 'lost').map(async (side) => {
    if (side.made.stage === 'submitted' && (result.failure === undefined || result.failure === 'taskFailed')) side.made.stage = 'over';
    await clean({ ...side, options, around }, result).catch((error: unknown) => around.progress.note(`${side.name}: clean-up: ${reasonOf(error)}`));
  }));
}

/** What of the run is still there, by side. */
function leftOn({ sides, options, jobId }: SplitRun, ledger: Ledger): string[] {
  return sides.flatMap((side) => {
    const { name, made, connection: { batch: { endpoint } } } = side;
    const things = [...(made.job === undefined ? [] : [`job ${made.job}`]), ...(made.pool === undefined ? [] : [`pool ${made.pool}`]), ...[...made.containers].map((container) => `container ${container}`)];
    if (things.length === 0) return [];
    const isLost = ledger.stateOf(name).kind === 'lost';
    const how = options.keepJob && !isLost ? `--attach ${jobId} with the same accounts comes back to it` : isLost ? 'it does not answer: to be deleted when it does' : 'to be deleted when nothing of it is needed any more';
    return [`left in ${name} (${endpoint}): ${things.join(', ')}; ${how}`];
  });
}
