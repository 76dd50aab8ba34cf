import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inParallel } from '../concurrency.ts';
import { planDownloads, type Download } from '../files/downloads.ts';
import { containerName } from '../plan/names.ts';
import type { StoredBlob } from '../account/storage.ts';
import type { TaskOutcome } from '../watch/outcome.ts';
import type { SplitTask } from './cargo.ts';
import type { Side } from './side.ts';

/** Transfers at a time, of one task. */
const TRANSFERS = 4;
const OUTCOME = 'outcome.json';
const PART = '.part';

/** What is kept of a task whose result is here. */
export interface Kept {
  readonly outcome: TaskOutcome;
  /** The side that it is from. */
  readonly side: string;
  readonly digest: string | undefined;
  /** What it put out, in the order of the files that hold it. */
  readonly outputs: readonly StoredBlob[];
}

/**
 * Results that are here, below `--to`, until the run is over: a directory a task, with how it ended, what it wrote and
 * what it put out. It is written beside and then renamed, so that a result is here whole or not at all, and once only.
 * A region that goes takes nothing of it along, and neither does a run that is killed.
 */
export interface Staging {
  /** What an earlier run of the same job has left. */
  left(): Promise<ReadonlyMap<string, Kept>>;
  forget(taskId: string): Promise<void>;
  /** Fetches a task's result from a side. False: another one's was here first. */
  take(side: Side, task: SplitTask, outcome: TaskOutcome, signal: AbortSignal): Promise<boolean>;
  /** What a task wrote; undefined where that is not here. */
  stream(taskId: string, file: string): Promise<AsyncIterable<Buffer> | undefined>;
  /** Puts outputs where they belong. */
  deliver(): Promise<readonly Download[]>;
  remove(): Promise<void>;
}

export function createStaging(to: string, jobId: string): Staging {
  const root = join(to, `.linarite-${jobId}`);
  const placeOf = (taskId: string): string => join(root, taskId);
  const left = async (): Promise<ReadonlyMap<string, Kept>> => {
    const kept = new Map<string, Kept>();
    for (const name of (await readdir(root).catch(() => [])).toSorted()) {
      const text = name.endsWith(PART) ? undefined : await readFile(join(root, name, OUTCOME), 'utf8').catch(() => undefined);
      if (text !== undefined) kept.set(name, JSON.parse(text) as Kept);
    }
    return kept;
  };
  return {
    left,
    forget: (taskId) => rm(placeOf(taskId), { recursive: true, force: true }),
    take: async (side, task, outcome, signal) => {
      // Two sides may be fetched from at a time.
      const unfinished = `${placeOf(task.id)}.${side.name.replaceAll(/\W/g, '-')}${PART}`;
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { recursive: true });
      const outputs = outcome.succeeded && task.outputs.length > 0 ? await fetchOutputs(side, { task, jobId, directory: unfinished, signal }) : [];
      const streams = outcome.succeeded ? (task.outputs.length === 0 ? ['stdout.txt'] : []) : outcome.started ? ['stdout.txt', 'stderr.txt'] : [];
      for (const stream of streams) await fetchStream(side, { jobId, taskId: task.id, stream, path: join(unfinished, stream), signal });
      const kept: Kept = { outcome, side: side.name, digest: task.digest, outputs };
      await writeFile(join(unfinished, OUTCOME), JSON.stringify(kept));
      return rename(unfinished, placeOf(task.id)).then(
        () => true,
        async () => {
          await rm(unfinished, { recursive: true, force: true });
          return false;
        },
      );
    },
    stream: async (taskId, file) => {
      const path = join(placeOf(taskId), file);
      return (await stat(path).catch(() => undefined)) === undefined ? undefined : createReadStream(path);
    },
    deliver: async () => {
      const found = [...(await left())].flatMap(([taskId, { outputs }]) => outputs.map((output, index) => ({ ...output, path: outputPlace(placeOf(taskId), index) })));
      const paths = new Map(found.map(({ name, path }) => [name, path]));
      const downloads = planDownloads(found);
      for (const { blob, target } of downloads) {
        await mkdir(dirname(join(to, target)), { recursive: true });
        await rename(paths.get(blob) ?? '', join(to, target));
      }
      return downloads;
    },
    remove: async () => {
      await rm(root, { recursive: true, force: true });
      // Made for this alone, where nothing was put out.
      await rmdir(to).catch(() => undefined);
    },
  };
}

/** Blobs are named by tasks: no name of theirs becomes one here. */
function outputPlace(directory: string, index: number): string {
  return join(directory, `output-${index}`);
}

/** What the task put out stands in its side's storage under its id (`outputPath`). */
async function fetchOutputs({ storage }: Side, { task, jobId, directory, signal }: { readonly task: SplitTask; readonly jobId: string; readonly directory: string; readonly signal: AbortSignal }): Promise<readonly StoredBlob[]> {
  if (storage === undefined) throw new Error(`${task.id} has outputs, and its side has no storage`);
  const container = containerName(jobId, 'out');
  const blobs = await storage.list(container, `${task.id}/`);
  await inParallel([...blobs.entries()], TRANSFERS, ([index, { name }]) => storage.download(container, name, outputPlace(directory, index), signal));
  return blobs;
}

async function fetchStream({ batch }: Side, { jobId, taskId, stream, path, signal }: { readonly jobId: string; readonly taskId: string; readonly stream: string; readonly path: string; readonly signal: AbortSignal }): Promise<void> {
  const pieces = await batch.taskFile(jobId, taskId, stream);
  if (pieces === undefined) return;
  const file = await open(path, 'w');
  try {
    for await (const piece of pieces) {
      signal.throwIfAborted();
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
}
