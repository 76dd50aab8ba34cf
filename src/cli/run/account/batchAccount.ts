import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { BatchServiceClient, BatchSharedKeyCredentials, type BatchServiceModels } from '@azure/batch';
import { serviceCode } from './refusal.ts';

export type TaskToAdd = BatchServiceModels.TaskAddParameter;
export type PoolToAdd = BatchServiceModels.PoolAddParameter;
export type JobToAdd = BatchServiceModels.JobAddParameter;
export type TaskSeen = BatchServiceModels.CloudTask;
export type PoolSeen = BatchServiceModels.CloudPool;
export type NodeSeen = BatchServiceModels.ComputeNode;
export type JobSeen = BatchServiceModels.CloudJob;
export type AddResult = BatchServiceModels.TaskAddResult;
export type Counts = BatchServiceModels.TaskCounts;
export type MetadataItem = BatchServiceModels.MetadataItem;
export type OutputFile = BatchServiceModels.OutputFile;
export type ResourceFile = BatchServiceModels.ResourceFile;
export type ApplicationSeen = BatchServiceModels.ApplicationSummary;
export type Image = BatchServiceModels.ImageInformation;

/** How to reach a Batch account. */
export interface BatchConnection {
  readonly account: string;
  readonly key: string;
  /** `http://127.0.0.1:10800`, or `https://NAME.REGION.batch.azure.com`. */
  readonly endpoint: string;
}

/** What a run needs of a Batch account: the SDK's operations, whole lists instead of pages, 404 as undefined. */
export interface BatchAccount {
  /** Asks for something small, once: throws at once when the endpoint is not there or refuses the key. */
  probe(): Promise<void>;
  images(): Promise<Image[]>;
  /** Those with an active package. */
  applications(): Promise<ApplicationSeen[]>;
  addPool(pool: PoolToAdd): Promise<void>;
  pool(poolId: string): Promise<PoolSeen | undefined>;
  nodes(poolId: string): Promise<NodeSeen[]>;
  /** The job's tasks; `select` as in OData. */
  tasks(jobId: string, select: string): Promise<TaskSeen[]>;
  /** Deletes it; success when there is none. */
  deletePool(poolId: string): Promise<void>;
  addJob(job: JobToAdd): Promise<void>;
  job(jobId: string): Promise<JobSeen | undefined>;
  /** From now on the job ends when its tasks have ended. */
  endJobWithItsTasks(jobId: string): Promise<void>;
  setMetadata(jobId: string, metadata: MetadataItem[]): Promise<void>;
  /** Ends it; success when it has ended already. */
  terminateJob(jobId: string, reason: string): Promise<void>;
  /** Deletes it; success when there is none. */
  deleteJob(jobId: string): Promise<void>;
  addTasks(jobId: string, tasks: TaskToAdd[]): Promise<AddResult[]>;
  /** Runs a failed task again, under its id. */
  reactivateTask(jobId: string, taskId: string): Promise<void>;
  /** Ends it; success when it has ended already. */
  terminateTask(jobId: string, taskId: string): Promise<void>;
  /** Deletes it; success when there is none. */
  deleteTask(jobId: string, taskId: string): Promise<void>;
  /** Asked once, as a watcher asks again anyway. */
  counts(jobId: string): Promise<Counts>;
  /** At most the last `bytes` of a task's file; undefined when there is no such file or its node is gone. */
  taskFileTail(jobId: string, taskId: string, file: string, bytes: number): Promise<Buffer | undefined>;
  /**
   * A task's file piece by piece, the first of them read already; undefined when there is no such file or its node is
   * gone.
   */
  taskFile(jobId: string, taskId: string, file: string): Promise<AsyncIterable<Buffer> | undefined>;
  nodeFileTail(poolId: string, nodeId: string, file: string, bytes: number): Promise<Buffer | undefined>;
}

/** Answers to ending a job or a task that is over, or about to be. */
const OVER = new Set(['TaskCompleted', 'JobCompleted', 'JobBeingTerminated', 'JobBeingDeleted', 'JobNotFound']);

/** The connections of a client, for one who asks again by himself and may want to end those that hang. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * A Batch account through `@azure/batch`, the official SDK. It tries again what fails, after half a minute; what is
 * asked `once` it does not, and nothing where `agents` are given.
 */
export function connectBatch({ account, key, endpoint }: BatchConnection, agents?: Agents): BatchAccount {
  const credentials = new BatchSharedKeyCredentials(account, key);
  const url = endpoint.replace(/\/+$/, '');
  const own = agents === undefined ? {} : { agentSettings: agents, noRetryPolicy: true };
  const client = new BatchServiceClient(credentials, url, own);
  const once = new BatchServiceClient(credentials, url, { ...own, noRetryPolicy: true });
  return {
    probe: async () => void (await once.job.list({ jobListOptions: { maxResults: 1, select: 'id' } })),
    images: () => allPages(() => client.account.listSupportedImages(), (link) => client.account.listSupportedImagesNext(link)),
    applications: () => allPages(() => client.application.list(), (link) => client.application.listNext(link)),
    addPool: async (pool) => void (await client.pool.add(pool)),
    pool: (poolId) => orUndefined(client.pool.get(poolId)),
    nodes: (poolId) => allPages(() => client.computeNode.list(poolId), (link) => client.computeNode.listNext(link)),
    tasks: (jobId, select) => allPages(() => client.task.list(jobId, { taskListOptions: { select } }), (link) => client.task.listNext(link)),
    deletePool: async (poolId) => void (await orUndefined(client.pool.deleteMethod(poolId))),
    addJob: async (job) => void (await client.job.add(job)),
    job: (jobId) => orUndefined(client.job.get(jobId)),
    endJobWithItsTasks: async (jobId) => void (await client.job.patch(jobId, { onAllTasksComplete: 'terminatejob' })),
    setMetadata: async (jobId, metadata) => void (await client.job.patch(jobId, { metadata })),
    terminateJob: (jobId, terminateReason) => unlessOver(client.job.terminate(jobId, { terminateReason })),
    deleteJob: async (jobId) => void (await orUndefined(client.job.deleteMethod(jobId))),
    addTasks: async (jobId, tasks) => (await client.task.addCollection(jobId, tasks)).value ?? [],
    reactivateTask: async (jobId, taskId) => void (await client.task.reactivate(jobId, taskId)),
    terminateTask: (jobId, taskId) => unlessOver(client.task.terminate(jobId, taskId)),
    deleteTask: async (jobId, taskId) => void (await orUndefined(client.task.deleteMethod(jobId, taskId))),
    counts: async (jobId) => (await once.job.getTaskCounts(jobId)).taskCounts,
    taskFileTail: (jobId, taskId, file, bytes) =>
      tail(
        () => client.file.getPropertiesFromTask(jobId, taskId, file),
        (ocpRange) => client.file.getFromTask(jobId, taskId, file, ocpRange === undefined ? {} : { fileGetFromTaskOptions: { ocpRange } }),
        bytes,
      ),
    taskFile: (jobId, taskId, file) =>
      pieces(
        () => client.file.getPropertiesFromTask(jobId, taskId, file),
        (ocpRange) => client.file.getFromTask(jobId, taskId, file, ocpRange === undefined ? {} : { fileGetFromTaskOptions: { ocpRange } }),
      ),
    nodeFileTail: (poolId, nodeId, file, bytes) =>
      tail(
        () => client.file.getPropertiesFromComputeNode(poolId, nodeId, file),
        (ocpRange) => client.file.getFromComputeNode(poolId, nodeId, file, ocpRange === undefined ? {} : { fileGetFromComputeNodeOptions: { ocpRange } }),
        bytes,
      ),
  };
}

function statusOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

async function unlessOver(ending: Promise<unknown>): Promise<void> {
  try {
    await ending;
  } catch (error) {
    if (!OVER.has(serviceCode(error) ?? '')) throw error;
  }
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function allPages<T>(first: () => Promise<Page<T>>, next: (link: string) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let page = await first();
  all.push(...page);
  while (page.odatanextLink !== undefined && page.odatanextLink !== '') {
    page = await next(page.odatanextLink);
    all.push(...page);
  }
  return all;
}

type Page<T> = T[] & { odatanextLink?: string };

type Properties = () => Promise<{ contentLength?: number }>;
type Get = (range: string | undefined) => Promise<{ readableStreamBody?: NodeJS.ReadableStream | undefined }>;

/** The end of a file. Its length is asked first: Batch's ranges have no "last n bytes". */
async function tail(properties: Properties, get: Get, bytes: number): Promise<Buffer | undefined> {
  return unlessGone(async () => {
    const length = (await properties()).contentLength ?? 0;
    if (length === 0) return Buffer.alloc(0);
    return bodyOf(await get(length > bytes ? `bytes=${length - bytes}-${length - 1}` : undefined));
  });
}

/** A file in pieces, each in a request of its own: the reader may be slow, and no connection waits meanwhile. */
const PIECE_BYTES = 1_048_576;
/**
 * How often a piece is asked for whose connection breaks: the SDK tries requests again, but not the bodies of answers.
 */
const PIECE_ATTEMPTS = 4;

async function pieces(properties: Properties, get: Get): Promise<AsyncIterable<Buffer> | undefined> {
  return unlessGone(async () => {
    const length = (await properties()).contentLength ?? 0;
    const read = (from: number): Promise<Buffer> => piece(get, from, length);
    const first = length === 0 ? undefined : await read(0);
    return following(first, length, read);
  });
}

async function* following(first: Buffer | undefined, length: number, read: (from: number) => Promise<Buffer>): AsyncGenerator<Buffer> {
  if (first === undefined) return;
  yield first;
  for (let from = first.length; from < length; ) {
    const next = await read(from);
    yield next;
    from += next.length;
  }
}

async function piece(get: Get, from: number, length: number): Promise<Buffer> {
  const to = Math.min(length, from + PIECE_BYTES);
  for (let attempt = 1; ; attempt++) {
    try {
      const bytes = await bodyOf(await get(to - from === length ? undefined : `bytes=${from}-${to - 1}`));
      if (bytes.length < to - from) throw new Error(`a file ended after ${from + bytes.length} of ${length} bytes`);
      // It may have grown meanwhile.
      return bytes.subarray(0, to - from);
    } catch (error) {
      if (attempt === PIECE_ATTEMPTS || statusOf(error) !== undefined) throw error;
    }
  }
}

async function bodyOf({ readableStreamBody }: Awaited<ReturnType<Get>>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Files of nodes that are gone answer 404 or 409. */
async function unlessGone<T>(reading: () => Promise<T>): Promise<T | undefined> {
  try {
    return await reading();
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 409) return undefined;
    throw error;
  }
}
