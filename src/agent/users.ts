import { during } from './activity.ts';
import type { RunAs, UserAccount } from './frames.ts';
import { failure, TaskFailure } from './failures.ts';

/**
 * Who a task runs as. Each node has a block of `uidsPerNode` ids from its `uidBase`, within
 * 1,900,000,000..2,104,799,999 (systemd's "Users, Groups, UIDs" leaves 1,879,048,192..2,147,483,647 unused); they have
 * names where the node has an /etc of its own. Within the block: +0 the pool-scope user shared by tasks, +16.. named
 * accounts without an id of their own, +256 the start task's in task scope, +257.. task-scope users, one a task. When
 * these are used up, the id of the task that has held its own longest and is over goes to the next one: directories are
 * kept for days, and a node must not run out of users. All have the node's common group, whose id is `uidBase`, as on
 * the real service (`_azbatchgrp`): what is downloaded for any run carries it. What keeps one task's directory from
 * another's user is the directory's mode. Elevation admin is root. Without root (`uidBase` null) everything runs as the
 * caller.
 */
export const UIDS_PER_NODE = 1024;
export const FIRST_UID = 1_900_000_000;
export const UID_BLOCKS = 200_000;

const NAMED_OFFSET = 16;
const TASK_OFFSET = 256;
/** Offsets of the ids of named users. */
export const NAMED_UIDS: readonly number[] = Array.from({ length: TASK_OFFSET - NAMED_OFFSET }, (_, index) => NAMED_OFFSET + index);
/** Ids of task-scope users, that of the start task left out. */
const TASK_UIDS = UIDS_PER_NODE - TASK_OFFSET - 1;

export interface User {
  /** null: as the agent. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** The group of what is downloaded for it: the node's common one. null: that of the agent. */
  readonly filesGid: number | null;
  /** What USER and LOGNAME say. */
  readonly name: string;
  /** Whether several attempts may run as it at a time. */
  readonly isShared: boolean;
}

/**
 * A task's directory below the node's root, and the id that it already belongs to, so that a retry is the same user.
 */
interface Place {
  readonly directory: string;
  readonly owner: number | null;
}

export interface Users {
  /** Throws TaskFailure. */
  resolve(runAs: RunAs, place: Place): User;
  /** A directory of an earlier life belongs to this id. */
  hold(uid: number, directory: string): void;
  /** Gives a task-scope user back once its task's directory is gone. */
  release(uid: number): void;
}

/** Below the node's root (recorded). */
export const START_DIRECTORY = 'startup';

export const POOL_USER = '_azbatch';
export const COMMON_GROUP = '_azbatchgrp';

/** The real service's names (seen in scripts and reports of its users). `offset`: of the id from its node's base. */
function taskUserName(offset: number): string {
  return offset === TASK_OFFSET ? '_azbatchtask_start' : `_azbatchtask_${offset - TASK_OFFSET}`;
}

export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The users that a node can have, whoever they are given to. Administrators are root under names of their own, so that
 * somebody can become one of them by its password or key.
 */
export function usersOf(uidBase: number, accounts: readonly UserAccount[]): readonly UserEntry[] {
  const { resolve } = createUsers(uidBase, accounts, () => false);
  const tasks = Array.from({ length: TASK_UIDS + 1 }, (_, index) => ({ name: taskUserName(TASK_OFFSET + index), uid: uidBase + TASK_OFFSET + index, gid: uidBase }));
  const named = accounts
    .filter(({ elevation, uid }) => elevation === 'admin' || uid !== 0)
    .map(({ name }) => resolve({ kind: 'named', name }, { directory: '', owner: null }))
    .flatMap(({ name, uid, gid }) => (uid === null || gid === null ? [] : [{ name, uid, gid }]));
  return [{ name: POOL_USER, uid: uidBase, gid: uidBase }, ...named, ...tasks];
}

/** `close`: shuts a directory to its user if its task is over; then the id may be another's. */
export function createUsers(uidBase: number | null, accounts: readonly UserAccount[], close: (directory: string) => boolean): Users {
  /** Ids of task-scope users with their directories, in the order in which they were taken. */
  const taken = new Map<number, string>();
  const caller = (name: string): User => ({ uid: null, gid: null, filesGid: null, name, isShared: true });
  const plain = (uid: number, name: string, isShared = true): User => ({ uid, gid: uid === 0 ? 0 : uidBase, filesGid: uidBase, name, isShared });

  const named = (name: string): User => {
    const index = accounts.findIndex((account) => account.name === name);
    const account = accounts[index];
    if (account === undefined) throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `The pool has no user account named ${name}`]));
    if (uidBase === null) return caller(name);
    if (account.elevation === 'admin') return plain(0, name);
    if (account.uid === null) return plain(uidBase + NAMED_OFFSET + (index % (TASK_OFFSET - NAMED_OFFSET)), name);
    if (account.uid === 0) throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `User account ${name} is not an administrator, its uid must not be 0`]));
    return { uid: account.uid, gid: account.gid ?? account.uid, filesGid: uidBase, name, isShared: true };
  };

  const ofTask = (base: number, { directory, owner }: Place): User => {
    const known = owner !== null && owner >= base + TASK_OFFSET && owner < base + UIDS_PER_NODE ? owner : null;
    const uid = known ?? (directory === START_DIRECTORY ? startUid(base) : null) ?? freeUid(base) ?? reclaimedUid(base);
    if (uid === null) throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `All ${TASK_UIDS} users for tasks of this node are in use`]));
    taken.delete(uid);
    taken.set(uid, directory);
    return plain(uid, taskUserName(uid - base), false);
  };

  /** null: a task of a life before has it, when the start task had none of its own. */
  const startUid = (base: number): number | null => (taken.has(base + TASK_OFFSET) ? null : base + TASK_OFFSET);

  const freeUid = (base: number): number | null => {
    for (let uid = base + TASK_OFFSET + 1; uid < base + UIDS_PER_NODE; uid++) if (!taken.has(uid)) return uid;
    return null;
  };

  const reclaimedUid = (base: number): number | null => {
    for (const [uid, directory] of taken) if (uid !== base + TASK_OFFSET && close(directory)) return uid;
    return null;
  };

  return {
    resolve: (runAs, place) => {
      if (runAs.kind === 'named') return named(runAs.name);
      if (uidBase === null) return caller('_azbatch');
      if (runAs.elevation === 'admin') return plain(0, 'root');
      return runAs.scope === 'task' ? ofTask(uidBase, place) : plain(uidBase, POOL_USER);
    },
    hold: (uid, directory) => {
      taken.set(uid, directory);
    },
    release: (uid) => {
      taken.delete(uid);
    },
  };
}

/** Somebody whose new files and directories carry the group of what is downloaded for `user`. */
export function downloaderFor(user: User): User {
  return { ...user, gid: user.filesGid ?? user.gid };
}

/**
 * Does something synchronous with the rights of a task's user: what lies in a task's directory was put there by the
 * task, links included, and root would follow them. Only effective ids change, so nobody may signal or trace the agent
 * meanwhile.
 */
export function asUser<T>(user: Pick<User, 'uid' | 'gid'>, action: () => T): T {
  const { setegid, seteuid } = process;
  if (user.uid === null || user.gid === null || (user.uid === 0 && user.gid === 0) || setegid === undefined || seteuid === undefined) return action();
  setegid(user.gid);
  if (user.uid !== 0) seteuid(user.uid);
  try {
    return during('acting as a task’s user', action);
  } finally {
    if (user.uid !== 0) seteuid(0);
    setegid(0);
  }
}
