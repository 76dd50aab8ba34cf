import { checkApplications, type ApplicationWish } from './applications.ts';
import type { BatchAccount } from './account/batchAccount.ts';
import { jobBody, taskBody, type ContainerWish, type MpiWish, type PoolWish } from './plan/bodies.ts';
import { connect, type Connection, type ConnectionFlags } from './account/connection.ts';
import { endRun, leftBy, resultOf, waitAndFetch, type Report, type Run, type RunResult, type RunSurroundings } from './ending.ts';
import { RunError, reasonOf } from './failure.ts';
import { aheadOf } from './forecast/ahead.ts';
import { sentenceOf, type Durations } from './forecast/forecast.ts';
import { forecastOf, remembered } from './forecast/ofRun.ts';
import type { ItemSources } from './plan/items.ts';
import { metadataOf } from './plan/metadata.ts';
import { containerName, freeName } from './plan/names.ts';
import { inParallel, pause } from './concurrency.ts';
import { isOpen, jobToJoin, poolMadeAgain, refuseOver, type JoinedJob } from './join.ts';
import { hasFiles, type TaskTemplate } from './plan/plan.ts';
import { planSubmission, type Submission, type SubmittedTask } from './plan/submission.ts';
import { metadataFor, planRun, type RunPlan } from './planRun.ts';
import { makePool, poolOfJob } from './pool.ts';
import { serviceCode } from './account/refusal.ts';
import type { Storage } from './account/storage.ts';
import { addAllTasks } from './submit.ts';
import { checkTarget } from './plan/target.ts';
import { containersOf, uploadInputs, type Urls } from './files/transfers.ts';

/** Requests at a time, where each is about one task. */
const REQUESTS = 8;

export interface RunOptions {
  readonly sources: ItemSources;
  readonly template: TaskTemplate;
  /** Local files or URLs that every task gets. */
  readonly resourceFiles: readonly string[];
  /** Application packages that every task gets. */
  readonly applications: readonly ApplicationWish[];
  /** The container that every task runs in. */
  readonly container?: ContainerWish;
  readonly mpi?: MpiWish;
  /** Where outputs are put. */
  readonly to: string;
  /** A pool that exists; without it one is made. */
  readonly pool?: string;
  readonly poolWish: PoolWish;
  readonly image?: string;
  readonly job?: string;
  readonly retries: number;
  readonly maxTime?: string;
  /** Whether what the job has done already counts. */
  readonly resume: boolean;
  readonly keep: boolean;
  readonly keepPool: boolean;
  readonly detach: boolean;
  readonly connection: ConnectionFlags;
  /** Whose prices a forecast goes by. */
  readonly region: string;
  /** How long a task is said to take; left out: as earlier runs tell. */
  readonly expectDuration?: Durations;
}

/** A run with all that its tasks are made from. */
interface NewRun extends Run<SubmittedTask> {
  readonly options: RunOptions & Run['options'];
  readonly around: RunSurroundings;
  readonly plan: RunPlan;
  readonly submission: Submission;
  /** The job, when it is not made by this run. */
  readonly joined: JoinedJob | undefined;
}

/**
 * The whole workflow of a Batch application: upload, pool, job, tasks, watch, download, clean-up.
 * @throws RunError as `endRun` does
 */
export async function runWorkflow(options: RunOptions, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const name = freeName('run');
  const plan = await planRun(options, around);
  await checkTarget(options.to);
  const connection = await connect(options.connection, around.environment, (text) => around.progress.note(text));
  const storage = needsStorage(plan) ? await storageOf(connection) : undefined;
  // The SDKs are large: loaded only now, what is wrong is told at once.
  const { connectBatch } = await import('./account/batchAccount.ts');
  const batch = connectBatch(connection.batch);
  await batch.probe();
  await checkApplications(options.applications, batch);
  const { joined, submission, jobId } = await lookAtJob(options, plan, { batch, connection, name });
  const keepJob = options.keep || options.resume || joined !== undefined;
  const run: NewRun = {
    options: { ...options, keepJob, keepPool: options.keep || options.keepPool },
    around,
    plan,
    submission,
    joined,
    tasks: submission.tasks,
    total: submission.total,
    foreign: joined !== undefined,
    waits: plan.merge !== undefined || joined !== undefined,
    open: joined === undefined ? keepJob || !options.detach : isOpen(joined.job),
    connection,
    batch,
    storage,
    jobId,
    poolId: joined?.poolId ?? options.pool ?? name,
    startedAt,
    made: { stage: 'preparing', containers: new Set(), pool: undefined, job: undefined },
  };
  const made = forecastOf(options, submission.tasks.filter(({ found }) => found !== 'succeeded').length, await aheadOf(options, joined, batch));
  const isMade = !('none' in made);
  if (isMade) around.progress.note(sentenceOf(made));
  const isAlone = joined === undefined && options.pool === undefined;
  return endRun(run, () => carryOut(run), (result, to) => report(remembered(options, isMade ? made : null, result, isAlone), to));
}

/** Whether anything of a run goes through a storage account. */
export function needsStorage({ tasks, merge, shared }: RunPlan): boolean {
  return merge !== undefined || hasFiles(tasks, shared) || tasks.some(({ outputs }) => outputs.length > 0);
}

/** The job as it is, and what it lacks. @throws RunError usage, when it cannot be given that */
export async function lookAtJob(options: RunOptions, plan: RunPlan, { batch, connection, name }: { batch: BatchAccount; connection: Connection; name: string }): Promise<{ joined: JoinedJob | undefined; submission: Submission; jobId: string }> {
  const joined = await jobToJoin(options, batch, connection);
  const jobId = joined?.job.id ?? options.job ?? name;
  const submission = planSubmission({ ...plan, template: options.template, jobId, resume: options.resume, seen: joined?.seen ?? [] });
  if (joined !== undefined) refuseOver(joined, submission.tasks.filter(({ found }) => found === 'missing' || found === 'failed').length);
  return { joined, submission, jobId };
}

/**
 * The storage account of a connection. @throws RunError usage, when there is none or its connection string has no key
 */
export async function storageOf({ storage }: Connection, tries?: number): Promise<Storage> {
  if (storage === undefined) throw new RunError('usage', 'inputs and outputs need a storage account: set AZURE_STORAGE_CONNECTION_STRING (or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY)');
  // Found out later it would be a bug of ours in words, after the upload.
  if (!/(^|;)\s*AccountKey=/i.test(storage)) throw new RunError('usage', 'AZURE_STORAGE_CONNECTION_STRING needs an AccountKey: tasks are given URLs that are signed with it');
  const { connectStorage } = await import('./account/storage.ts');
  try {
    return connectStorage(storage, tries);
  } catch (cause) {
    throw new RunError('usage', `AZURE_STORAGE_CONNECTION_STRING: ${reasonOf(cause)}`, { cause });
  }
}

async function carryOut(run: NewRun): Promise<RunResult> {
  const { around, options, tasks, joined } = run;
  const { interrupts, progress } = around;
  const todo = tasks.filter(({ found }) => found !== 'succeeded');
  if (joined !== undefined && todo.length < tasks.length) progress.note(`${tasks.length - todo.length} of ${tasks.length} tasks have succeeded before`);
  if (todo.length > 0) await preparePool(run);
  const urls = interrupts.signal.aborted ? undefined : await uploadInputs({ ...run, shares: joined !== undefined, progress, signal: interrupts.signal });
  if (urls !== undefined && !interrupts.signal.aborted) {
    await (joined === undefined ? makeJob(run) : joinJob(run, joined));
    await submit(run, urls);
    if (options.detach) return resultOf(run, undefined);
    return waitAndFetch(run);
  }
  return (await leftBy(run)) ?? resultOf(run, 'ended');
}

async function preparePool(run: NewRun): Promise<void> {
  const { options, batch, poolId, jobId, around, joined } = run;
  const { interrupts, progress, now } = around;
  if (joined !== undefined) {
    return poolOfJob({ ...run, jobId, wish: poolMadeAgain(options, joined), progress, now, pause: (ms) => pause(ms, interrupts.signal), signal: interrupts.signal });
  }
  if (options.pool === undefined) return makePool({ ...run, progress }, { ...options.poolWish, ...(options.image === undefined ? {} : { image: options.image }) });
  if ((await batch.pool(poolId)) === undefined) throw new RunError('usage', `there is no pool ${poolId}; without --pool one is made for the run`);
}

async function makeJob(run: NewRun): Promise<void> {
  const { options, plan, batch, tasks, jobId, poolId, made, around } = run;
  await batch.addJob(jobBody(jobId, poolId, metadataOf(metadataFor(options, plan, { tasks: tasks.length, containers: [...made.containers] }))));
  made.job = jobId;
  around.interrupts.jobExists();
}

/** What a job that a run has made says of itself is kept true. */
async function joinJob(run: NewRun, { job, metadata }: JoinedJob): Promise<void> {
  const { options, plan, batch, jobId, around, submission, total, storage } = run;
  around.interrupts.jobExists();
  if (metadata === undefined || !submission.tasks.some(({ found }) => found === 'missing')) return;
  const containers = storage === undefined ? [] : containersOf(plan, jobId);
  await batch.setMetadata(jobId, metadataOf(metadataFor(options, plan, { tasks: total, containers, before: metadata }), job.metadata));
}

async function submit(run: NewRun, urls: Urls): Promise<void> {
  const { options, batch, tasks, jobId, around, made } = run;
  const { progress, interrupts } = around;
  progress.step(`job ${jobId}: ${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`);
  await removeSuperseded(run);
  const refused = await reactivate(run);
  const bodies = tasks
    .filter(({ id, found }) => found === 'missing' || refused.has(id))
    .map((task) => taskBody(task, { ...options, ...urls, inputUrl: urls.inputs.get(task.id), outputUrl: urls.outputs, dependsOn: task.waitsFor }));
  await addAllTasks(bodies, {
    add: (some) => batch.addTasks(jobId, some),
    codeOf: serviceCode,
    pause: (ms) => pause(ms, interrupts.signal),
    stopped: () => interrupts.decision() === 'end',
  });
  made.stage = 'submitted';
  if (!run.open && run.joined === undefined) await batch.endJobWithItsTasks(jobId);
}

/** A merge must not get what was made from inputs of before. */
async function removeSuperseded({ submission: { superseded }, batch, jobId, storage }: NewRun): Promise<void> {
  await inParallel(superseded, REQUESTS, async (id) => {
    await batch.deleteTask(jobId, id);
    const container = containerName(jobId, 'all');
    for (const { name } of (await storage?.list(container, `${id}/`)) ?? []) await storage?.deleteBlob(container, name);
  });
}

/**
 * Runs again what has failed. @returns the ids of those that the service does not run again, since their exit code was
 * 0: they have been deleted, to be added anew
 */
async function reactivate({ tasks, batch, jobId }: NewRun): Promise<ReadonlySet<string>> {
  const refused = new Set<string>();
  await inParallel(tasks.filter(({ found }) => found === 'failed'), REQUESTS, async ({ id }) => {
    try {
      await batch.reactivateTask(jobId, id);
    } catch (error) {
      if (serviceCode(error) !== 'TaskSucceeded') throw error;
      await batch.deleteTask(jobId, id);
      refused.add(id);
    }
  });
  return refused;
}
