import type { RunAs, UserAccount } from './frames.ts';
import { failure, TaskFailure } from './failures.ts';

/**
 * Who a task runs as. Numeric ids without entries in /etc/passwd, so that a node changes nothing on the machine: each node has a block of `uidsPerNode` ids from
 * its `uidBase`, within 1,900,000,000..2,104,799,999 (systemd's "Users, Groups, UIDs" leaves 1,879,048,192..2,147,483,647 unused). Within the block:
 * +0 the pool-scope user shared by tasks, +16.. named accounts without an id of their own, +256.. task-scope users, one a task.
 * Elevation admin is root. Without root (`uidBase` null) everything runs as the caller.
 */
export const uidsPerNode = 1024;
export const firstUid = 1_900_000_000;
export const uidBlocks = 200_000;

const namedOffset = 16;
const taskOffset = 256;

export interface User {
  /** null: as the agent. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** What USER and LOGNAME say. */
  readonly name: string;
}

export interface Users {
  /** `owner`: the id that the task's directory already belongs to, so that a retry is the same user. Throws TaskFailure. */
  resolve(runAs: RunAs, owner: number | null): User;
  /** A directory of an earlier life belongs to this id: it is not given to another task. */
  hold(uid: number): void;
  /** Gives a task-scope user back once its task's directory is gone. */
  release(uid: number): void;
}

export const createUsers = (uidBase: number | null, accounts: readonly UserAccount[]): Users => {
  const taken = new Set<number>();
  const caller = (name: string): User => ({ uid: null, gid: null, name });
  const plain = (uid: number, name: string): User => ({ uid, gid: uid, name });

  const named = (name: string): User => {
    const index = accounts.findIndex((account) => account.name === name);
    const account = accounts[index];
    if (account === undefined) throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `The pool has no user account named ${name}`]));
    if (uidBase === null) return caller(name);
    if (account.elevation === 'admin') return plain(0, name);
    if (account.uid === null) return plain(uidBase + namedOffset + (index % (taskOffset - namedOffset)), name);
    if (account.uid === 0) throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `User account ${name} is not an administrator, its uid must not be 0`]));
    return { uid: account.uid, gid: account.gid ?? account.uid, name };
  };

  const ofTask = (base: number, owner: number | null): User => {
    if (owner !== null && owner >= base + taskOffset && owner < base + uidsPerNode) {
      taken.add(owner);
      return plain(owner, '_azbatchtask');
    }
    for (let uid = base + taskOffset; uid < base + uidsPerNode; uid++) {
      if (taken.has(uid)) continue;
      taken.add(uid);
      return plain(uid, '_azbatchtask');
    }
    throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `More than ${uidsPerNode - taskOffset} tasks with users of their own are kept on this node`]));
  };

  return {
    resolve: (runAs, owner) => {
      if (runAs.kind === 'named') return named(runAs.name);
      if (uidBase === null) return caller('_azbatch');
      if (runAs.elevation === 'admin') return plain(0, 'root');
      return runAs.scope === 'task' ? ofTask(uidBase, owner) : plain(uidBase, '_azbatch');
    },
    hold: (uid) => {
      taken.add(uid);
    },
    release: (uid) => {
      taken.delete(uid);
    },
  };
};

/**
 * Does something synchronous with the rights of a task's user: what lies in a task's directory was put there by the task, links included, and root would follow them.
 * Only effective ids change, so nobody may signal or trace the agent meanwhile.
 */
export const asUser = <T>(user: User, action: () => T): T => {
  const { setegid, seteuid } = process;
  if (user.uid === null || user.gid === null || user.uid === 0 || setegid === undefined || seteuid === undefined) return action();
  setegid(user.gid);
  seteuid(user.uid);
  try {
    return action();
  } finally {
    seteuid(0);
    setegid(0);
  }
};
