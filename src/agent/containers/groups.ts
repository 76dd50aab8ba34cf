import { readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Cgroup } from '../cgroups.ts';

/**
 * The name by which an engine is told to make a container's control group in that of the node: its path in the unified
 * tree. null: there is none, or this process does not see where the tree begins.
 */
export function groupParent({ net }: Cgroup): string | null {
  if (net === null) return null;
  const tree = trees().find(({ type, point }) => type === 'cgroup2' && isBelow(net, point));
  return tree === undefined || tree.top !== '/' ? null : `/${relative(tree.point, net)}`;
}

/** Where the unified tree of this machine is, from its top; null: there is none, or this process sees a part of it. */
export function unifiedTree(): string | null {
  return trees().find(({ type, top }) => type === 'cgroup2' && top === '/')?.point ?? null;
}

/**
 * Beside a tree of version 2 engines make the group in each of version 1, too, and remove their own alone: what is
 * there of the node's is removed here.
 */
export function removeGroups(parent: string): void {
  for (const { point } of trees().filter(({ top }) => top === '/')) removeTree(join(point, parent));
}

interface Tree {
  readonly top: string;
  readonly point: string;
  readonly type: string;
}

/** proc_pid_mountinfo(5): the fourth field is what of the tree is mounted, the fifth where; the type comes later. */
function trees(): readonly Tree[] {
  let table = '';
  try {
    table = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return [];
  }
  return table.split('\n').flatMap((line) => {
    const [place = '', system = ''] = line.split(' - ');
    const [, , , top, point] = place.split(' ');
    const [type = ''] = system.split(' ');
    return top === undefined || point === undefined || !type.startsWith('cgroup') ? [] : [{ top, point, type }];
  });
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(path, entry.name));
    rmdirSync(path);
  } catch {
    // Not there, or somebody is still in it.
  }
}
