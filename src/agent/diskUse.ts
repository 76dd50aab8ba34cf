import { execFile } from 'node:child_process';
import { statfsSync } from 'node:fs';

/** A tree that takes longer to look at is not known. */
const LOOK_MS = 60_000;
/** Looked at again so often, whatever the file system says. */
const AGAIN_AFTER_MS = 5 * 60_000;

export interface DiskUseOptions {
  readonly directory: string;
  readonly mostBytes: number;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** It has been looked at. */
  readonly onLook: () => void;
  readonly againAfterMs?: number;
}

/** How much lies below a node's directory, where it may have no more than its size has. */
export interface DiskUse {
  /** Whether it was too much when it was last looked at. */
  readonly isOver: boolean;
  readonly usedBytes: number;
  /** To be called every now and then. */
  look(): void;
  close(): void;
}

interface Look {
  readonly usedBytes: number;
  /** Of the whole file system, at the time. */
  readonly takenBytes: number;
  readonly at: number;
}

/**
 * du(1) looks, as a process of its own: trees of tasks may be large. It does so only where what lies there can have
 * become too much: as long as the file system as a whole has grown by less than is left, one look each five minutes
 * does. Mounts below count for nobody, and what several names lead to counts once.
 */
export function watchUse({ directory, mostBytes, monotonic, onLook, againAfterMs = AGAIN_AFTER_MS }: DiskUseOptions): DiskUse {
  const over = new AbortController();
  let last: Look | null = null;
  let isLooking = false;

  const mayBeOver = (): boolean => {
    if (last === null || monotonic() - last.at >= againAfterMs) return true;
    return Math.max(last.usedBytes, last.usedBytes + takenBytes(directory) - last.takenBytes) > mostBytes;
  };

  return {
    get isOver() {
      return last !== null && last.usedBytes > mostBytes;
    },
    get usedBytes() {
      return last?.usedBytes ?? 0;
    },
    look: () => {
      if (isLooking || over.signal.aborted || !mayBeOver()) return;
      isLooking = true;
      const before = { takenBytes: takenBytes(directory), at: monotonic() };
      execFile('du', ['-skx', '--', directory], { cwd: '/', timeout: LOOK_MS, signal: over.signal }, (_error, stdout) => {
        isLooking = false;
        // What goes away while it looks makes it say so, and end with 1: what it counted stands all the same.
        const [kib] = /^\d+/.exec(stdout) ?? [];
        if (kib === undefined || over.signal.aborted) return;
        last = { ...before, usedBytes: Number(kib) * 1_024 };
        onLook();
      });
    },
    close: () => over.abort(),
  };
}

/** One that cannot be asked has not grown. */
function takenBytes(directory: string): number {
  try {
    const { blocks, bfree, bsize } = statfsSync(directory);
    return (blocks - bfree) * bsize;
  } catch {
    return 0;
  }
}
