import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { inParallel } from '../concurrency.ts';
import { RunError, whyUnread } from '../failure.ts';
import type { PlannedTask } from './plan.ts';
import type { SharedFile } from './resourceFiles.ts';

/** Files that are read at a time. */
const READS = 8;

/**
 * The environment variable that holds a task's digest: clients see it, it survives on every Batch service, and a task
 * and its digest are added in one.
 */
export const DIGEST_VARIABLE = 'LINARITE_RUN_DIGEST';

/** A planned task with the digest of all that decides what it does. */
export interface DigestedTask extends PlannedTask {
  readonly digest: string;
}

/** What of a run decides what its tasks do, beside what they are planned with. */
export interface Decisive {
  readonly shared: readonly SharedFile[];
  /** By path: the SHA-256 of each local file. */
  readonly contents: ReadonlyMap<string, string>;
  /** All else, by name: the image, the start task … */
  readonly settings: Readonly<Record<string, string | undefined>>;
}

/** What takes a while to read is said to be read. */
const LONG_BYTES = 1_000_000_000;

/**
 * The SHA-256 of each file, by path.
 * @param say called first, when this takes a while
 * @throws RunError usage, when one cannot be read
 */
export async function hashFiles(paths: readonly string[], say: (text: string) => void): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.size ?? 0));
  if (sizes.reduce((sum, size) => sum + size, 0) >= LONG_BYTES) say(`reading ${paths.length} ${paths.length === 1 ? 'file' : 'files'}`);
  await inParallel([...new Set(paths)], READS, async (path) => {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(path), hash);
    } catch (cause) {
      throw new RunError('usage', `cannot read ${path}: ${whyUnread(cause)}`, { cause });
    }
    hashes.set(path, hash.digest('hex'));
  });
  return hashes;
}

/**
 * Equal for two tasks that do the same: command, environment, patterns of outputs, content of inputs, and what the
 * whole run has been told. The task's id stands in it only where a placeholder has put it; a file behind a URL counts
 * by its address without the query, where signatures stand.
 */
export function digestOf({ commandLine, environment, outputs, item }: PlannedTask, { shared, contents, settings }: Decisive): string {
  const told = {
    commandLine,
    environment: environment.map(({ name, value }) => [name, value]),
    outputs,
    input: item.file === undefined ? null : [item.file.name, contentOf(item.file.path, contents)],
    shared: shared.map(({ name, source }) => [name, source.kind === 'url' ? source.url.replace(/\?.*$/s, '') : contentOf(source.path, contents)]),
    settings: Object.entries(settings).filter(([, value]) => value !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  };
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 32);
}

/** The digest of a task that works on what others have put out. */
export function digestOver(task: PlannedTask, decisive: Decisive, others: readonly DigestedTask[]): string {
  const hash = createHash('sha256').update(digestOf(task, decisive));
  for (const { digest } of others) hash.update(digest);
  return hash.digest('hex').slice(0, 32);
}

export function contentOf(path: string, contents: ReadonlyMap<string, string>): string {
  const hash = contents.get(path);
  if (hash === undefined) throw new Error(`${path} was not read`);
  return hash;
}
