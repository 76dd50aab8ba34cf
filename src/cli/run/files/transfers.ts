import { join } from 'node:path';
import type { Made } from '../cleanUp.ts';
import { planDownloads, type Download } from './downloads.ts';
import { RunError, reasonOf } from '../failure.ts';
import { containerName } from '../plan/names.ts';
import { inParallel } from '../concurrency.ts';
import type { PlannedTask } from '../plan/plan.ts';
import type { Progress } from '../watch/progress.ts';
import type { SharedFile } from '../plan/resourceFiles.ts';
import type { Storage } from '../account/storage.ts';

/** Transfers at a time. */
const TRANSFERS = 8;

/** What of a run is transferred, and where. */
export interface Transfers {
  readonly jobId: string;
  readonly tasks: readonly PlannedTask[];
  readonly shared: readonly SharedFile[];
  /** Undefined when nothing is transferred. */
  readonly storage: Storage | undefined;
  /** Containers that are made are noted here. */
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
}

/** Makes the containers and uploads inputs. @throws RunError files */
export async function uploadInputs({ tasks, shared, storage, made, progress, signal, jobId }: Transfers): Promise<Urls> {
  const inputs = new Map<string, string>();
  const locals = shared.flatMap(({ name, source }) => (source.kind === 'local' ? [{ blob: `shared/${name}`, path: source.path }] : []));
  const files = tasks.flatMap(({ id, item }) => (item.file === undefined ? [] : [{ blob: `inputs/${id}/${item.file.name}`, path: item.file.path }]));
  const own = [...locals, ...files];
  const container = containerName(jobId, 'in');
  if (storage !== undefined && own.length > 0) {
    progress.step(`uploading ${own.length} ${own.length === 1 ? 'file' : 'files'}`);
    await storage.createContainer(container);
    made.containers.add(container);
    await inParallel(own, TRANSFERS, async ({ blob, path }) => {
      if (!signal.aborted) await storage.upload(container, blob, path, signal).catch((cause: unknown) => (signal.aborted ? undefined : fail(`cannot upload ${path}`, cause)));
    });
    for (const { id, item } of tasks) if (item.file !== undefined) inputs.set(id, await storage.readUrl(container, `inputs/${id}/${item.file.name}`));
  }
  const sharedUrls: { name: string; url: string }[] = [];
  for (const { name, source } of shared) {
    if (source.kind === 'url') sharedUrls.push({ name, url: source.url });
    else if (storage !== undefined) sharedUrls.push({ name, url: await storage.readUrl(container, `shared/${name}`) });
  }
  return { inputs, shared: sharedUrls, outputs: await outputContainer({ tasks, storage, made, jobId }) };
}

async function outputContainer({ tasks, storage, made, jobId }: Pick<Transfers, 'tasks' | 'storage' | 'made' | 'jobId'>): Promise<string | undefined> {
  if (storage === undefined || tasks.every(({ outputs }) => outputs.length === 0)) return undefined;
  const container = containerName(jobId, 'out');
  await storage.createContainer(container);
  made.containers.add(container);
  return storage.writeUrl(container);
}

/** Fetches what the tasks uploaded into the directory `to`. @throws RunError files */
export async function downloadOutputs({ storage, made, progress, signal, jobId }: Pick<Transfers, 'storage' | 'made' | 'progress' | 'signal' | 'jobId'>, to: string): Promise<Download[]> {
  const container = containerName(jobId, 'out');
  if (storage === undefined || !made.containers.has(container)) return [];
  const downloads = planDownloads(await storage.list(container));
  if (downloads.length > 0) progress.step(`downloading ${downloads.length} ${downloads.length === 1 ? 'file' : 'files'} to ${to}`);
  await inParallel(downloads, TRANSFERS, ({ blob, target }) => storage.download(container, blob, join(to, target), signal).catch((cause: unknown) => fail(`cannot download ${target} (the outputs stay in the container ${container})`, cause)));
  return downloads;
}

function fail(what: string, cause: unknown): never {
  throw new RunError('files', `${what}: ${reasonOf(cause)}`, { cause });
}
