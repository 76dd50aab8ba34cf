import type { BatchAccount } from './account/batchAccount.ts';
import { cleanUp, type Made } from './cleanUp.ts';
import type { Connection } from './account/connection.ts';
import type { Download } from './files/downloads.ts';
import { RunError, reasonOf, type Failure } from './failure.ts';
import type { Decision, Interrupts } from './watch/interrupt.ts';
import { OUTCOME_FIELDS, outcomeOf, type TaskOutcome } from './watch/outcome.ts';
import { pause } from './concurrency.ts';
import type { Progress } from './watch/progress.ts';
import { refusalOf } from './account/refusal.ts';
import type { Storage } from './account/storage.ts';
import { downloadOutputs } from './files/transfers.ts';
import { watchTasks } from './watch/watch.ts';

/** What the end of a run needs to know of a task. */
interface RunTask {
  readonly id: string;
  readonly item: { readonly label: string };
  /** Its output patterns. */
  readonly outputs: readonly string[];
}

export interface RunSurroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly readStdin: () => Promise<string>;
  readonly progress: Progress;
  readonly interrupts: Interrupts;
  readonly now: () => number;
}

/** What a run came to. */
export interface RunResult {
  /** Undefined when everything succeeded. */
  readonly failure: Failure | undefined;
  /** Why, where neither outcomes nor decision say it. */
  readonly message?: string;
  readonly jobId: string;
  readonly poolId: string;
  readonly tasks: readonly RunTask[];
  /** One for each task that is completed, in the order of `tasks`. Empty when the run did not wait for the end. */
  readonly outcomes: readonly TaskOutcome[];
  readonly downloads: readonly Download[];
  /** The results that could not be fetched, a sentence each. Job and pool stay as long as there is one. */
  readonly unfetched: readonly string[];
  /** What Ctrl-C decided. */
  readonly decision: Decision | undefined;
  readonly connection: Connection;
  /** What of the run's own is still there. */
  readonly made: Made;
  readonly elapsedMs: number;
  /** For what the report still wants to read; gone when the run left nothing to read. */
  readonly batch: BatchAccount;
}

/**
 * Tells about a run while its nodes still have the tasks' files; `to` is where outputs are. Adds results that it could
 * not read to `unfetched`.
 */
export type Report = (result: RunResult, to: string) => Promise<RunResult>;

/** A run whose tasks are about to be added, or are there. */
export interface Run<Task extends RunTask = RunTask> {
  readonly options: { readonly to: string; readonly keep: boolean; readonly keepPool: boolean; readonly detach: boolean };
  readonly around: Pick<RunSurroundings, 'progress' | 'interrupts' | 'now'>;
  readonly tasks: readonly Task[];
  readonly connection: Connection;
  readonly batch: BatchAccount;
  readonly storage: Storage | undefined;
  readonly jobId: string;
  readonly poolId: string;
  readonly startedAt: number;
  readonly made: Made;
}

/**
 * Carries a run out and ends it: `report` is called before anything is removed; the run's own pool, job and containers
 * go afterwards as far as options and outcome allow.
 * @throws RunError for what a user can mend, before all tasks are in the job; what had been made until then has been
 * removed
 */
export async function endRun(run: Run, carryOut: () => Promise<RunResult>, report: Report): Promise<RunResult> {
  try {
    return await finish(run, await carryOut(), report);
  } catch (error) {
    const refusal = refusalOf(error);
    // Days of work may stand in that job: what is left of it is told, as of any other end.
    if (refusal !== undefined && run.made.stage !== 'preparing') return finish(run, { ...resultOf(run, refusal.failure), message: refusal.message }, report);
    await clean(run, { failure: refusal?.failure ?? 'service', unfetched: [] });
    throw refusal ?? error;
  }
}

async function finish(run: Run, result: RunResult, report: Report): Promise<RunResult> {
  const reported = await report(result, run.options.to);
  await clean(run, reported);
  return reported;
}

export function resultOf(run: Run, failure: Failure | undefined, outcomes: readonly TaskOutcome[] = [], downloads: readonly Download[] = []): RunResult {
  const { jobId, poolId, tasks, connection, made, batch, around, startedAt } = run;
  return { failure, jobId, poolId, tasks, outcomes, downloads, unfetched: [], decision: around.interrupts.decision(), connection, made, batch, elapsedMs: around.now() - startedAt };
}

/** Watches the tasks of a job to their end and fetches their outputs. */
export async function waitAndFetch(run: Run): Promise<RunResult> {
  await watch(run);
  const left = await leftBy(run);
  if (left !== undefined) return left;
  const outcomes = await outcomesOf(run);
  run.made.stage = 'over';
  return fetchOutputs(run, outcomes);
}

/** Carries out the decision of Ctrl-C; undefined when there was none. */
export async function leftBy(run: Run): Promise<RunResult | undefined> {
  const { interrupts, progress } = run.around;
  switch (interrupts.decision()) {
    case 'leave':
      return resultOf(run, 'leftRunning');
    case 'end':
      progress.step('ending the job');
      if (run.made.job !== undefined) await run.batch.terminateJob(run.jobId, 'EndedByUser');
      return resultOf(run, 'ended');
    case undefined:
      return undefined;
  }
}

/** The run's result, once its tasks' uploads are here. */
export async function fetchOutputs(run: Run, outcomes: readonly TaskOutcome[]): Promise<RunResult> {
  const { interrupts, progress } = run.around;
  try {
    const downloads = await downloadOutputs({ ...run, progress, signal: interrupts.signal }, run.options.to);
    const failed = outcomes.some(({ succeeded }) => !succeeded);
    return missing({ ...resultOf(run, failed ? 'taskFailed' : undefined, outcomes, downloads), unfetched: unmatched(run, outcomes, downloads) });
  } catch (error) {
    if (interrupts.signal.aborted) return resultOf(run, interrupts.decision() === 'leave' ? 'leftRunning' : 'ended');
    if (!(error instanceof RunError)) throw error;
    return { ...resultOf(run, error.failure, outcomes), message: error.message, unfetched: [error.message] };
  }
}

/** A run without all its results has not succeeded, whatever its tasks say. */
export function missing(result: RunResult): RunResult {
  return result.failure === undefined && result.unfetched.length > 0 ? { ...result, failure: 'files' } : result;
}

/** Batch calls a task successful whose output patterns match nothing. */
function unmatched({ tasks }: Run, outcomes: readonly TaskOutcome[], downloads: readonly Download[]): string[] {
  const matched = new Set(downloads.map(({ taskId, pattern }) => `${taskId.toLowerCase()}/${pattern}`));
  const empty = new Map<string, string[]>();
  for (const [index, { id, succeeded }] of outcomes.entries()) {
    for (const [pattern, text] of succeeded ? (tasks[index]?.outputs ?? []).entries() : []) {
      if (!matched.has(`${id.toLowerCase()}/${pattern}`)) empty.set(text, [...(empty.get(text) ?? []), id]);
    }
  }
  return [...empty].map(([pattern, ids]) => `no file matched ${pattern} in ${ids.length} of the tasks that succeeded (${ids[0]}${ids.length > 1 ? ', …' : ''})`);
}

function watch({ batch, jobId, poolId, tasks, around }: Run): Promise<void> {
  const { interrupts, progress, now } = around;
  return watchTasks({
    batch,
    jobId,
    poolId,
    total: tasks.length,
    signal: interrupts.signal,
    now,
    pause: (ms) => pause(ms, interrupts.signal),
    seen: (counts, waiting) => {
      if (!interrupts.asking()) progress.counts(counts, tasks.length, waiting);
    },
    note: (text) => progress.note(text),
  });
}

async function outcomesOf({ batch, jobId, tasks }: Run): Promise<TaskOutcome[]> {
  const seen = new Map((await batch.tasks(jobId, OUTCOME_FIELDS)).map((task) => [task.id?.toLowerCase(), task]));
  return tasks.map(({ id }) => outcomeOf(seen.get(id.toLowerCase()) ?? { id }));
}

async function clean(run: Run, { failure, unfetched }: Pick<RunResult, 'failure' | 'unfetched'>): Promise<void> {
  const { options, around, batch, storage, made } = run;
  const goesOn = failure === 'leftRunning' || (failure === 'service' && made.stage === 'submitted') || (options.detach && failure === undefined);
  if (options.keep || goesOn) return;
  // Its nodes hold what is missing, or say why they could not be used.
  const lacking = made.stage !== 'preparing' && (unfetched.length > 0 || failure === 'noNodes');
  const work = cleanUp(made, {
    batch,
    storage,
    keepJob: lacking || (failure !== undefined && (failure !== 'service' || made.stage !== 'preparing')),
    keepPool: options.keepPool || lacking,
    // What could not be fetched can be fetched again.
    keepContainers: lacking || (made.stage === 'over' && failure !== undefined && failure !== 'taskFailed'),
  });
  await work.catch((error: unknown) => around.progress.note(`clean-up: ${reasonOf(error)}`));
}
