import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** An account of the operating system. */
export interface UnixAccount {
  readonly uid: number;
  readonly gid: number;
}

/** The account without any rights of its own, as Debian numbers it. */
export const NOBODY: UnixAccount = { uid: 65534, gid: 65534 };

/**
 * Whether this account (undefined: the caller's) can enter `directory`: modes of its parents, access lists and mount
 * options decide.
 */
export function canEnter(directory: string, account: UnixAccount | undefined): boolean {
  if (account === undefined) return true;
  const probe = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { uid: account.uid, gid: account.gid, cwd: '/', stdio: 'ignore' });
  return probe.status === 0;
}

/**
 * Whether an account without rights could enter directories below `directory`; the directory itself may not exist yet.
 * Without root nothing runs as anybody else, and the answer is true.
 */
export function canReachBelow(directory: string): boolean {
  if (process.getuid?.() !== 0) return true;
  let existing = directory;
  while (statSync(existing, { throwIfNoEntry: false }) === undefined) existing = dirname(existing);
  return canEnter(existing, NOBODY);
}
