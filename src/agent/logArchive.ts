import { closeSync, openSync, read, unlinkSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { putFile } from '../blobs/putFile.ts';
import { isNoRoom } from '../processes/noRoom.ts';
import { relativeFilePath } from '../wire/files.ts';
import { messageOf } from './failures.ts';
import { findMatches, readDirectory } from './filePatterns.ts';
import { openBelow, propertiesOf } from './files.ts';
import { MOST_FRAME_BYTES, type ArchiveAsk, type Archived, type ArchivedFile, type ArchivedTask } from './frames.ts';
import type { EndedAttempt, Retention } from './retention.ts';
import { createTurns } from './turns.ts';

export interface LogArchiveOptions {
  readonly rootDirectory: string;
  /** An object is put together in a file there, which has no name: nothing of it outlives the agent. */
  readonly stateDirectory: string;
  readonly retention: Pick<Retention, 'unarchived' | 'archived'>;
  /** Whether attempts run now. */
  readonly isBusy: () => boolean;
}

/**
 * Puts what ended tasks left, their stdout and stderr and what patterns name, into objects of the account's storage,
 * the files of many tasks in one, each where the one before it ends. The owner asks for an object at a time, and keeps
 * what the answer says of it. Only what it has on record counts as archived: an object that it does not is removed by
 * it, and its tasks come again in the next one.
 */
export interface LogArchive {
  /** Never rejects. One object at a time: who asks meanwhile waits for it. */
  pack(request: string, ask: ArchiveAsk): Promise<Archived>;
  recorded(request: string): void;
}

/** Bounds of one object. It is begun as long as it is below them. */
const MOST_OBJECT_BYTES = 32 << 20;
const MOST_TASKS = 1_000;
const MOST_INDEX_BYTES = MOST_FRAME_BYTES / 2;
/** Files of one task. */
const MOST_FILES = 100;
const ALWAYS = ['stdout.txt', 'stderr.txt'] as const;
const COPIED_AT_ONCE = 256 << 10;
/** Of the time that there is: the rest is for the upload. */
const SHARE_TO_GATHER = 1 / 2;
const NOTHING: Archived = { tasks: [], sizeBytes: 0, more: false };

const readFrom = promisify(read);
const writeTo = promisify(write);

export function createLogArchive({ rootDirectory, stateDirectory, retention, isBusy }: LogArchiveOptions): LogArchive {
  /** Answers that the owner has not said to have on record. Of an older one it will not say so any more. */
  let unrecorded: { readonly request: string; readonly tasks: readonly ArchivedTask[] } | null = null;
  let before: Promise<unknown> = Promise.resolve();

  const pack = async (request: string, ask: ArchiveAsk): Promise<Archived> => {
    const signal = AbortSignal.timeout(ask.withinMs);
    let spool: number | null = null;
    try {
      spool = openSpool(stateDirectory);
      const object = await gather(rootDirectory, retention.unarchived(), spool, ask, { isOver: () => ask.yields && isBusy(), signal });
      if (object.tasks.length === 0) return object;
      await putFile({ url: ask.url, file: spool, sizeBytes: object.sizeBytes, headers: {}, signal, idleMs: ask.withinMs, retryMs: ask.withinMs });
      unrecorded = { request, tasks: object.tasks };
      return object;
    } catch (error) {
      return { ...NOTHING, problem: signal.aborted ? `not within ${ask.withinMs} ms` : messageOf(error) };
    } finally {
      if (spool !== null) closeSync(spool);
    }
  };

  return {
    pack: (request, ask) => {
      const packed = before.then(() => pack(request, ask));
      before = packed;
      return packed;
    },
    recorded: (request) => {
      if (unrecorded?.request !== request) return;
      for (const task of unrecorded.tasks) retention.archived(task);
      unrecorded = null;
    },
  };
}

function openSpool(directory: string): number {
  const path = join(directory, 'archive');
  const file = openSync(path, 'w+', 0o600);
  unlinkSync(path);
  return file;
}

interface Bounds {
  /** Nothing more is to be put into the object. */
  readonly isOver: () => boolean;
  readonly signal: AbortSignal;
}

async function gather(root: string, attempts: Iterable<EndedAttempt>, spool: number, ask: ArchiveAsk, { isOver, signal }: Bounds): Promise<Archived> {
  const until = performance.now() + ask.withinMs * SHARE_TO_GATHER;
  const turn = createTurns(signal);
  const tasks: ArchivedTask[] = [];
  let sizeBytes = 0;
  let indexBytes = 0;
  for (const { directory, ...attempt } of attempts) {
    if (sizeBytes >= MOST_OBJECT_BYTES || indexBytes >= MOST_INDEX_BYTES || tasks.length >= MOST_TASKS || performance.now() > until || isOver()) return { tasks, sizeBytes, more: true };
    await turn();
    const files: ArchivedFile[] = [];
    for (const name of await namesIn(root, directory, ask.patterns, signal)) {
      const file = await copy({ root, directory, name, spool, start: sizeBytes, mostBytes: ask.maxFileBytes });
      if (file === null) continue;
      files.push(file);
      sizeBytes += file.sizeBytes;
    }
    const task = { ...attempt, files };
    tasks.push(task);
    indexBytes += JSON.stringify(task).length;
  }
  return { tasks, sizeBytes, more: false };
}

/** Stdout and stderr first. What a pattern finds too much to go through names nothing. */
async function namesIn(root: string, directory: string, patterns: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const base = join(root, directory);
  const names = new Set<string>(ALWAYS);
  for (const pattern of patterns) {
    const found = await findMatches(pattern, base, readDirectory, signal).catch(() => []);
    signal.throwIfAborted();
    for (const { path } of found) {
      if (names.size >= MOST_FILES) return [...names];
      const name = path.slice(base.length + 1);
      if (relativeFilePath(name) === name) names.add(name);
    }
  }
  return [...names];
}

interface Copying {
  readonly root: string;
  readonly directory: string;
  readonly name: string;
  readonly spool: number;
  readonly start: number;
  readonly mostBytes: number;
}

/** As much of its end as it may have. null: it cannot be had, as clients would be told. */
async function copy({ root, directory, name, spool, start, mostBytes }: Copying): Promise<ArchivedFile | null> {
  const opened = openIfThere(root, `${directory}/${name}`);
  if (opened === null) return null;
  const { file, status } = opened;
  try {
    const leftOutBytes = Math.max(0, status.size - mostBytes);
    const sizeBytes = await copyBytes(file, leftOutBytes, status.size - leftOutBytes, spool, start);
    const { modifiedAt, mode } = propertiesOf(name, status);
    return { name, start, sizeBytes, leftOutBytes, modifiedAt, mode };
  } catch (error) {
    if (isNoRoom(error)) throw error;
    return null;
  } finally {
    closeSync(file);
  }
}

function openIfThere(root: string, path: string): Exclude<ReturnType<typeof openBelow>, { kind: 'error' }> | null {
  try {
    const opened = openBelow(root, path);
    return 'kind' in opened ? null : opened;
  } catch {
    return null;
  }
}

/** Returns how many there were. */
async function copyBytes(from: number, first: number, length: number, to: number, start: number): Promise<number> {
  const buffer = Buffer.alloc(Math.min(length, COPIED_AT_ONCE));
  let done = 0;
  while (done < length) {
    const { bytesRead } = await readFrom(from, buffer, 0, Math.min(buffer.length, length - done), first + done);
    if (bytesRead === 0) break;
    for (let written = 0; written < bytesRead; ) written += (await writeTo(to, buffer, written, bytesRead - written, start + done + written)).bytesWritten;
    done += bytesRead;
  }
  return done;
}
