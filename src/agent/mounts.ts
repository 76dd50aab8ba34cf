import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { during } from './activity.ts';
import { messageOf } from './failures.ts';

const run = promisify(execFile);

/** A share whose server is gone may let umount(8) wait for ever. */
const UMOUNT_MS = 10_000;
/** Several mounts may lie on one point. */
const ROUNDS = 16;

/**
 * Thrown where something is mounted below a path that the agent was to delete or give away: nothing on a mount is ours.
 */
export class MountInTheWay extends Error {
  readonly mounts: readonly string[];
  constructor(mounts: readonly string[], reason: string | null) {
    super(`${mounts.join(', ')}: mounted there, and nothing on a mount is deleted or changed; unmount it first${reason === null ? '' : ` (${reason})`}`);
    this.mounts = mounts;
  }
}

/**
 * The mount points at `path` and below, in the order in which they were mounted; one that holds several mounts is named
 * several times. Neither the mounts nor `path` itself is opened: a share whose server is gone would not answer. Empty
 * where the system has no /proc/self/mountinfo.
 */
export function mountsBelow(path: string, table: string = mountTable()): readonly string[] {
  const real = during('looking at mounts', () => realPathOf(path));
  return mountPoints(table).filter((point) => point === real || point.startsWith(`${real}/`));
}

/**
 * All mount points of a table (proc(5), /proc/pid/mountinfo): the fifth field, blanks and backslashes written in octal.
 */
export function mountPoints(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [point.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
  });
}

/** The mounts that this process sees; '' on systems without such a table. */
export function mountTable(): string {
  try {
    return during('looking at mounts', () => Buffer.from(readFileSync('/proc/self/mountinfo')).toString('utf8'));
  } catch {
    return '';
  }
}

/**
 * Unmounts all that is mounted at `path` and below, the last one first. Throws MountInTheWay for what is in use, or not
 * ours to unmount.
 */
export async function unmountBelow(path: string): Promise<void> {
  let reason: string | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const found = mountsBelow(path);
    if (found.length === 0) return;
    let unmounted = 0;
    for (const point of found.toReversed()) {
      try {
        await run('umount', ['--', point], { cwd: '/', timeout: UMOUNT_MS, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
        unmounted += 1;
      } catch (error) {
        reason = umountReason(error);
      }
    }
    if (unmounted === 0) break;
  }
  const left = mountsBelow(path);
  if (left.length > 0) throw new MountInTheWay([...new Set(left)], reason);
}

/** Links on the way are followed, one at its end is not: it is the link that is deleted. */
function realPathOf(path: string): string {
  try {
    return join(realpathSync.native(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function umountReason(error: unknown): string {
  const said: unknown = error instanceof Error ? Reflect.get(error, 'stderr') : undefined;
  return (typeof said === 'string' && said.trim() !== '' ? said : messageOf(error)).trim().split('\n')[0] ?? '';
}
