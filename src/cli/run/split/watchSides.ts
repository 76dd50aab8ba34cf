import type { Counts } from '../account/batchAccount.ts';
import { inParallel } from '../concurrency.ts';
import { RunError } from '../failure.ts';
import { isOutage, refusalOf, serviceCode } from '../account/refusal.ts';
import { addAllTasks } from '../submit.ts';
import type { Progress } from '../watch/progress.ts';
import { OUTCOME_FIELDS, outcomeOf } from '../watch/outcome.ts';
import { checkPool } from '../watch/watch.ts';
import type { Cargo, SplitTask } from './cargo.ts';
import type { Ledger } from './ledger.ts';
import { namedAfter, type Side } from './side.ts';
import type { Staging } from './staging.ts';

/** How long between two looks: soon at first, for tasks of a second; later every two seconds. */
const FIRST_LOOK_MS = 150;
const LONGEST_LOOK_MS = 2_000;
/** How often job and pool are looked at while nothing runs. */
const POOL_LOOK_MS = 3_000;
/** How often tasks are listed although counts say nothing new. */
const LIST_MS = 30_000;
/** Tasks that are fetched from one side at a time. */
const FETCHES = 8;
const OVER: readonly string[] = ['completed', 'terminating', 'deleting'];

export interface WatchedSides {
  readonly sides: readonly Side[];
  readonly tasks: readonly SplitTask[];
  readonly ledger: Ledger;
  readonly cargo: Cargo;
  readonly staging: Staging;
  readonly jobId: string;
  /** A side that is silent for so long is lost. */
  readonly lostAfterMs: number;
  /** So long none of them may be there. */
  readonly giveUpMs: number;
  /** Whether all that is wanted is that sides have the tasks. */
  readonly untilSent?: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Sends tasks to their sides and fetches each result as it is there, until all are here or the signal is aborted. Each
 * side is asked by itself, twice at a time: whether it answers, and all else. So one that hangs holds up no other, and
 * a long download is no silence.
 * @throws RunError noNodes, when no side runs anything; service, when none has answered for `giveUpMs`
 */
export async function watchSides(watched: WatchedSides): Promise<void> {
  const { sides, tasks, ledger, giveUpMs, untilSent = false, progress, signal, now, pause } = watched;
  let done = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  const workers = sides.map((side) => workerOf(side, { ...watched, settled: () => (ledger.isOver() ? done() : undefined) }));
  let untilNextMs = FIRST_LOOK_MS;
  let silentSince: number | undefined;
  const isDone = (): boolean => ledger.isOver() || (untilSent && ledger.isSent());
  while (!signal.aborted && !isDone()) {
    for (const worker of workers) worker.kick();
    for (const name of ledger.silent(now())) {
      sides.find((side) => side.name === name)?.close();
      progress.note(`${name} does not answer any more: ${ledger.left()} of ${tasks.length} tasks have no result here yet, those of ${name} go to the others`);
    }
    tellMoves(ledger, progress);
    throwIfHopeless(watched);
    silentSince = sides.some(({ name }) => ledger.stateOf(name).kind === 'up') ? undefined : (silentSince ?? now());
    if (silentSince !== undefined && now() - silentSince >= giveUpMs) throw new RunError('service', `none of ${sides.map(({ name }) => name).join(', ')} can be given tasks: ${ledger.left()} of ${tasks.length} tasks have no result here`);
    tellCounts(watched);
    await Promise.race([pause(untilNextMs), over]);
    untilNextMs = Math.min(LONGEST_LOOK_MS, untilNextMs * 1.25);
  }
  for (const worker of workers) worker.throwIfFailed();
}

function tellMoves(ledger: Ledger, progress: Progress): void {
  for (const [name, count] of ledger.share()) progress.note(`${count} ${count === 1 ? 'task is' : 'tasks are'} sent again, to ${name}`);
}

function throwIfHopeless({ sides, ledger }: WatchedSides): void {
  const reasons = sides.flatMap(({ name }) => {
    const state = ledger.stateOf(name);
    return state.kind === 'unfit' ? [`${name}: ${state.reason}`] : [];
  });
  if (reasons.length === sides.length) throw new RunError('noNodes', reasons.join('; '));
}

function tellCounts({ sides, tasks, ledger, progress }: WatchedSides): void {
  const running = sides.reduce((sum, { counts, name }) => sum + (ledger.stateOf(name).kind === 'up' ? (counts?.running ?? 0) : 0), 0);
  const completed = tasks.length - ledger.left();
  progress.counts({ active: Math.max(0, ledger.left() - running), running, completed, succeeded: completed, failed: 0 }, tasks.length);
}

/** What is done with one side. */
interface Worker {
  /** Begins what is not under way. @throws what has failed and is no outage */
  kick(): void;
  throwIfFailed(): void;
}

interface Working extends WatchedSides {
  /** To be called when a result is here. */
  readonly settled: () => void;
}

function workerOf(side: Side, watched: Working): Worker {
  const { ledger, jobId, now, lostAfterMs } = watched;
  const step = stepOf(side, watched);
  let failure: unknown;
  let askedAt: number | undefined;
  let working: Promise<void> | undefined;
  const fail = (error: unknown): void => {
    // What hangs, breaks and comes back is told by whether the side answers.
    if (!isOutage(error) && !watched.signal.aborted && !ledger.isOver()) failure ??= namedAfter(side, error);
  };
  const ask = async (): Promise<void> => {
    if (side.isPrepared || side.found !== undefined) {
      const counts = await countsOf(side, jobId);
      if (counts === undefined) giveUp(side, watched, `the job ${jobId} is gone there`);
      side.counts = counts;
    } else await side.batch.probe();
    if (ledger.heard(side.name, now()) && side.answered) watched.progress.note(`${side.name} answers again`);
    side.answered = true;
  };
  const throwIfFailed = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    throwIfFailed,
    kick: () => {
      throwIfFailed();
      // Nothing comes any more over a connection that hangs.
      if (askedAt !== undefined && now() - askedAt >= lostAfterMs) side.close();
      if (askedAt === undefined) {
        askedAt = now();
        void ask().catch(fail).finally(() => {
          askedAt = undefined;
        });
      }
      if (ledger.stateOf(side.name).kind === 'lost') return;
      working ??= step().catch(fail).finally(() => {
        working = undefined;
      });
    },
  };
}

/** Undefined: there is no such job. */
async function countsOf({ batch }: Side, jobId: string): Promise<Counts | undefined> {
  return batch.counts(jobId).catch((error: unknown) => {
    if (serviceCode(error) === 'JobNotFound') return undefined;
    throw error;
  });
}

/** All that there is to do with a side at the time. */
function stepOf(side: Side, watched: Working): () => Promise<void> {
  const { ledger, jobId, now } = watched;
  let listed = { at: -Infinity, completed: -1 };
  let poolSeenAt = now();
  return async () => {
    if (ledger.due(side.name).length > 0) await send(side, watched);
    await callOff(side, watched);
    const { counts } = side;
    if (counts === undefined || ledger.awaited(side.name).length === 0) return;
    if (counts.completed !== listed.completed || now() - listed.at > LIST_MS) {
      const at = now();
      await fetchResults(side, watched);
      // Not before: what could not be fetched is fetched at the next look.
      listed = { at, completed: counts.completed };
    }
    if (counts.running > 0 || now() - poolSeenAt < POOL_LOOK_MS || ledger.stateOf(side.name).kind !== 'up') return;
    poolSeenAt = now();
    const state = (await side.batch.job(jobId))?.state?.toLowerCase();
    if (state === undefined || OVER.includes(state)) return giveUp(side, watched, `the job ${jobId} is ${state ?? 'gone'} there`);
    await checkPool(side.batch, side.poolId).catch((error: unknown) => {
      if (!(error instanceof RunError)) throw error;
      giveUp(side, watched, error.message);
    });
  };
}

/** A side that refuses is one that runs nothing: the others may not. What is wrong with the run itself is told. */
async function send(side: Side, watched: WatchedSides): Promise<void> {
  const { ledger, cargo, jobId, signal, pause } = watched;
  try {
    if (!side.isPrepared) {
      ledger.has(side.name, await cargo.prepare(side));
      side.isPrepared = true;
    }
    const ids = ledger.due(side.name);
    const bodies = await cargo.bodies(side, ids);
    if (signal.aborted) return;
    await addAllTasks(bodies, { add: (some) => side.batch.addTasks(jobId, some), codeOf: serviceCode, pause, stopped: () => signal.aborted });
    // What has been settled meanwhile is surplus then, and ended.
    ledger.has(side.name, ids);
    side.made.stage = 'submitted';
  } catch (error) {
    if (isOutage(error) || signal.aborted) throw error;
    const refusal = refusalOf(error);
    if (refusal === undefined || refusal.failure === 'usage') throw error;
    giveUp(side, watched, refusal.message);
  }
}

function giveUp({ name }: Side, { ledger, progress }: WatchedSides, reason: string): void {
  if (ledger.unfit(name, reason)) progress.note(`${name} runs nothing: ${reason}; what waits there goes to the others`);
}

/** Ends what the side still has although its result is here. */
async function callOff({ name, batch }: Side, { ledger, jobId }: WatchedSides): Promise<void> {
  const ids = ledger.surplus(name);
  await inParallel(ids, FETCHES, async (id) => {
    await batch.terminateTask(jobId, id).catch((error: unknown) => {
      if (serviceCode(error) !== 'TaskNotFound') throw error;
    });
    ledger.dropped(name, [id]);
  });
}

async function fetchResults(side: Side, { ledger, tasks, staging, jobId, signal, settled }: Working): Promise<void> {
  const byId = new Map(tasks.map((task) => [task.id.toLowerCase(), task]));
  const awaited = new Set(ledger.awaited(side.name));
  const completed = (await side.batch.tasks(jobId, OUTCOME_FIELDS)).flatMap((seen) => {
    const task = byId.get(seen.id?.toLowerCase() ?? '');
    return task === undefined || seen.state?.toLowerCase() !== 'completed' || !awaited.has(task.id) ? [] : [{ task, outcome: outcomeOf(seen) }];
  });
  await inParallel(completed, FETCHES, async ({ task, outcome }) => {
    if (signal.aborted || ledger.isSettled(task.id)) return;
    if (!outcome.succeeded && ledger.isElsewhere(task.id, side.name)) return ledger.dropped(side.name, [task.id]);
    if (await staging.take(side, task, outcome, signal)) ledger.settle(task.id, side.name);
    settled();
  });
}
