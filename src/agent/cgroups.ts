import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Control groups as nets for processes: a tree without controllers is enough, what counts is `cgroup.kill` (Linux 5.14), which no fork outruns and no setsid escapes.
 * Every function tolerates that the group is gone.
 */

/** Makes a group for a node below this process's own and tries to use it. null: none here (other system, no rights, old kernel). */
export const openCgroup = (name: string): string | null => {
  const base = ownCgroup();
  if (base === null) return null;
  const path = join(base, name);
  try {
    mkdirSync(join(path, 'probe'), { recursive: true });
    writeFileSync(join(path, 'probe', 'cgroup.kill'), '1');
    rmdirSync(join(path, 'probe'));
    return path;
  } catch {
    removeCgroup(path);
    return null;
  }
};

export const makeChildCgroup = (parent: string, name: string): string => {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  return path;
};

/** Throws if the process may not be moved there. */
export const moveToCgroup = (path: string, pid: number): void => writeFileSync(join(path, 'cgroup.procs'), String(pid));

/** Kills all members, those of groups below included, and each child born meanwhile. Returns before they are gone. */
export const killCgroup = (path: string): void => {
  try {
    writeFileSync(join(path, 'cgroup.kill'), '1');
  } catch {
    // The group is gone, and with it its members.
  }
};

/** Whether a living process is in the group or below. */
export const isPopulated = (path: string): boolean => {
  try {
    return readFileSync(join(path, 'cgroup.events'), 'utf8').includes('populated 1');
  } catch {
    return false;
  }
};

/** Whether a process other than `pid` is in the group itself. */
export const hasOthers = (path: string, pid: number): boolean => {
  try {
    return readFileSync(join(path, 'cgroup.procs'), 'latin1') !== `${pid}\n`;
  } catch {
    return false;
  }
};

/** Removes an empty group and the empty ones below. */
export const removeCgroup = (path: string): void => {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(path, entry.name));
    rmdirSync(path);
  } catch {
    // Gone, or still populated: then whoever kills its members removes it.
  }
};

const ownCgroup = (): string | null => {
  try {
    const mount = readFileSync('/proc/self/mounts', 'latin1').split('\n').find((line) => line.split(' ')[2] === 'cgroup2')?.split(' ')[1];
    const own = readFileSync('/proc/self/cgroup', 'latin1').split('\n').find((line) => line.startsWith('0::'))?.slice(3);
    return mount === undefined || own === undefined ? null : join(mount, own);
  } catch {
    return null;
  }
};
