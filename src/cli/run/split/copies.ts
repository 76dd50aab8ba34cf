import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataContract, type ShapeName } from '../../../wire/dataContract.ts';
import type { JobSeen, JobToAdd, PoolSeen, PoolToAdd, TaskSeen, TaskToAdd } from '../account/batchAccount.ts';
import type { Storage } from '../account/storage.ts';
import { inParallel } from '../concurrency.ts';
import { containerName } from '../plan/names.ts';

/** Transfers at a time. */
const TRANSFERS = 8;

/** The names that a shape of the protocol has: what can be said of a thing as it is added. */
function namesOf(shape: ShapeName): readonly string[] {
  return dataContract.rowsOf(shape).map(([name]) => name);
}

export const ADDED_OF_TASKS = namesOf('TaskAdd');
const ADDED_OF_JOBS = namesOf('JobAdd');
const ADDED_OF_POOLS = namesOf('PoolAdd');

function pick(seen: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => {
    const value: unknown = Reflect.get(seen, name);
    return value === undefined || value === null ? [] : [[name, value]];
  }));
}

/** A pool like one that was seen, of the size that it was to have. */
export function copyOfPool(seen: PoolSeen): PoolToAdd {
  return pick(seen, ADDED_OF_POOLS) as unknown as PoolToAdd;
}

/** A job like one that was seen, on a pool. It stays open. */
export function copyOfJob(seen: JobSeen, poolId: string): JobToAdd {
  return { ...(pick(seen, ADDED_OF_JOBS) as unknown as JobToAdd), poolInfo: { poolId }, onAllTasksComplete: 'noaction' };
}

/**
 * A task like one that was seen. What it reads of its run's own input, and where it puts its outputs, is in the storage
 * of the account that it goes to; all other addresses stay as they are.
 */
export async function copyOfTask(seen: TaskSeen, jobId: string, storage: Storage | undefined): Promise<TaskToAdd> {
  const { resourceFiles, outputFiles, ...task } = pick(seen, ADDED_OF_TASKS) as unknown as TaskToAdd;
  if (storage === undefined) return { ...task, ...(resourceFiles === undefined ? {} : { resourceFiles }), ...(outputFiles === undefined ? {} : { outputFiles }) };
  const [input, output] = [containerName(jobId, 'in'), containerName(jobId, 'out')];
  const read = await Promise.all((resourceFiles ?? []).map(async (file) => {
    const blob = blobIn(input, file.httpUrl);
    return blob === undefined ? file : { ...file, httpUrl: await storage.readUrl(input, blob) };
  }));
  const written = await Promise.all((outputFiles ?? []).map(async (file) => {
    const { container } = file.destination;
    if (container === undefined || !new URL(container.containerUrl).pathname.endsWith(`/${output}`)) return file;
    return { ...file, destination: { ...file.destination, container: { ...container, containerUrl: await storage.writeUrl(output) } } };
  }));
  return { ...task, ...(resourceFiles === undefined ? {} : { resourceFiles: read }), ...(outputFiles === undefined ? {} : { outputFiles: written }) };
}

/** The blob of a container that a URL means; undefined: another container's. */
function blobIn(container: string, url: string | undefined): string | undefined {
  const path = url === undefined ? '' : new URL(url).pathname;
  const at = path.indexOf(`/${container}/`);
  return at < 0 ? undefined : decodeURIComponent(path.slice(at + container.length + 2));
}

/** The inputs that tasks of a run read, by what is in its container. */
export function inputsOf(tasks: readonly TaskSeen[], jobId: string): readonly string[] {
  const container = containerName(jobId, 'in');
  return [...new Set(tasks.flatMap(({ resourceFiles = [] }) => resourceFiles.flatMap(({ httpUrl }) => blobIn(container, httpUrl) ?? [])))];
}

/** Puts inputs of one storage account into another, while both are there. */
export async function copyInputs(blobs: readonly string[], jobId: string, { from, to }: { readonly from: Storage; readonly to: Storage }): Promise<void> {
  const container = containerName(jobId, 'in');
  await to.ensureContainer(container);
  const there = new Set((await to.list(container)).map(({ name }) => name));
  const directory = await mkdtemp(join(tmpdir(), 'linarite-inputs-'));
  try {
    await inParallel([...blobs.filter((blob) => !there.has(blob)).entries()], TRANSFERS, async ([index, blob]) => {
      const path = join(directory, String(index));
      await from.download(container, blob, path);
      await to.upload(container, blob, path);
      await rm(path);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
