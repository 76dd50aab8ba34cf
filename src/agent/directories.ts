import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { failure, messageOf, systemCode, TaskFailure } from './failures.ts';
import type { User } from './users.ts';

/**
 * A node's directories are those of the real service (Batch documentation, "Files and directories"). Modes: the chain down to a task's directory can be passed
 * through by all and listed by none; a task's directory belongs to its user alone; `shared` to all; the start task's can be read by all.
 */
const nodeDirectories = [
  ['', 0o711],
  ['applications', 0o755],
  ['fsmounts', 0o755],
  ['shared', 0o777],
  ['startup', 0o755],
  ['startup/wd', 0o755],
  ['volatile', 0o700],
  ['volatile/startup', 0o700],
  ['volatile/trash', 0o700],
  ['workitems', 0o711],
] as const;

export const makeNodeDirectories = (root: string): void => {
  for (const [name, mode] of nodeDirectories) {
    mkdirSync(join(root, name), { recursive: true });
    chmodSync(join(root, name), mode);
  }
};

export interface TaskDirectories {
  /** Absolute; holds stdout.txt and stderr.txt. */
  readonly task: string;
  readonly working: string;
}

/** Makes the task's directory, or takes over the one of an earlier attempt. Throws TaskFailure. */
export const makeTaskDirectories = (root: string, directory: string, user: User): TaskDirectories => {
  const task = join(root, directory);
  const working = `${task}/wd`;
  try {
    const isNew = makeDirectory(task, user);
    if (isNew) {
      makeDirectory(working, user);
      makeDirectory(`${task}/certs`, user);
    } else {
      mkdirUnless(working, user);
      mkdirUnless(`${task}/certs`, user);
      if (user.uid !== null && lstatSync(task).uid !== user.uid) giveTo(task, user);
    }
    return { task, working };
  } catch (error) {
    throw new TaskFailure(localFailure(error, 'ResourceDirectoryCreateFailed', task));
  }
};

/** The failure of something local, a full disk told apart. */
export const localFailure = (error: unknown, otherwise: 'ResourceDirectoryCreateFailed' | 'ResourceFileCreateFailed' | 'ResourceFileWriteFailed', path: string) =>
  failure(['ENOSPC', 'EDQUOT'].includes(systemCode(error)) ? 'DiskFull' : otherwise, ['FilePath', path], ['Message', messageOf(error)]);

/** The user id that an existing directory belongs to; null: there is none. */
export const ownerOf = (path: string): number | null => {
  try {
    return lstatSync(path).uid;
  } catch {
    return null;
  }
};

/** False if it was there. Directories above it are made on the way and belong to the agent. */
const makeDirectory = (path: string, user: User): boolean => {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (systemCode(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    mkdirSync(path, 0o700);
  }
  if (user.uid !== null && user.gid !== null && user.uid !== 0) lchownSync(path, user.uid, user.gid);
  return true;
};

const mkdirUnless = (path: string, user: User): void => {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) makeDirectory(path, user);
};

const giveTo = (path: string, user: User): void => {
  if (user.uid === null || user.gid === null) return;
  lchownSync(path, user.uid, user.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveTo(join(path, name), user);
};
