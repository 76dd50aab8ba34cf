import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { during } from './activity.ts';
import type { User } from './users.ts';

/**
 * The end of a text file that a task may have written, at most `mostBytes` of it, and what may be done with it. The
 * path's last part is the task's to replace at any time, also by a pipe, a device or a link; the directory it lies in
 * is not. So it is opened without blocking and without following, and what was opened has to be a regular file of the
 * task's own user with no second name: a hard link could lead to a file of somebody else. null: there is none, or it is
 * something else.
 */
export function readTaskText<T>(path: string, user: User, mostBytes: number, read: (text: string, file: TaskText) => T): T | null {
  return during('reading what a task wrote', () => readOpened(path, user, mostBytes, read));
}

function readOpened<T>(path: string, user: User, mostBytes: number, read: (text: string, file: TaskText) => T): T | null {
  let file: number | null = null;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const opened = file;
    const status = fstatSync(opened);
    if (!status.isFile() || status.nlink !== 1 || (user.uid !== null && status.uid !== user.uid)) return null;
    const bytes = Buffer.alloc(Math.min(status.size, mostBytes));
    const count = readSync(opened, bytes, 0, bytes.length, status.size - bytes.length);
    return read(bytes.toString('utf8', 0, count), { isWhole: status.size <= mostBytes, empty: () => ftruncateSync(opened) });
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

export interface TaskText {
  /** Nothing stands before what was read. */
  readonly isWhole: boolean;
  /** Makes the file empty. */
  empty(): void;
}
