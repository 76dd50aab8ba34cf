import type { BatchAccount } from './batchAccount.ts';
import { jobBody, poolBody, taskBody, type PoolWish } from './bodies.ts';
import { cleanUp, type Made } from './cleanUp.ts';
import { connect, type Connection, type ConnectionFlags } from './connection.ts';
import type { Download } from './downloads.ts';
import { RunError, reasonOf, type Failure } from './failure.ts';
import { chooseImage } from './image.ts';
import type { Decision, Interrupts } from './interrupt.ts';
import { readItems, type ItemSources } from './items.ts';
import { freeName } from './names.ts';
import { OUTCOME_FIELDS, outcomeOf, type TaskOutcome } from './outcome.ts';
import { pause } from './pause.ts';
import { planTasks, type PlannedTask, type TaskTemplate } from './plan.ts';
import type { Progress } from './progress.ts';
import { refusalOf } from './refusal.ts';
import { readSharedFile, type SharedFile } from './resourceFiles.ts';
import { serviceCode } from './serviceCode.ts';
import type { Storage } from './storage.ts';
import { addAllTasks } from './submit.ts';
import { checkTarget } from './target.ts';
import { downloadOutputs, uploadInputs, type Urls } from './transfers.ts';
import { watchTasks } from './watch.ts';

export interface RunOptions {
  readonly sources: ItemSources;
  readonly template: TaskTemplate;
  /** Local files or URLs that every task gets. */
  readonly resourceFiles: readonly string[];
  /** Where outputs are put. */
  readonly to: string;
  /** A pool that exists; without it one is made. */
  readonly pool?: string;
  readonly poolWish: PoolWish;
  readonly image?: string;
  readonly job?: string;
  readonly retries: number;
  readonly maxTime?: string;
  readonly keep: boolean;
  readonly keepPool: boolean;
  readonly detach: boolean;
  readonly connection: ConnectionFlags;
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
  readonly tasks: readonly PlannedTask[];
  /** One for each task that is completed, in the order of `tasks`. Empty when the run did not wait for the end. */
  readonly outcomes: readonly TaskOutcome[];
  readonly downloads: readonly Download[];
  /** What Ctrl-C decided. */
  readonly decision: Decision | undefined;
  readonly connection: Connection;
  /** What of the run's own is still there. */
  readonly made: Made;
  readonly elapsedMs: number;
  /** For what the report still wants to read; gone when the run left nothing to read. */
  readonly batch: BatchAccount;
}

/** What is settled before the first task is added. */
interface Run {
  readonly options: RunOptions;
  readonly around: RunSurroundings;
  readonly tasks: readonly PlannedTask[];
  readonly shared: readonly SharedFile[];
  readonly connection: Connection;
  readonly batch: BatchAccount;
  readonly storage: Storage | undefined;
  readonly jobId: string;
  readonly poolId: string;
  readonly startedAt: number;
  readonly made: Made;
}

/**
 * The whole workflow of a Batch application: upload, pool, job, tasks, watch, download. `report` is called before anything is
 * removed, so that it can still read files of tasks; the run's own pool, job and containers go afterwards as far as
 * options and outcome allow.
 * @throws RunError for everything that a user can mend, before all tasks are in the job; what had been made until then has been removed
 */
export async function runWorkflow(options: RunOptions, around: RunSurroundings, report: (result: RunResult) => Promise<void>): Promise<RunResult> {
  const startedAt = around.now();
  const name = freeName('run');
  const tasks = planTasks(await readItems(options.sources, around.readStdin), options.template);
  const shared = await Promise.all(options.resourceFiles.map(readSharedFile));
  await checkTarget(options.to);
  const connection = await connect(options.connection, around.environment, (text) => around.progress.note(text));
  const needsStorage = tasks.some(({ item, outputs }) => item.file !== undefined || outputs.length > 0) || shared.some(({ source }) => source.kind === 'local');
  // The SDKs are large: loaded only now, what is wrong is told at once.
  const { connectBatch } = await import('./batchAccount.ts');
  const run: Run = {
    options,
    around,
    tasks,
    shared,
    connection,
    batch: connectBatch(connection.batch),
    storage: needsStorage ? await storageOf(connection) : undefined,
    jobId: options.job ?? name,
    poolId: options.pool ?? name,
    startedAt,
    made: { stage: 'preparing', containers: new Set(), pool: undefined, job: undefined },
  };
  try {
    await run.batch.probe();
    return await finish(run, await carryOut(run), report);
  } catch (error) {
    const refusal = refusalOf(error);
    // Days of work may stand in that job: what is left of it is told, as of any other end.
    if (refusal !== undefined && run.made.stage !== 'preparing') return finish(run, { ...resultOf(run, refusal.failure, [], []), message: refusal.message }, report);
    await clean(run, refusal?.failure ?? 'service');
    throw refusal ?? error;
  }
}

async function finish(run: Run, result: RunResult, report: (result: RunResult) => Promise<void>): Promise<RunResult> {
  await report(result);
  await clean(run, result.failure);
  return result;
}

async function storageOf({ storage }: Connection): Promise<Storage> {
  if (storage === undefined) throw new RunError('usage', 'inputs and outputs need a storage account: set AZURE_STORAGE_CONNECTION_STRING (or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY)');
  // Found out later it would be a bug of ours in words, after the upload.
  if (!/(^|;)\s*AccountKey=/i.test(storage)) throw new RunError('usage', 'AZURE_STORAGE_CONNECTION_STRING needs an AccountKey: tasks are given URLs that are signed with it');
  const { connectStorage } = await import('./storage.ts');
  try {
    return connectStorage(storage);
  } catch (cause) {
    throw new RunError('usage', `AZURE_STORAGE_CONNECTION_STRING: ${reasonOf(cause)}`, { cause });
  }
}

async function carryOut(run: Run): Promise<RunResult> {
  const { around, options } = run;
  const { interrupts, progress } = around;
  await preparePool(run);
  const urls = interrupts.signal.aborted ? undefined : await uploadInputs({ ...run, progress, signal: interrupts.signal });
  if (urls !== undefined && !interrupts.signal.aborted) {
    await submit(run, urls);
    if (options.detach) return resultOf(run, undefined, [], []);
    await watch(run);
  }
  const decision = interrupts.decision();
  if (decision === 'leave') return resultOf(run, 'leftRunning', [], []);
  if (decision === 'end') {
    progress.step('ending the job');
    if (run.made.job !== undefined) await run.batch.terminateJob(run.jobId, 'EndedByUser');
    return resultOf(run, 'ended', [], []);
  }
  const outcomes = await outcomesOf(run);
  run.made.stage = 'over';
  try {
    const downloads = await downloadOutputs({ ...run, progress, signal: interrupts.signal }, options.to);
    return resultOf(run, outcomes.every(({ succeeded }) => succeeded) ? undefined : 'taskFailed', outcomes, downloads);
  } catch (error) {
    if (interrupts.signal.aborted) return resultOf(run, interrupts.decision() === 'leave' ? 'leftRunning' : 'ended', [], []);
    if (!(error instanceof RunError)) throw error;
    return { ...resultOf(run, error.failure, outcomes, []), message: error.message };
  }
}

function resultOf(run: Run, failure: Failure | undefined, outcomes: readonly TaskOutcome[], downloads: readonly Download[]): RunResult {
  const { jobId, poolId, tasks, connection, made, batch, around, startedAt } = run;
  return { failure, jobId, poolId, tasks, outcomes, downloads, decision: around.interrupts.decision(), connection, made, batch, elapsedMs: around.now() - startedAt };
}

async function preparePool({ options, batch, poolId, made, around }: Run): Promise<void> {
  if (options.pool !== undefined) {
    if ((await batch.pool(poolId)) === undefined) throw new RunError('usage', `there is no pool ${poolId}; without --pool one is made for the run`);
    return;
  }
  const { nodes, lowPriorityNodes, slots } = options.poolWish;
  const image = chooseImage(await batch.images(), options.image);
  around.progress.step(`pool ${poolId}: ${nodes + lowPriorityNodes} ${nodes + lowPriorityNodes === 1 ? 'node' : 'nodes'} of ${slots} ${slots === 1 ? 'slot' : 'slots'}`);
  await batch.addPool(poolBody(poolId, options.poolWish, image));
  made.pool = poolId;
}

async function submit({ options, batch, tasks, jobId, poolId, made, around }: Run, urls: Urls): Promise<void> {
  const { progress, interrupts } = around;
  await batch.addJob(jobBody(jobId, poolId));
  made.job = jobId;
  interrupts.jobExists();
  progress.step(`job ${jobId}: ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`);
  const bodies = tasks.map((task) =>
    taskBody(task, {
      inputUrl: urls.inputs.get(task.id),
      shared: urls.shared,
      outputUrl: urls.outputs,
      retries: options.retries,
      ...(options.maxTime === undefined ? {} : { maxTime: options.maxTime }),
    }),
  );
  await addAllTasks(bodies, {
    add: (some) => batch.addTasks(jobId, some),
    codeOf: serviceCode,
    pause: (ms) => pause(ms, interrupts.signal),
    stopped: () => interrupts.decision() === 'end',
  });
  made.stage = 'submitted';
  await batch.endJobWithItsTasks(jobId);
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
    seen: (counts) => {
      if (!interrupts.asking()) progress.counts(counts, tasks.length);
    },
    note: (text) => progress.note(text),
  });
}

async function outcomesOf({ batch, jobId, tasks }: Run): Promise<TaskOutcome[]> {
  const seen = new Map((await batch.tasks(jobId, OUTCOME_FIELDS)).map((task) => [task.id?.toLowerCase(), task]));
  return tasks.map(({ id }) => outcomeOf(seen.get(id.toLowerCase()) ?? { id }));
}

async function clean(run: Run, failure: Failure | undefined): Promise<void> {
  const { options, around, batch, storage, made } = run;
  const goesOn = failure === 'leftRunning' || (failure === 'service' && made.stage === 'submitted') || (options.detach && failure === undefined);
  if (options.keep || goesOn) return;
  const work = cleanUp(made, {
    batch,
    storage,
    keepJob: failure !== undefined && (failure !== 'service' || made.stage !== 'preparing'),
    keepPool: options.keepPool,
    // What could not be fetched can be fetched again.
    keepContainers: made.stage === 'over' && failure !== undefined && failure !== 'taskFailed',
  });
  await work.catch((error: unknown) => around.progress.note(`clean-up: ${reasonOf(error)}`));
}
