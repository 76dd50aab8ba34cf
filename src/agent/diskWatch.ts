import type { ResizeError } from '../core/status.ts';
import { type DiskUse, watchUse } from './diskUse.ts';
import { diskRoom } from './fullDisk.ts';

const LOOK_EVERY_MS = 10_000;

export interface DiskWatch {
  /** Whether more lies in the node's directory than may. */
  readonly isOverfull: boolean;
  close(): void;
}

export interface DiskWatchOptions {
  /** What may lie in the node's directory; left out: as much as the disk has room for. */
  readonly mostBytes?: number | undefined;
  readonly everyMs?: number;
  /** How often at least the directory is looked at whole. */
  readonly againAfterMs?: number;
}

/**
 * Looks now and then whether the disk of a node is full, and tells when that has changed: `onChange` gets the error
 * that the node has from then on, null: it has room again. Tasks go on, and fail for want of room one by one. The code
 * is that of the real service.
 */
export function watchDisk(directory: string, onChange: (error: ResizeError | null) => void, { mostBytes, everyMs = LOOK_EVERY_MS, againAfterMs }: DiskWatchOptions = {}): DiskWatch {
  let error: ResizeError | null = null;
  const use: DiskUse | null = mostBytes === undefined ? null : watchUse({ directory, mostBytes, monotonic: () => performance.now(), onLook: judge, ...(againAfterMs === undefined ? {} : { againAfterMs }) });
  function judge(): void {
    const room = diskRoom(directory);
    const isOver = use?.isOver === true;
    if ((room.isFull || isOver) === (error !== null)) return;
    error = room.isFull
      ? { code: 'DiskFull', message: "The node's disk is full", values: [{ name: 'FreeBytes', value: String(room.freeBytes) }] }
      : isOver
        ? { code: 'DiskFull', message: "More lies on the node's disk than nodes of its size have", values: [{ name: 'UsedBytes', value: String(use.usedBytes) }, { name: 'MostBytes', value: String(mostBytes) }] }
        : null;
    onChange(error);
  }
  const look = (): void => {
    judge();
    use?.look();
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    get isOverfull() {
      return use?.isOver === true;
    },
    close: () => {
      clearInterval(timer);
      use?.close();
    },
  };
}
