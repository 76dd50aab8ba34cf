import type { BatchAccount } from './account/batchAccount.ts';
import { cleanUp, type Made } from './cleanUp.ts';
import type { Found } from './plan/matching.ts';
import { BLOCKED_FIELDS, blockedTasks } from './watch/blocked.ts';
import type { Connection } from './account/connection.ts';
import type { Download } from './files/downloads.ts';
import { RunError, reasonOf, type Failure } from './failure.ts';
import type { Decision, Interrupts } from './watch/interrupt.ts';
import { OUTCOME_FIELDS, outcomeOf, type TaskOutcome } from './watch/outcome.ts';
import { inParallel, pause } from './concurrency.ts';
import type { Progress } from './watch/progress.ts';
import { refusalOf } from './account/refusal.ts';
import type { Storage } from './account/storage.ts';
import { downloadOutputs } from './files/transfers.ts';
import { watchTasks } from './watch/watch.ts';

/** Requests at a time, where each is about one task. */
const REQUESTS = 8;

/** What the end of a run needs to know of a task. */
export interface RunTask {
  readonly id: string;
  readonly item: { readonly label: string };
  /** Its output patterns. */
  readonly outputs: readonly string[];
  /** Set when a merge gets its results: its stdout is none of the run's. */
  readonly merged?: true;
  /** `succeeded` for one that an earlier run has had done. */
  readonly found?: Found['kind'];
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
  /** What the user should know, and is no failure. */
  readonly notes?: readonly string[];
  /** Whether the job can take tasks still, and run failed ones again. */
  readonly open: boolean;
  /** How many tasks were ended by Ctrl-C, where the job was not. */
  readonly endedTasks?: number;
  /** What Ctrl-C decided. */
  readonly decision: Decision | undefined;
  readonly connection: Connection;
  /** How further commands name the accounts of the run; left out: as `connection` says. */
  readonly accountFlags?: string;
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
  /** `keepJob`: with its containers. */
  readonly options: { readonly to: string; readonly keepJob: boolean; readonly keepPool: boolean; readonly detach: boolean };
  readonly around: Pick<RunSurroundings, 'progress' | 'interrupts' | 'now'>;
  readonly tasks: readonly Task[];
  /** How many tasks the job has, with those of other runs. */
  readonly total: number;
  /** Whether tasks may wait for others, or be run again: then counts do not say it all. */
  readonly waits: boolean;
  /** Whether the job is not this run's own: it is never removed, nor ended as a whole. */
  readonly foreign: boolean;
  /** Whether the job stays open when its tasks are completed. */
  readonly open: boolean;
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
  const { jobId, poolId, tasks, connection, made, batch, around, startedAt, open } = run;
  return { failure, jobId, poolId, tasks, outcomes, downloads, open, unfetched: [], decision: around.interrupts.decision(), connection, made, batch, elapsedMs: around.now() - startedAt };
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
      // Nobody would be there to end it.
      if (run.made.stage === 'submitted' && run.made.job !== undefined && !run.options.keepJob) await run.batch.endJobWithItsTasks(run.jobId);
      return resultOf(run, 'leftRunning');
    case 'end':
      progress.step('ending the job');
      if (run.options.keepJob) return { ...resultOf(run, 'ended'), endedTasks: await endTasks(run) };
      if (run.made.job !== undefined) await run.batch.terminateJob(run.jobId, 'EndedByUser');
      return resultOf(run, 'ended');
    case undefined:
      return undefined;
  }
}

/** Ends what of the run is not completed, where its job is to stay open. @returns how many tasks that were */
export async function endTasks({ batch, jobId, tasks, made, foreign }: Pick<Run, 'batch' | 'jobId' | 'tasks' | 'made' | 'foreign'>): Promise<number> {
  if (made.job === undefined && !foreign) return 0;
  const ours = new Set(tasks.map(({ id }) => id.toLowerCase()));
  const left = (await batch.tasks(jobId, 'id,state')).filter(({ id = '', state }) => ours.has(id.toLowerCase()) && state?.toLowerCase() !== 'completed');
  await inParallel(left, REQUESTS, ({ id = '' }) => batch.terminateTask(jobId, id));
  return left.length;
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
export function unmatched({ tasks }: Pick<Run, 'tasks'>, outcomes: readonly TaskOutcome[], downloads: readonly Download[]): string[] {
  const matched = new Set(downloads.map(({ taskId, pattern }) => `${taskId.toLowerCase()}/${pattern}`));
  const empty = new Map<string, string[]>();
  for (const [index, { id, succeeded }] of outcomes.entries()) {
    for (const [pattern, text] of succeeded ? (tasks[index]?.outputs ?? []).entries() : []) {
      if (!matched.has(`${id.toLowerCase()}/${pattern}`)) empty.set(text, [...(empty.get(text) ?? []), id]);
    }
  }
  return [...empty].map(([pattern, ids]) => `no file matched ${pattern} in ${ids.length} of the tasks that succeeded (${ids[0]}${ids.length > 1 ? ', …' : ''})`);
}

function watch(run: Run): Promise<void> {
  const { batch, jobId, poolId, total, around } = run;
  const { interrupts, progress, now } = around;
  return watchTasks({
    batch,
    jobId,
    poolId,
    total,
    ...(run.waits ? { nothingLeft: () => nothingLeft(run), others: total > run.tasks.length } : {}),
    signal: interrupts.signal,
    now,
    pause: (ms) => pause(ms, interrupts.signal),
    seen: (counts, waiting) => {
      if (!interrupts.asking()) progress.counts(counts, total, waiting);
    },
    note: (text) => progress.note(text),
  });
}

/** Whether none of the run's tasks can still run. */
async function nothingLeft({ batch, jobId, tasks }: Run): Promise<boolean> {
  const seen = await batch.tasks(jobId, BLOCKED_FIELDS);
  const blocked = blockedTasks(seen);
  const ours = new Set(tasks.map(({ id }) => id.toLowerCase()));
  return seen.every(({ id = '', state }) => !ours.has(id.toLowerCase()) || state?.toLowerCase() === 'completed' || blocked.has(id.toLowerCase()));
}

async function outcomesOf({ batch, jobId, tasks, waits }: Run): Promise<TaskOutcome[]> {
  const listed = await batch.tasks(jobId, waits ? `${OUTCOME_FIELDS},dependsOn,exitConditions` : OUTCOME_FIELDS);
  const blocked = waits ? blockedTasks(listed) : new Set<string>();
  const seen = new Map(listed.map((task) => [task.id?.toLowerCase(), task]));
  return tasks.map(({ id }) => {
    const outcome = outcomeOf(seen.get(id.toLowerCase()) ?? { id });
    return blocked.has(id.toLowerCase()) ? { ...outcome, reason: 'a task that it waits for has failed' } : outcome;
  });
}

/** Removes what a run has made, as far as its options and its outcome allow. */
export async function clean(run: Pick<Run, 'batch' | 'storage' | 'made'> & { readonly options: Pick<Run['options'], 'keepJob' | 'keepPool' | 'detach'>; readonly around: Pick<Run['around'], 'progress'> }, { failure, unfetched }: Pick<RunResult, 'failure' | 'unfetched'>): Promise<void> {
  const { options, around, batch, storage, made } = run;
  const goesOn = failure === 'leftRunning' || (failure === 'service' && made.stage === 'submitted') || (options.detach && failure === undefined);
  if (goesOn) return;
  // Its nodes hold what is missing, or say why they could not be used.
  const lacking = made.stage !== 'preparing' && (unfetched.length > 0 || failure === 'noNodes');
  const work = cleanUp(made, {
    batch,
    storage,
    keepJob: (options.keepJob && made.stage !== 'preparing') || lacking || (failure !== undefined && (failure !== 'service' || made.stage !== 'preparing')),
    keepPool: options.keepPool || lacking,
    // What could not be fetched can be fetched again, and what failed be run again.
    keepContainers: (options.keepJob && made.stage !== 'preparing') || lacking || (made.stage === 'over' && failure !== undefined),
  });
  await work.catch((error: unknown) => around.progress.note(`clean-up: ${reasonOf(error)}`));
}
