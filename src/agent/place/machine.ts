import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { mountPoints, mountTable } from '../mounts.ts';
import type { Through } from './mountSteps.ts';

/**
 * More mounts below a directory than this are bound by the directories that hold them (an engine of containers has
 * hundreds).
 */
const MOST_MOUNTS = 32;
const MOST_SOCKETS = 64;

/**
 * What has to be seen through a cover over `point`: `needed` paths below it, what the machine has mounted there (an
 * overlay shows none of it), and sockets (nobody hears a socket that is looked up through an overlay). `own`: mount
 * points that the node makes itself.
 */
export function throughOf(point: string, needed: readonly string[], own: readonly string[] = []): readonly Through[] {
  const inside = (path: string): boolean => path.startsWith(`${point}/`);
  const kept = outermost(needed.filter(inside));
  const mounts = reduced(outermost(mountPoints(mountTable()).filter((path) => inside(path) && !own.includes(path))));
  const sockets = socketPaths().filter(inside);
  const links = ['/var/run'].filter((path) => inside(path) && isDirectory(path));
  const rest = outermost([...kept, ...mounts, ...links, ...sockets]).filter((path) => !kept.includes(path) && existsSync(path));
  return [...kept.map((path) => ({ path, isNeeded: true })), ...rest.slice(0, MOST_MOUNTS + MOST_SOCKETS).map((path) => ({ path, isNeeded: false }))];
}

/** Without those that lie below others. */
function outermost(paths: readonly string[]): readonly string[] {
  const sorted = [...new Set(paths)].sort();
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(`${other}/`)));
}

function reduced(mounts: readonly string[]): readonly string[] {
  return mounts.length <= MOST_MOUNTS ? mounts : outermost(mounts.map((path) => path.split('/').slice(0, 4).join('/')));
}

/** Paths that sockets of this machine are bound to (proc(5), /proc/net/unix). */
function socketPaths(): readonly string[] {
  try {
    const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
    return lines.map((line) => line.trim().split(/\s+/).slice(7).join(' ')).filter((path) => path.startsWith('/'));
  } catch {
    return [];
  }
}

/** A directory itself, not a link to one. */
export function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export interface Entry {
  readonly name: string;
  readonly kind: 'directory' | 'link' | 'file';
}

/** The entries of a directory, none of which is opened. Empty where there is none. */
export function entriesOf(directory: string): readonly Entry[] {
  try {
    const found = readdirSync(directory, { withFileTypes: true });
    return found.map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'file' }));
  } catch {
    return [];
  }
}
