import { hint } from '../hint.ts';
import { jobBody, poolBody, taskBody, type PoolWish } from './plan/bodies.ts';
import { connect, type Connection, type ConnectionFlags } from './account/connection.ts';
import { endRun, leftBy, resultOf, waitAndFetch, type Report, type Run, type RunResult, type RunSurroundings } from './ending.ts';
import { RunError, reasonOf } from './failure.ts';
import { chooseImage } from './plan/image.ts';
import { readItems, type ItemSources } from './plan/items.ts';
import { metadataOf, type RunMetadata } from './plan/metadata.ts';
import { freeName } from './plan/names.ts';
import { pause } from './concurrency.ts';
import { hasFiles, planTasks, type PlannedTask, type TaskTemplate } from './plan/plan.ts';
import { readSharedFile, type SharedFile } from './plan/resourceFiles.ts';
import { serviceCode } from './account/refusal.ts';
import type { Storage } from './account/storage.ts';
import { addAllTasks } from './submit.ts';
import { checkTarget } from './plan/target.ts';
import { uploadInputs, type Urls } from './files/transfers.ts';

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

/** A run with all that its tasks are made from. */
interface NewRun extends Run<PlannedTask>, RunPlan {
  readonly options: RunOptions;
  readonly around: RunSurroundings;
}

/**
 * The whole workflow of a Batch application: upload, pool, job, tasks, watch, download, clean-up.
 * @throws RunError as `endRun` does
 */
export async function runWorkflow(options: RunOptions, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const name = freeName('run');
  const { tasks, shared } = await planRun(options, around.readStdin);
  await checkTarget(options.to);
  const connection = await connect(options.connection, around.environment, (text) => around.progress.note(text));
  const needsStorage = hasFiles(tasks, shared) || tasks.some(({ outputs }) => outputs.length > 0);
  // The SDKs are large: loaded only now, what is wrong is told at once.
  const { connectBatch } = await import('./account/batchAccount.ts');
  const run: NewRun = {
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
  return endRun(run, () => carryOut(run), report);
}

/** What a run is made from: all that can be said before anything is contacted. */
export interface RunPlan {
  readonly tasks: readonly PlannedTask[];
  readonly shared: readonly SharedFile[];
}

/** @throws RunError usage */
export async function planRun(options: RunOptions, readStdin: () => Promise<string>): Promise<RunPlan> {
  return { tasks: planTasks(await readItems(options.sources, readStdin), options.template), shared: await Promise.all(options.resourceFiles.map(readSharedFile)) };
}

/** What the run writes into its job. */
export function metadataFor({ template, to, pool, keep, keepPool }: RunOptions, { tasks }: Pick<RunPlan, 'tasks'>, containers: readonly string[]): RunMetadata {
  return { tasks: tasks.length, outputs: template.outputs, to, ownPool: pool === undefined, keep, keepPool, containers };
}

/**
 * The storage account of a connection. @throws RunError usage, when there is none or its connection string has no key
 */
export async function storageOf({ storage }: Connection): Promise<Storage> {
  if (storage === undefined) throw new RunError('usage', 'inputs and outputs need a storage account: set AZURE_STORAGE_CONNECTION_STRING (or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY)');
  // Found out later it would be a bug of ours in words, after the upload.
  if (!/(^|;)\s*AccountKey=/i.test(storage)) throw new RunError('usage', 'AZURE_STORAGE_CONNECTION_STRING needs an AccountKey: tasks are given URLs that are signed with it');
  const { connectStorage } = await import('./account/storage.ts');
  try {
    return connectStorage(storage);
  } catch (cause) {
    throw new RunError('usage', `AZURE_STORAGE_CONNECTION_STRING: ${reasonOf(cause)}`, { cause });
  }
}

async function carryOut(run: NewRun): Promise<RunResult> {
  const { around, options } = run;
  const { interrupts, progress } = around;
  await run.batch.probe();
  await refuseExistingJob(run);
  await preparePool(run);
  const urls = interrupts.signal.aborted ? undefined : await uploadInputs({ ...run, progress, signal: interrupts.signal });
  if (urls !== undefined && !interrupts.signal.aborted) {
    await submit(run, urls);
    if (options.detach) return resultOf(run, undefined);
    return waitAndFetch(run);
  }
  return (await leftBy(run)) ?? resultOf(run, 'ended');
}

/** Told before a pool is made for nothing. */
async function refuseExistingJob({ options, batch, jobId, connection }: NewRun): Promise<void> {
  if (options.job === undefined || (await batch.job(jobId)) === undefined) return;
  throw new RunError('usage', `there is a job ${jobId} already: give another --job, or come back to it with ${hint(`run --attach ${jobId}`, connection.local?.dataDir)}`);
}

async function preparePool({ options, batch, poolId, made, around }: NewRun): Promise<void> {
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

async function submit(run: NewRun, urls: Urls): Promise<void> {
  const { options, batch, tasks, jobId, poolId, made, around } = run;
  const { progress, interrupts } = around;
  await batch.addJob(jobBody(jobId, poolId, metadataOf(metadataFor(options, run, [...made.containers]))));
  made.job = jobId;
  interrupts.jobExists();
  progress.step(`job ${jobId}: ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`);
  const bodies = tasks.map((task) => taskBody(task, { ...options, inputUrl: urls.inputs.get(task.id), shared: urls.shared, outputUrl: urls.outputs }));
  await addAllTasks(bodies, {
    add: (some) => batch.addTasks(jobId, some),
    codeOf: serviceCode,
    pause: (ms) => pause(ms, interrupts.signal),
    stopped: () => interrupts.decision() === 'end',
  });
  made.stage = 'submitted';
  await batch.endJobWithItsTasks(jobId);
}
