import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { FailureInfo } from '../core/status.ts';
import { failure, systemCode } from './failures.ts';
import { pathIn } from './place/imageRoot.ts';
import { asUser, type User } from './users.ts';

/**
 * Finds the program that a command line names, as execvp would: with a slash below the working directory, else along
 * the task's PATH. Looked for with the rights of the task's user: neither its failure nor its success says what lies
 * where the user may not look. Returns its absolute path, or the failure that a missing one is (recorded:
 * CommandProgramNotFound without an exit code). `image`: where its root is, when it is not the agent's.
 */
export function findProgram(name: string, path: string, workingDirectory: string, user: User, image: string | null = null): string | FailureInfo {
  let denied: string | null = null;
  for (const candidate of candidates(name, path, workingDirectory)) {
    const status = image === null ? (openStatusOf(candidate) ?? asUser(user, () => statusOf(candidate))) : asUser(user, () => statusIn(image, candidate));
    if (status === 'missing') continue;
    if (status !== 'hidden' && status.isFile() && mayExecute(status, user)) return candidate;
    // Along the PATH a directory that is closed to the user is passed over, as shells do.
    if (status !== 'hidden' || name.includes('/')) denied ??= candidate;
  }
  return denied === null
    ? failure('CommandProgramNotFound', ['Message', `No such file or directory: ${name}`])
    : failure('CommandLaunchFailed', ['Message', `Permission denied: ${denied}`]);
}

/** Of a path in another root: its links lead to what is there. */
function statusIn(root: string, path: string): ReturnType<typeof statusOf> {
  try {
    return statusOf(pathIn(root, path));
  } catch (error) {
    return systemCode(error) === 'EACCES' ? 'hidden' : 'missing';
  }
}

function statusOf(path: string): Stats | 'missing' | 'hidden' {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? 'missing';
  } catch (error) {
    return systemCode(error) === 'EACCES' ? 'hidden' : 'missing';
  }
}

/**
 * What was at paths where everybody may look; null: nothing. As long as it is there, one look is enough: to see whether
 * everybody may look there takes ten.
 */
const OPEN = new Map<string, Stats | null>();
const MOST_KNOWN = 1_000;

/** null: not everybody may look there. */
function openStatusOf(path: string): ReturnType<typeof statusOf> | null {
  const known = OPEN.get(path);
  const status = statusOf(path);
  const now = typeof status === 'string' ? null : status;
  if (known !== undefined && status !== 'hidden' && isSame(known, now)) return status;
  OPEN.delete(path);
  if (!isOpenToAll(path)) return null;
  if (OPEN.size >= MOST_KNOWN) OPEN.clear();
  if (status !== 'hidden') OPEN.set(path, now);
  return status;
}

/** Whatever becomes of a file, the time of its last change says so. */
function isSame(known: Stats | null, now: Stats | null): boolean {
  if (known === null || now === null) return known === now;
  return known.ino === now.ino && known.dev === now.dev && known.ctimeMs === now.ctimeMs;
}

/**
 * Whether everybody may look there, by the path as it is written and by the one that its links lead to. To change the
 * user stops all threads of the agent for a moment (measured: 0.5 ms, twice what a task costs otherwise), and most
 * programs lie in `/usr/bin`.
 */
function isOpenToAll(path: string): boolean {
  const directories = new Set(ancestors(path));
  try {
    for (const above of ancestors(join(realpathSync.native(dirname(path)), basename(path)))) directories.add(above);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) for (const above of ancestors(realpathSync.native(path))) directories.add(above);
    return [...directories].every((directory) => (statSync(directory).mode & 0o001) !== 0);
  } catch {
    return false;
  }
}

function ancestors(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...ancestors(above)];
}

function candidates(name: string, path: string, workingDirectory: string): readonly string[] {
  return name.includes('/')
    ? [isAbsolute(name) ? name : resolve(workingDirectory, name)]
    : path.split(':').map((directory) => resolve(workingDirectory, directory, name));
}

function mayExecute(status: { readonly mode: number; readonly uid: number; readonly gid: number }, user: User): boolean {
  const uid = user.uid ?? process.geteuid?.() ?? 0;
  const groups = user.gid === null ? [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])] : [user.gid];
  if (uid === 0) return (status.mode & 0o111) !== 0;
  if (status.uid === uid) return (status.mode & 0o100) !== 0;
  return (status.mode & (groups.includes(status.gid) ? 0o010 : 0o001)) !== 0;
}
