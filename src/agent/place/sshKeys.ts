import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publicKeyOf } from '../../wire/sshKeys.ts';
import { systemCode } from '../failures.ts';
import { asUser, type UserEntry } from '../users.ts';

/**
 * Puts a key pair into a user's `.ssh`, where ssh(1) looks for it, and lets its owner in by it (OpenAPI,
 * LinuxUserConfiguration): what else the user has there stays. With the user's rights, since tasks of an earlier life
 * may have put links there. Throws if it is no key, or the system's error.
 */
export function installKey(home: string, { name, uid, gid }: UserEntry, privateKey: string): void {
  const key = publicKeyOf(privateKey);
  if (key === undefined) throw new Error(`The SSH key of user account ${name} cannot be read`);
  asUser({ uid, gid }, () => {
    const directory = join(home, '.ssh');
    makeDirectory(directory);
    replace(join(directory, key.file), `${privateKey.trim()}\n`, 0o600);
    replace(join(directory, `${key.file}.pub`), `${key.line}\n`, 0o644);
    const known = join(directory, 'authorized_keys');
    const lines = linesOf(known);
    if (!lines.includes(key.line)) replace(known, [...lines, key.line, ''].join('\n'), 0o600);
  });
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** Whatever stands there, a pipe as well, is gone and not opened. */
function replace(path: string, text: string, mode: number): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, text, { mode, flag: 'wx' });
}

/** Empty where there is no such file, or something that is none. */
function linesOf(path: string): readonly string[] {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return [];
  }
  try {
    return fstatSync(file).isFile() ? readFileSync(file, 'utf8').split('\n').filter((line) => line !== '') : [];
  } finally {
    closeSync(file);
  }
}
