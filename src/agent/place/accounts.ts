import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemCode } from '../failures.ts';
import type { UserAccount } from '../frames.ts';
import { COMMON_GROUP, POOL_USER, type UserEntry, usersOf } from '../users.ts';
import { pathIn } from './imageRoot.ts';
import { installKey } from './sshKeys.ts';

/** Days since 1970 in /etc/shadow: a password that was never changed would have to be on login. */
const PASSWORD_DAY = 19_000;

export interface AccountsOptions {
  readonly uidBase: number;
  readonly accounts: readonly UserAccount[];
  /** Where homes are made; null: they are the machine's, and the node makes none. */
  readonly homes: string | null;
  /** Default: `/etc`, which is the node's own. */
  readonly etc?: string;
  /** That they log in with; default: the best that there is. */
  readonly shell?: string;
}

/**
 * Enters all users that the node can have into its own passwd, group and shadow, with the names of the real service
 * (seen in scripts and reports of its users): `_azbatch`, `_azbatchtask_…`, the pool's named ones with their passwords,
 * and `_azbatchgrp`. The machine's own, and those that tasks made, stay: throws if the pool names one of these.
 */
export function writeAccounts({ uidBase, accounts, homes, etc = '/etc', shell = shellIn('/') }: AccountsOptions): void {
  const users = usersOf(uidBase, accounts);
  const isOurs = new Set(users.map(({ name }) => name));
  const others = (line: string): boolean => !isOurs.has(line.slice(0, line.indexOf(':')));
  refuseTaken(join(etc, 'passwd'), users);
  edit(join(etc, 'passwd'), others, users.map((user) => passwdLine(user, shell)));
  edit(join(etc, 'shadow'), others, users.map(({ name }) => shadowLine(name, accounts.find((account) => account.name === name)?.passwordHash)));
  const members = users.filter(({ gid }) => gid !== uidBase).map(({ name }) => name);
  edit(join(etc, 'group'), (line) => !line.startsWith(`${COMMON_GROUP}:`), [`${COMMON_GROUP}:x:${uidBase}:${members.join(',')}`]);
  if (homes === null) return;
  for (const user of users) {
    const account = accounts.find(({ name }) => name === user.name);
    if (account === undefined && user.name !== POOL_USER) continue;
    makeHome(join(homes, user.name), user, join(etc, 'skel'));
    if (account?.sshPrivateKey !== undefined) installKey(join(homes, user.name), user, account.sshPrivateKey);
  }
}

/** The shell for users of a root. */
export function shellIn(root: string): string {
  return existsSync(pathIn(root, '/bin/bash')) ? '/bin/bash' : '/bin/sh';
}

export function passwdLine({ name, uid, gid }: UserEntry, shell: string): string {
  return `${name}:x:${uid}:${gid}::/home/${name}:${shell}`;
}

/** What /etc/shadow has of those who log in by no password. */
const NO_PASSWORD = '*';

/**
 * A line of /etc/shadow. A password that somebody forgot to hash stays out of files. `lastDay`: on which the user may
 * log in, in days since 1970; null: there is none.
 */
export function shadowLine(name: string, hash: string | null | undefined, lastDay: number | null = null): string {
  const password = typeof hash === 'string' && /^\$6\$[./0-9A-Za-z]+\$[./0-9A-Za-z]+$/.test(hash) ? hash : NO_PASSWORD;
  return `${name}:${password}:${PASSWORD_DAY}:0:99999:7::${lastDay ?? ''}:`;
}

/** An earlier life entered ours with the same number. */
function refuseTaken(passwd: string, users: readonly UserEntry[]): void {
  const uids = new Map(users.map(({ name, uid }) => [name, String(uid)]));
  for (const line of readFileSync(passwd, 'utf8').split('\n')) {
    const [name = '', , uid] = line.split(':');
    const ours = uids.get(name);
    if (ours !== undefined && ours !== uid) throw new Error(`The node has a user ${name} already; the pool's user account needs another name`);
  }
}

export interface HostFiles {
  /** `/etc` of the node, or of its tasks. */
  readonly etc: string;
  /**
   * What the machine has as `/etc/hosts` where that is a mount (engines of containers make it one), which the node's
   * own `/etc` does not show; else null.
   */
  readonly hosts: string | null;
}

/** The host name of this UTS namespace, and in files of the node with its address. */
export function writeHostName(name: string, address: string, { etc, hosts }: HostFiles): void {
  writeFileSync('/proc/sys/kernel/hostname', name);
  writeFileSync(join(etc, 'hostname'), `${name}\n`);
  if (hosts !== null) writeFileSync(join(etc, 'hosts'), hosts);
  // sudo(8) and others look for their machine's address, programs on several nodes for the one where others find it.
  edit(join(etc, 'hosts'), (line) => !line.endsWith(`\t${name}`), [`${address}\t${name}`]);
}

/**
 * Replaces the lines that are not kept by `added`, whole or not at all. A file that the machine does not have is none
 * of the node's (shadow).
 */
export function edit(path: string, isKept: (line: string) => boolean, added: readonly string[]): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
  const kept = text.split('\n').filter((line) => line !== '' && isKept(line));
  const { mode, uid, gid } = statSync(path);
  const written = `${path}.linarite`;
  writeFileSync(written, `${[...kept, ...added].join('\n')}\n`, { mode: 0o600 });
  chownSync(written, uid, gid);
  chmodSync(written, mode & 0o7777);
  renameSync(written, path);
}

/** Programs look for what is theirs there, whatever HOME says (ssh). Made once, with what new users get. */
export function makeHome(path: string, { uid, gid }: UserEntry, skeleton: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { mode: 0o700 });
  const files = existsSync(skeleton) ? readdirSync(skeleton).filter((name) => statSync(join(skeleton, name)).isFile()) : [];
  for (const name of files) {
    copyFileSync(join(skeleton, name), join(path, name));
    chownSync(join(path, name), uid, gid);
  }
  chownSync(path, uid, gid);
}
