import { connect, type Connection } from './account/connection.ts';
import { refusalOf } from './account/refusal.ts';
import type { BatchAccount, Image, JobToAdd, PoolToAdd, TaskToAdd } from './account/batchAccount.ts';
import type { RunSurroundings } from './ending.ts';
import { aheadOf, type Ahead, type NoForecast } from './forecast/ahead.ts';
import type { Forecast } from './forecast/forecast.ts';
import { forecastOf } from './forecast/ofRun.ts';
import { containersOf } from './files/transfers.ts';
import { jobBody, poolBody, taskBody } from './plan/bodies.ts';
import { metadataOf } from './plan/metadata.ts';
import { containerName, freeName } from './plan/names.ts';
import { planSubmission, type Submission } from './plan/submission.ts';
import { checkTarget } from './plan/target.ts';
import { metadataFor, planRun, type RunPlan } from './planRun.ts';
import { lookAtJob, type RunOptions } from './workflow.ts';

/** What a run would send. What only the service or the storage knows stands in angle brackets. */
export interface DryRun {
  /** Undefined when the pool is one that exists. */
  readonly pool?: PoolToAdd;
  /** Undefined when the job is one that exists. */
  readonly job?: JobToAdd;
  readonly tasks: readonly TaskToAdd[];
  /** Time and money, or why nothing can be said of them. */
  readonly forecast: Forecast | NoForecast;
  /** In a job that exists: the ids of tasks that would not be run again, and of those that would, under their ids. */
  readonly succeededBefore?: readonly string[];
  readonly runAgain?: readonly string[];
}

/**
 * Plans a run and contacts nothing; only a job or a pool that exists already is looked at. @throws RunError usage
 */
export async function dryRun(options: RunOptions, around: RunSurroundings): Promise<DryRun> {
  const name = freeName('run');
  const plan = await planRun(options, around);
  await checkTarget(options.to);
  const { exists, submission, jobId, ahead } = await submissionOf(options, plan, around, name);
  const containers = containersOf(plan, jobId);
  const poolId = options.pool ?? name;
  const missing = submission.tasks.filter(({ found }) => found === 'missing');
  const tasks = missing.map((task) => taskBody(task, { ...options, ...urlsOf(plan, jobId), inputUrl: task.item.file === undefined ? undefined : urlOf(task.item.file.path), dependsOn: task.waitsFor }));
  const made = forecastOf(options, submission.tasks.filter(({ found }) => found !== 'succeeded').length, ahead);
  if (exists) return { tasks, succeededBefore: idsOf(submission, 'succeeded'), runAgain: idsOf(submission, 'failed'), forecast: made };
  return {
    ...(options.pool === undefined ? { pool: poolBody(poolId, options.poolWish, imageToBe(options.image)) } : {}),
    job: jobBody(jobId, poolId, metadataOf(metadataFor(options, plan, { tasks: submission.total, containers }))),
    tasks,
    forecast: made,
  };
}

interface Found {
  readonly exists: boolean;
  readonly submission: Submission;
  readonly jobId: string;
  readonly ahead: Ahead | NoForecast;
}

async function submissionOf(options: RunOptions, plan: RunPlan, around: RunSurroundings, name: string): Promise<Found> {
  const { resume, template, job } = options;
  if (resume || template.dependsOn !== undefined) {
    const { connection, batch } = await connected(options, around);
    const { joined, submission, jobId } = await lookAtJob(options, plan, { batch, connection, name });
    return { exists: joined !== undefined, submission, jobId, ahead: await aheadOf(options, joined, batch) };
  }
  const jobId = job ?? name;
  return { exists: false, submission: planSubmission({ ...plan, template, jobId, resume, seen: [] }), jobId, ahead: await poolAhead(options, around) };
}

/** What would be sent does not hang on the pool: where it cannot be asked, only the forecast is missing. */
async function poolAhead(options: RunOptions, around: RunSurroundings): Promise<Ahead | NoForecast> {
  const { pool, poolWish } = options;
  if (pool === undefined) return { pool: poolWish, exists: false };
  try {
    return await aheadOf(options, undefined, (await connected(options, around)).batch);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return { none: `the pool ${pool} cannot be asked: ${refusal.message}` };
  }
}

async function connected(options: RunOptions, { environment, progress }: RunSurroundings): Promise<{ readonly connection: Connection; readonly batch: BatchAccount }> {
  const connection = await connect(options.connection, environment, (text) => progress.note(text));
  const { connectBatch } = await import('./account/batchAccount.ts');
  return { connection, batch: connectBatch(connection.batch) };
}

function idsOf({ tasks }: Submission, kind: 'succeeded' | 'failed'): string[] {
  return tasks.filter(({ found }) => found === kind).map(({ id }) => id);
}

function urlsOf({ shared, merge }: RunPlan, jobId: string): Pick<Parameters<typeof taskBody>[1], 'shared' | 'outputUrl' | 'parts'> {
  const container = (use: 'out' | 'all'): string => `<URL of the container ${containerName(jobId, use)}>`;
  return {
    shared: shared.map(({ name, source }) => ({ name, url: source.kind === 'url' ? source.url : urlOf(source.path) })),
    outputUrl: container('out'),
    parts: merge === undefined ? undefined : { writeUrl: container('all'), readUrl: container('all') },
  };
}

function urlOf(path: string): string {
  return `<URL of ${path}>`;
}

function imageToBe(asked: string | undefined): Pick<Image, 'imageReference' | 'nodeAgentSKUId'> {
  const [publisher = '', offer = '', sku = '', version = 'latest'] = asked?.split(':') ?? ['<of the newest Ubuntu of the service>', '<its offer>', '<its sku>'];
  return { imageReference: { publisher, offer, sku, version }, nodeAgentSKUId: '<that of the image>' };
}
