import type { ResizeError } from '../core/status.ts';
import { diskRoom } from './fullDisk.ts';

const LOOK_EVERY_MS = 10_000;

export interface DiskWatch {
  close(): void;
}

/**
 * Looks now and then whether the disk of a node is full, and tells when that has changed: `onChange` gets the error
 * that the node has from then on, null: it has room again. Tasks go on, and fail for want of room one by one. The code
 * is that of the real service.
 */
export function watchDisk(directory: string, onChange: (error: ResizeError | null) => void, everyMs = LOOK_EVERY_MS): DiskWatch {
  let wasFull = false;
  const look = (): void => {
    const room = diskRoom(directory);
    if (room.isFull === wasFull) return;
    wasFull = room.isFull;
    onChange(room.isFull ? { code: 'DiskFull', message: "The node's disk is full", values: [{ name: 'FreeBytes', value: String(room.freeBytes) }] } : null);
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
