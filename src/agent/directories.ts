import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, constants, fchmodSync, fchownSync, lchownSync, lstatSync, mkdirSync, openSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isNoRoom } from '../processes/noRoom.ts';
import { during } from './activity.ts';
import { failure, messageOf, systemCode, TaskFailure } from './failures.ts';
import { say } from './log.ts';
import { MountInTheWay, mountsBelow } from './mounts.ts';
import type { ReadyTrees } from './readyTrees.ts';
import { refuseMounts } from './removal.ts';
import { asUser, type User } from './users.ts';

/**
 * A node's directories are those of the real service (Batch documentation, "Files and directories"). Modes: the chain
 * down to a task's directory can be passed through by all and listed by none; a task's directory belongs to its user
 * alone; `shared` to all; the start task's can be read by all.
 */
const NODE_DIRECTORIES = [
  ['', 0o711],
  ['applications', 0o755],
  ['fsmounts', 0o755],
  ['shared', 0o777],
  ['startup', 0o755],
  ['volatile', 0o700],
  ['volatile/startup', 0o700],
  ['volatile/trash', 0o700],
  ['workitems', 0o711],
] as const;

/**
 * Throws the system's error, also where something else than a directory, or a link to one, stands in the place of one,
 * and MountInTheWay where something is mounted on one (left by an earlier life and still in use).
 */
export function makeNodeDirectories(root: string): void {
  const mounts = new Set(mountsBelow(root).map((point) => relative(realpathSync(root), point)));
  for (const [name, mode] of NODE_DIRECTORIES) {
    const path = join(root, name);
    // In the place of the root there is a mount of the node's own.
    if (name !== '' && mounts.has(name)) throw new MountInTheWay([path], null);
    mkdirSync(path, { recursive: true });
    // The root itself may be reached through links; of what lies below it none is ours.
    const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | (name === '' ? 0 : constants.O_NOFOLLOW));
    fchmodSync(directory, mode);
    closeSync(directory);
  }
  // Only made: `startup` belongs to the start task's user from its first run on, who may put there what it likes.
  unlessThere(() => mkdirSync(join(root, 'startup/wd'), 0o755));
}

export interface TaskDirectories {
  /** Absolute; holds stdout.txt and stderr.txt. */
  readonly task: string;
  readonly working: string;
}

/**
 * Makes the directory of a job's preparation, if it is not there, as others may read it: tasks of the job use what it
 * left. Fails in silence: `makeTaskDirectories`, which comes next, says what is wrong.
 */
export function makeReadableDirectories(root: string, directory: string): void {
  const task = join(root, directory);
  try {
    if (!makeDirectory(task)) return;
    chmodSync(task, 0o755);
    for (const [name, mode] of [['wd', 0o755], ['certs', 0o700]] as const) mkdirSync(join(task, name), { mode });
  } catch {
    // See above.
  }
}

/** Makes the task's directory, or takes over the one of an earlier attempt. Throws TaskFailure. */
export function makeTaskDirectories(root: string, directory: string, user: User, ready: Pick<ReadyTrees, 'takeFor'> | null = null): TaskDirectories {
  return during('making directories', () => makeDirectories(root, directory, user, ready));
}

/** What lies in a task's directory, itself there already, and whose all of it is. Throws the system's error. */
export function fillTaskDirectory(task: string, user: User): void {
  const made = [`${task}/wd`, `${task}/certs`];
  for (const path of made) mkdirSync(path, 0o700);
  // The outermost comes last: before, nobody can put something else in the place of those in it.
  if (user.uid !== null && user.gid !== null && user.uid !== 0) for (const path of [...made, task]) lchownSync(path, user.uid, user.gid);
}

function makeDirectories(root: string, directory: string, user: User, ready: Pick<ReadyTrees, 'takeFor'> | null): TaskDirectories {
  const task = join(root, directory);
  const working = `${task}/wd`;
  try {
    if (ready?.takeFor(task, user) === true) return { task, working };
    if (makeDirectory(task)) fillTaskDirectory(task, user);
    else {
      if (user.uid !== null && user.gid !== null && lstatSync(task).uid !== user.uid) giveTo(task, user.uid, user.gid);
      const missing = [working, `${task}/certs`].filter((path) => lstatSync(path, { throwIfNoEntry: false }) === undefined);
      if (missing.length > 0) asUser(user, () => missing.forEach((path) => unlessThere(() => mkdirSync(path, 0o700))));
    }
    return { task, working };
  } catch (error) {
    throw new TaskFailure(localFailure(error, 'ResourceDirectoryCreateFailed', task));
  }
}

/**
 * Gives all that lies in a task's directory to its user, where the task may have run as another. What is mounted there
 * keeps it as it is.
 */
export function giveBack({ task }: TaskDirectories, { uid, gid }: User): void {
  if (uid === null || gid === null) return;
  try {
    giveTo(task, uid, gid);
  } catch (error) {
    say(`what a container wrote stays as it is: ${messageOf(error)}`);
  }
}

/** The failure of something local, a full disk told apart. */
export function localFailure(error: unknown, otherwise: 'ResourceDirectoryCreateFailed' | 'ResourceFileCreateFailed' | 'ResourceFileWriteFailed', path: string) {
  return failure(isNoRoom(error) ? 'DiskFull' : otherwise, ['FilePath', path], ['Message', messageOf(error)]);
}

/** The user id that an existing directory belongs to; null: there is none. */
export function ownerOf(path: string): number | null {
  try {
    return lstatSync(path).uid;
  } catch {
    return null;
  }
}

/**
 * Takes a task's directory away from its user: what lies in it keeps its owner and is out of reach. False if that
 * cannot be done, as where something is mounted.
 */
export function closeDirectory(path: string): boolean {
  if (mountsBelow(path).length > 0) return false;
  try {
    const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      fchownSync(directory, 0, 0);
      fchmodSync(directory, 0o700);
    } finally {
      closeSync(directory);
    }
    return true;
  } catch (error) {
    // Removed by a client.
    return systemCode(error) === 'ENOENT';
  }
}

/** False if it was there. Directories above it are made on the way. All belong to the agent. */
function makeDirectory(path: string): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (systemCode(error) !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    mkdirSync(path, 0o700);
  }
  return true;
}

function unlessThere(make: () => void): void {
  try {
    make();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/**
 * Throws MountInTheWay if something is mounted there. By chown(1), which goes down by open directories and changes
 * links themselves: its old owner may still put links in the place of directories.
 */
function giveTo(path: string, uid: number, gid: number): void {
  refuseMounts(path);
  during('giving directories to a user', () =>
    execFileSync('/bin/chown', ['-R', '-h', '-P', '--', `${uid}:${gid}`, path], { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] }),
  );
}
