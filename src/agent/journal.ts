import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import type { AttemptEnd } from '../core/events.ts';
import { attemptName, type AttemptKey, type Instant } from '../core/keys.ts';

/**
 * What a later life of the node must know: attempts that were started, and ends that the owner has not acknowledged. Lines of JSON, appended once per turn of
 * the event loop. Not synced to the disk: it has to survive the agent, and what does not survive the machine runs again.
 */
export interface Journal {
  /** What earlier lives left: to be reported as lost, or again. */
  readonly started: readonly { readonly key: AttemptKey; readonly startedAt: Instant }[];
  readonly ended: readonly AttemptEnd[];
  recordStarted(key: AttemptKey, startedAt: Instant): void;
  recordEnded(end: AttemptEnd): void;
  recordAcknowledged(key: AttemptKey): void;
  /** Writes what was recorded; called at the end of each turn, and before reports leave. */
  flush(): void;
  close(): void;
}

type Line =
  | { readonly started: AttemptKey; readonly at: Instant }
  | { readonly ended: AttemptEnd }
  | { readonly acknowledged: AttemptKey };

/** Beyond this size the journal is written anew with what is still open. */
const compactBytes = 1 << 20;

export const openJournal = (path: string): Journal => {
  const open = new Map<string, Line>();
  for (const line of readLines(path)) apply(open, line);
  const before = [...open.values()];

  let file = openSync(path, 'a', 0o600);
  let sizeBytes = 0;
  let pending = '';

  const compact = (): void => {
    const text = [...open.values()].map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    closeSync(file);
    file = openSync(path, 'a', 0o600);
    sizeBytes = 0;
  };
  const record = (line: Line): void => {
    apply(open, line);
    pending += `${JSON.stringify(line)}\n`;
  };

  // Also mends a last line that was cut short.
  tolerate(compact);
  return {
    started: before.flatMap((line) => ('started' in line ? [{ key: line.started, startedAt: line.at }] : [])),
    ended: before.flatMap((line) => ('ended' in line ? [line.ended] : [])),
    recordStarted: (key, at) => record({ started: key, at }),
    recordEnded: (end) => record({ ended: end }),
    recordAcknowledged: (key) => record({ acknowledged: key }),
    flush: () => {
      if (pending === '') return;
      const text = pending;
      pending = '';
      tolerate(() => {
        sizeBytes += writeSync(file, text);
        if (sizeBytes > compactBytes) compact();
      });
    },
    close: () => closeSync(file),
  };
};

/** A full disk must not end the agent: the journal only helps the next life, which then reports less. */
const tolerate = (write: () => void): void => {
  try {
    write();
  } catch {
    // As said above.
  }
};

const apply = (open: Map<string, Line>, line: Line): void => {
  if ('started' in line) open.set(attemptName(line.started), line);
  else if ('ended' in line) open.set(attemptName(line.ended.key), line);
  else open.delete(attemptName(line.acknowledged));
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

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && ('started' in value || 'ended' in value || 'acknowledged' in value);
