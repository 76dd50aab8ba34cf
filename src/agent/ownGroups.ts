import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Where a process may make control groups. */
export interface OwnGroups {
  /** Of the unified tree, the ones to prefer first; the last is the process's own. Empty: there is no such tree. */
  readonly unified: readonly string[];
  /** Its own in the v1 trees that count processes, and bound CPU and memory. null: there is none. */
  readonly pids: string | null;
  readonly cpu: string | null;
  readonly memory: string | null;
}

const NO_GROUPS: OwnGroups = { unified: [], pids: null, cpu: null, memory: null };

/** Those of this process. */
export function ownGroups(): OwnGroups {
  try {
    return ownGroupsOf(readFileSync('/proc/self/cgroup', 'utf8'), readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return NO_GROUPS;
  }
}

/**
 * From the process's groups (cgroups(7), `/proc/pid/cgroup`: number, controllers, path) and mounts
 * (proc_pid_mountinfo(5): the fourth field is what of the tree is mounted, the fifth where; after the hyphen type,
 * source and options).
 */
export function ownGroupsOf(groups: string, mounts: string): OwnGroups {
  const trees = mounts.split('\n').flatMap((line) => {
    const [place = '', system = ''] = line.split(' - ');
    const [, , , top, point] = place.split(' ');
    const [type, , options = ''] = system.split(' ');
    return top === undefined || point === undefined ? [] : [{ top, point, type, options: options.split(',') }];
  });
  const own = groups.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const pathIn = (tree: (typeof trees)[number] | undefined, group: string | undefined): string | null => {
    if (tree === undefined || group === undefined) return null;
    const below = relative(tree.top, group);
    return below === '..' || below.startsWith('../') ? null : join(tree.point, below);
  };
  const unified = pathIn(trees.find(({ type }) => type === 'cgroup2'), own.find((match) => match?.[1] === '')?.[2]);
  const of = (controller: string): string | null =>
    pathIn(
      trees.find(({ type, options }) => type === 'cgroup' && options.includes(controller)),
      own.find((match) => match?.[1]?.split(',').includes(controller))?.[2],
    );
  return { unified: unified === null ? [] : [...unitAbove(unified), unified], pids: of('pids'), cpu: of('cpu'), memory: of('memory') };
}

/**
 * The group of the systemd service that this process runs in, where that put it into one below
 * (systemd.resource-control(5), `DelegateSubgroup=`), so that the service's own has no processes and may count those of
 * other groups. The groups of systemd itself are never ours.
 */
function unitAbove(path: string): readonly string[] {
  const above = dirname(path);
  return basename(above).endsWith('.service') && !/\.(service|scope|slice)$/.test(basename(path)) ? [above] : [];
}
