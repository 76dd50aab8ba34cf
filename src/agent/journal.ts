import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { AttemptEnd } from '../core/events.ts';
import { attemptName, type AttemptKey, type Instant } from '../core/keys.ts';
import { during } from './activity.ts';
import { type DirectoryOwner, ownerName } from './run.ts';

/** Recorded when a run begins there, and anew with its end. */
interface KeptDirectory {
  readonly owner: DirectoryOwner;
  readonly directory: string;
  /** null: for ever. */
  readonly dueAt: Instant | null;
  /** The attempt at a task whose end left the files that are there. Left out: none has, or it has no log to archive. */
  readonly attempt?: number;
  readonly isArchived?: true;
}

/**
 * What a later life of the node must know: attempts that were started, ends that the owner has not acknowledged, and
 * directories that are kept. Lines of JSON, appended once per turn of the event loop. Not synced to the disk: it has to
 * survive the agent, and what does not survive the machine runs again.
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
  recordRemoved(owner: DirectoryOwner): void;
}

type Line =
  | { readonly started: AttemptKey; readonly at: Instant }
  | { readonly ended: AttemptEnd }
  | { readonly acknowledged: AttemptKey }
  | { readonly kept: DirectoryOwner & Omit<KeptDirectory, 'owner'> }
  | { readonly removed: DirectoryOwner };

/**
 * Once so much, and as much as it held then, has been appended, the journal is written anew with what is still open.
 */
const COMPACT_BYTES = 1 << 20;

/** `writeSync`: how many of the bytes were written. */
type Write = (file: number, bytes: Buffer, offset: number, length: number) => number;

/**
 * On a full disk it is behind what was recorded until there is room, and tries again each `retryMs`: nothing of this
 * ends an agent.
 */
export function openJournal(path: string, write: Write = writeSync, retryMs = 1_000): Journal {
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
    if (appendedBytes > Math.max(COMPACT_BYTES, compactedBytes)) compact();
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
    kept: before.flatMap((line) => ('kept' in line ? [keptIn(line.kept)] : [])),
    recordStarted: (key, at) => record({ started: key, at }),
    recordEnded: (end) => record({ ended: end }),
    recordAcknowledged: (key) => record({ acknowledged: key }),
    recordKept: ({ owner, ...kept }) => record({ kept: { ...owner, ...kept } }),
    recordRemoved: (owner) => record({ removed: owner }),
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
}

/** A short write is a disk that fills up: the next one throws. */
function writeAll(file: number, bytes: Buffer, write: Write): void {
  for (let done = 0; done < bytes.length; ) done += write(file, bytes, done, bytes.length - done);
}

function apply(open: Map<string, Line>, line: Line): void {
  if ('started' in line) open.set(attemptName(line.started), line);
  else if ('ended' in line) open.set(attemptName(line.ended.key), line);
  else if ('acknowledged' in line) open.delete(attemptName(line.acknowledged));
  else if ('kept' in line) open.set(`kept ${ownerName(line.kept)}`, line);
  else open.delete(`kept ${ownerName(line.removed)}`);
}

function keptIn({ directory, dueAt, attempt, isArchived, ...owner }: Extract<Line, { kept: unknown }>['kept']): KeptDirectory {
  return { owner, directory, dueAt, ...(attempt === undefined ? null : { attempt }), ...(isArchived === undefined ? null : { isArchived }) };
}

function readLines(path: string): readonly Line[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return lineIn(JSON.parse(line));
    } catch {
      // The last line of a life that ended in the middle of it.
      return [];
    }
  });
}

/**
 * An agent reads what one of another version wrote: owners of directories had no kind while they were all tasks. What
 * this version does not know it skips.
 */
function lineIn(value: unknown): readonly Line[] {
  if (!isLine(value)) return [];
  if ('kept' in value) return isOwner(value.kept) ? [{ kept: { ...TASK, ...value.kept } }] : [];
  if ('removed' in value) return isOwner(value.removed) ? [{ removed: { ...TASK, ...value.removed } }] : [];
  return [value];
}

function isLine(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && ['started', 'ended', 'acknowledged', 'kept', 'removed'].some((name) => typeof Reflect.get(value, name) === 'object');
}

const TASK = { kind: 'task' } as const;
const OWNER_KINDS: Readonly<Record<DirectoryOwner['kind'], true>> = { task: true, preparation: true, release: true };
function isOwner({ kind }: { readonly kind?: string }): boolean {
  return kind === undefined || Object.hasOwn(OWNER_KINDS, kind);
}
