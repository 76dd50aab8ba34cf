import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { AttemptEnd } from '../core/events.ts';
import { attemptName, type AttemptKey, type Instant, type JobNumber, type TaskNumber } from '../core/keys.ts';
import { during } from './activity.ts';

/** A task's directory: recorded when an attempt begins there, and anew with its end. */
interface KeptDirectory {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly directory: string;
  /** null: for ever. */
  readonly dueAt: Instant | null;
}

/**
 * What a later life of the node must know: attempts that were started, ends that the owner has not acknowledged, and directories that are kept. Lines of JSON,
 * appended once per turn of the event loop. Not synced to the disk: it has to survive the agent, and what does not survive the machine runs again.
 */
export interface Journal extends AttemptJournal, DirectoryJournal {
  /** What earlier lives left: to be reported as lost, or again. */
  readonly started: readonly { readonly key: AttemptKey; readonly startedAt: Instant }[];
  readonly ended: readonly AttemptEnd[];
  /** Writes what was recorded; called at the end of each turn, and before reports leave. */
  flush(): void;
  close(): void;
}

export interface AttemptJournal {
  recordStarted(key: AttemptKey, startedAt: Instant): void;
  recordEnded(end: AttemptEnd): void;
  recordAcknowledged(key: AttemptKey): void;
}

export interface DirectoryJournal {
  /** What earlier lives kept. */
  readonly kept: readonly KeptDirectory[];
  recordKept(kept: KeptDirectory): void;
  recordRemoved(job: JobNumber, task: TaskNumber): void;
}

type Line =
  | { readonly started: AttemptKey; readonly at: Instant }
  | { readonly ended: AttemptEnd }
  | { readonly acknowledged: AttemptKey }
  | { readonly kept: KeptDirectory }
  | { readonly removed: { readonly job: JobNumber; readonly task: TaskNumber } };

/** Once so much, and as much as it held then, has been appended, the journal is written anew with what is still open. */
const compactBytes = 1 << 20;

/** `writeSync`: how many of the bytes were written. */
type Write = (file: number, bytes: Buffer, offset: number, length: number) => number;

/** On a full disk it is behind what was recorded until there is room, and tries again each `retryMs`: nothing of this ends an agent. */
export const openJournal = (path: string, write: Write = writeSync, retryMs = 1_000): Journal => {
  const open = new Map<string, Line>();
  for (const line of readLines(path)) apply(open, line);
  const before = [...open.values()];

  let file: number | null = null;
  let appendedBytes = 0;
  let compactedBytes = 0;
  let pending = '';
  /** What is written is less than what was recorded: the next thing to write is everything. */
  let isBehind = true;
  let triedAt = -Infinity;
  let retry: NodeJS.Timeout | null = null;

  const append = (): void => {
    if (file === null) throw new Error('the journal is not open');
    const bytes = Buffer.from(pending);
    writeAll(file, bytes, write);
    pending = '';
    appendedBytes += bytes.length;
    if (appendedBytes > Math.max(compactBytes, compactedBytes)) compact();
  };
  const compact = (): void => {
    const bytes = Buffer.from([...open.values()].map((line) => `${JSON.stringify(line)}\n`).join(''));
    const next = openSync(`${path}.new`, 'w', 0o600);
    try {
      writeAll(next, bytes, write);
      renameSync(`${path}.new`, path);
    } catch (error) {
      closeSync(next);
      rmSync(`${path}.new`, { force: true });
      throw error;
    }
    if (file !== null) closeSync(file);
    // Its position is its end.
    file = next;
    pending = '';
    isBehind = false;
    appendedBytes = 0;
    compactedBytes = bytes.length;
  };
  /** What fails leaves the journal behind; a line that was cut short is mended by writing everything anew. */
  const catchUp = (): void => {
    if (retry !== null) clearTimeout(retry);
    retry = null;
    try {
      during('writing the journal', isBehind ? compact : append);
    } catch {
      isBehind = true;
      triedAt = performance.now();
      retry = setTimeout(catchUp, retryMs);
      retry.unref();
    }
  };
  const record = (line: Line): void => {
    apply(open, line);
    pending += `${JSON.stringify(line)}\n`;
  };

  catchUp();
  return {
    started: before.flatMap((line) => ('started' in line ? [{ key: line.started, startedAt: line.at }] : [])),
    ended: before.flatMap((line) => ('ended' in line ? [line.ended] : [])),
    kept: before.flatMap((line) => ('kept' in line ? [line.kept] : [])),
    recordStarted: (key, at) => record({ started: key, at }),
    recordEnded: (end) => record({ ended: end }),
    recordAcknowledged: (key) => record({ acknowledged: key }),
    recordKept: (kept) => record({ kept }),
    recordRemoved: (job, task) => record({ removed: { job, task } }),
    flush: () => {
      if (pending === '' || (isBehind && performance.now() - triedAt < retryMs)) return;
      catchUp();
    },
    close: () => {
      if (isBehind) catchUp();
      if (retry !== null) clearTimeout(retry);
      if (file !== null) closeSync(file);
    },
  };
};

/** A short write is a disk that fills up: the next one throws. */
const writeAll = (file: number, bytes: Buffer, write: Write): void => {
  for (let done = 0; done < bytes.length; ) done += write(file, bytes, done, bytes.length - done);
};

const apply = (open: Map<string, Line>, line: Line): void => {
  if ('started' in line) open.set(attemptName(line.started), line);
  else if ('ended' in line) open.set(attemptName(line.ended.key), line);
  else if ('acknowledged' in line) open.delete(attemptName(line.acknowledged));
  else if ('kept' in line) open.set(`kept ${line.kept.job}.${line.kept.task}`, line);
  else open.delete(`kept ${line.removed.job}.${line.removed.task}`);
};

const readLines = (path: string): readonly Line[] => {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const read: unknown = JSON.parse(line);
      return isLine(read) ? [read] : [];
    } catch {
      // The last line of a life that ended in the middle of it.
      return [];
    }
  });
};

/** Written by ourselves, by another version perhaps: what it does not know it skips. */
const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && ['started', 'ended', 'acknowledged', 'kept', 'removed'].some((name) => typeof Reflect.get(value, name) === 'object');
