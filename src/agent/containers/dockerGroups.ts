import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskUsage } from '../../core/task/usage.ts';
import { NO_CGROUP } from '../cgroups.ts';
import { usageOfGroup } from '../usage.ts';
import { unifiedTree } from './groups.ts';

/**
 * Where docker's daemon makes the control group of a container in the unified tree, unless it was configured otherwise
 * (dockerd(8), `--cgroup-parent`): below its own with the driver `cgroupfs`, as a scope with the driver `systemd`.
 */
function placesOf(id: string): readonly string[] {
  return [join('docker', id), join('system.slice', `docker-${id}.scope`)];
}

/**
 * What a container of docker has used so far; null: its group is not found, or gone with it. `tree`: the unified tree
 * of this machine.
 */
export function usageInDocker(id: string, tree: string | null = unifiedTree()): TaskUsage | null {
  const place = tree === null || id === '' ? undefined : placesOf(id).map((one) => join(tree, one)).find((one) => existsSync(one));
  return place === undefined ? null : usageOfGroup({ ...NO_CGROUP, net: place });
}
