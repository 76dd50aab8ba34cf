import { join } from 'node:path';
import type { Made } from '../cleanUp.ts';
import { planDownloads, type Download } from './downloads.ts';
import { RunError, reasonOf } from '../failure.ts';
import { containerName } from '../plan/names.ts';
import { inParallel } from '../concurrency.ts';
import { contentOf } from '../plan/digest.ts';
import { hasFiles } from '../plan/plan.ts';
import type { SubmittedTask } from '../plan/submission.ts';
import type { RunPlan } from '../planRun.ts';
import type { Progress } from '../watch/progress.ts';
import type { Storage } from '../account/storage.ts';

/** Transfers at a time. */
const TRANSFERS = 8;

/** What of a run is transferred, and where. */
export interface Transfers {
  readonly jobId: string;
  readonly plan: RunPlan;
  readonly tasks: readonly SubmittedTask[];
  /** Undefined when nothing is transferred. */
  readonly storage: Storage | undefined;
  /** Whether the job, and its containers with it, may have been there before. */
  readonly shares: boolean;
  /** Containers that are this run's alone are noted here. */
  readonly made: Made;
  readonly progress: Progress;
  /** Aborts a transfer under way. */
  readonly signal: AbortSignal;
}

/** What tasks are given. */
export interface Urls {
  /** Of a task's own input, by the task's id. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Of the files that all tasks get. */
  readonly shared: readonly { readonly name: string; readonly url: string }[];
  /** Of the container for outputs; undefined when no task has any. */
  readonly outputs: string | undefined;
  /** Of the container for what a merge gets; undefined without one. */
  readonly parts: { readonly writeUrl: string; readonly readUrl: string } | undefined;
}

/** The containers that a run needs. */
export function containersOf({ tasks, merge, shared }: RunPlan, jobId: string): string[] {
  const uses = { in: hasFiles(tasks, shared), out: hasOutputs({ tasks, merge }), all: merge !== undefined };
  return (['in', 'out', 'all'] as const).filter((use) => uses[use]).map((use) => containerName(jobId, use));
}

function hasOutputs({ tasks, merge }: Pick<RunPlan, 'tasks' | 'merge'>): boolean {
  return [...tasks, ...(merge === undefined ? [] : [merge])].some(({ outputs }) => outputs.length > 0);
}

/** Makes the containers and uploads the inputs of tasks that the job lacks. @throws RunError files */
export async function uploadInputs(transfers: Transfers): Promise<Urls> {
  const { plan, tasks, storage, made, shares, jobId } = transfers;
  const { shared, contents } = plan;
  if (storage === undefined) return { inputs: new Map(), shared: shared.map(({ name, source }) => ({ name, url: source.kind === 'url' ? source.url : '' })), outputs: undefined, parts: undefined };
  const container = containerName(jobId, 'in');
  for (const name of containersOf(plan, jobId)) {
    await (shares ? storage.ensureContainer(name) : storage.createContainer(name));
    if (!shares) made.containers.add(name);
  }
  await uploadAll(transfers, storage, container);
  const inputs = new Map<string, string>();
  for (const { id, item } of tasks) if (item.file !== undefined) inputs.set(id, await storage.readUrl(container, inputBlob(id, item.file.name)));
  const sharedUrls: { name: string; url: string }[] = [];
  for (const { name, source } of shared) sharedUrls.push({ name, url: source.kind === 'url' ? source.url : await storage.readUrl(container, sharedBlob(name, source.path, contents)) });
  const parts = containerName(jobId, 'all');
  return {
    inputs,
    shared: sharedUrls,
    outputs: hasOutputs(plan) ? await storage.writeUrl(containerName(jobId, 'out')) : undefined,
    parts: plan.merge === undefined ? undefined : { writeUrl: await storage.writeUrl(parts), readUrl: await storage.readContainerUrl(parts) },
  };
}

async function uploadAll({ plan: { shared, contents }, tasks, progress, signal }: Transfers, storage: Storage, container: string): Promise<void> {
  const missing = tasks.filter(({ found }) => found === 'missing');
  const locals = missing.length === 0 ? [] : shared.flatMap(({ name, source }) => (source.kind === 'local' ? [{ blob: sharedBlob(name, source.path, contents), path: source.path }] : []));
  const files = missing.flatMap(({ id, item }) => (item.file === undefined ? [] : [{ blob: inputBlob(id, item.file.name), path: item.file.path }]));
  const own = [...locals, ...files];
  if (own.length === 0) return;
  progress.step(`uploading ${own.length} ${own.length === 1 ? 'file' : 'files'}`);
  await inParallel(own, TRANSFERS, async ({ blob, path }) => {
    if (!signal.aborted) await storage.upload(container, blob, path, signal).catch((cause: unknown) => (signal.aborted ? undefined : fail(`cannot upload ${path}`, cause)));
  });
}

function inputBlob(taskId: string, name: string): string {
  return `inputs/${taskId}/${name}`;
}

/** By its content: tasks that still wait for a file of before must not get another one. */
function sharedBlob(name: string, path: string, contents: ReadonlyMap<string, string>): string {
  return `shared/${contentOf(path, contents).slice(0, 16)}/${name}`;
}

/** What is fetched: the outputs of these tasks. */
export interface Fetch extends Pick<Transfers, 'progress' | 'signal' | 'jobId' | 'storage'> {
  readonly tasks: readonly { readonly id: string; readonly outputs: readonly string[] }[];
}

/** Fetches what the tasks uploaded into the directory `to`. @throws RunError files */
export async function downloadOutputs({ storage, tasks, progress, signal, jobId }: Fetch, to: string): Promise<Download[]> {
  const container = containerName(jobId, 'out');
  if (storage === undefined || tasks.every(({ outputs }) => outputs.length === 0)) return [];
  const ids = new Set(tasks.map(({ id }) => id.toLowerCase()));
  const blobs = (await storage.list(container)).filter(({ name }) => ids.has(name.split('/')[0]?.toLowerCase() ?? ''));
  const downloads = planDownloads(blobs);
  if (downloads.length > 0) progress.step(`downloading ${downloads.length} ${downloads.length === 1 ? 'file' : 'files'} to ${to}`);
  await inParallel(downloads, TRANSFERS, ({ blob, target }) => storage.download(container, blob, join(to, target), signal).catch((cause: unknown) => fail(`cannot download ${target} (the outputs stay in the container ${container})`, cause)));
  return downloads;
}

function fail(what: string, cause: unknown): never {
  throw new RunError('files', `${what}: ${reasonOf(cause)}`, { cause });
}
