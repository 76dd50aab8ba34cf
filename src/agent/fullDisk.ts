import { statfsSync } from 'node:fs';
import type { FailureInfo } from '../core/status.ts';
import { noRoomIn } from '../processes/noRoom.ts';
import { RESERVED_DISK_BYTES } from './environment.ts';
import { failure } from './failures.ts';
import { readTaskText } from './taskText.ts';
import type { User } from './users.ts';

const LOOKED_AT_BYTES = 4_096;

/**
 * The failure of a task that exited with a code other than zero because it ran out of disk, or null: its node has no
 * room left, or the last that the task wrote to stderr.txt is the system's word for it (it may have removed what it
 * could not finish). The exit code stays what retries and exit conditions go by. `DiskFull` is the service's own code
 * (API reference, TaskFailureInformation).
 */
export function fullDiskFailure(isFull: boolean, stderr: string, user: User, exitCode: number): FailureInfo | null {
  const why = isFull ? "the node's disk is full" : readTaskText(stderr, user, LOOKED_AT_BYTES, noRoomIn);
  if (why === null) return null;
  return failure('DiskFull', ['Message', `The task process exited with exit code ${exitCode}: ${why}`], ['AdditionalErrorCode', 'FailureExitCode']);
}

/** Of a task that is not begun: on its node there is no room for what it would write. */
export function noRoomFailure(): FailureInfo {
  return failure('DiskFull', ['Message', "The task was not begun: the node's disk is full"]);
}

/** One that cannot be asked is not full. */
export function diskRoom(directory: string): { readonly isFull: boolean; readonly freeBytes: number } {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(directory);
    const freeBytes = bavail * bsize;
    // File systems that make inodes as they need them have none to count.
    return { isFull: freeBytes < RESERVED_DISK_BYTES || (files > 0 && ffree === 0), freeBytes };
  } catch {
    return { isFull: false, freeBytes: 0 };
  }
}
