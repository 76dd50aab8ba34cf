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
export function fullDiskFailure(rootDirectory: string, stderr: string, user: User, exitCode: number): FailureInfo | null {
  const why = hasRoom(rootDirectory) ? readTaskText(stderr, user, LOOKED_AT_BYTES, noRoomIn) : "the node's disk is full";
  if (why === null) return null;
  return failure('DiskFull', ['Message', `The task process exited with exit code ${exitCode}: ${why}`], ['AdditionalErrorCode', 'FailureExitCode']);
}

function hasRoom(directory: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(directory);
    // File systems that make inodes as they need them have none to count.
    return bavail * bsize >= RESERVED_DISK_BYTES && (files === 0 || ffree > 0);
  } catch {
    return true;
  }
}
