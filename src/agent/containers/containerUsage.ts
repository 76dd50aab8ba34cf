import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_USAGE, type TaskUsage, usageSince } from '../../core/task/usage.ts';
import { type Cgroup, NO_CGROUP } from '../cgroups.ts';
import type { NodeLimits } from '../options.ts';
import { usageOfGroup } from '../usage.ts';
import { removeGroups } from './groups.ts';

/**
 * The control group that an engine is told to make a container's in: the engine removes its own as soon as the
 * container is over, and with it what was counted there; this one keeps the time of all that was ever below it (Linux
 * kernel, cgroup-v2.rst, "CPU": `cpu.stat` is there without the controller).
 */
export interface ContainerGroup {
  /** As the engine calls it. */
  readonly parent: string;
  readonly directory: string;
}

/** `nodeParent`: how the engine calls the node's group. null: none can be made. */
export function makeContainerGroup({ net }: Cgroup, nodeParent: string, name: string): ContainerGroup | null {
  if (net === null) return null;
  const own = `${name}${SUFFIX}`;
  const directory = join(net, own);
  try {
    mkdirSync(directory, { recursive: true });
    return { parent: join(nodeParent, own), directory };
  } catch {
    return null;
  }
}

/** The group of the engine's programs has the name alone. */
const SUFFIX = '.all';

/**
 * Whether a process below the group was killed for want of memory, of the container's or of the node's (cgroup-v2.rst,
 * "memory.events": that of groups below counts, of those that are gone as well). False also where the unified tree does
 * not bound memory.
 */
export function ranOutOfMemory({ directory }: ContainerGroup): boolean {
  try {
    return /^oom_kill [1-9]/m.test(readFileSync(join(directory, 'memory.events'), 'latin1'));
  } catch {
    return false;
  }
}

/**
 * What an engine may be told to bound: a runtime refuses a container with a limit for which its group has no controller
 * (in the unified tree, where what lies above has processes of its own or was given less). What could not be set for
 * the node cannot be there either.
 */
export function limitsBelow({ cpu, memory }: Cgroup, { cores, memoryBytes }: NodeLimits): NodeLimits {
  return { ...(cpu === null || cores === undefined ? null : { cores }), ...(memory === null || memoryBytes === undefined ? null : { memoryBytes }) };
}

/** Measures what one container uses. */
export interface ContainerMeter {
  look(): void;
  /** All that was used; null: nothing tells. Removes the group. */
  close(): TaskUsage | null;
}

const LOOK_EVERY_MS = 500;

/**
 * The time of processors is the group's. What processes read and write is told of living ones alone (proc_pid_io(5)):
 * it is looked at now and then, and before they are killed. `told`: what the engine has written down of processes that
 * it waited for, if it does; where there is no group, all is from there.
 */
export function openContainerMeter(group: ContainerGroup | null, told: () => TaskUsage | null): ContainerMeter {
  const cgroup: Cgroup = { ...NO_CGROUP, net: group?.directory ?? null };
  // One that an earlier life has left is used again.
  const before = usageOfGroup(cgroup) ?? NO_USAGE;
  let most: TaskUsage | null = null;
  const look = (): void => {
    const inGroup = usageOfGroup(cgroup);
    const seen = inGroup === null ? null : usageSince(before, inGroup);
    const said = told();
    if (seen !== null) most = highest(most, seen);
    if (said !== null) most = highest(most, seen === null ? said : [seen[0], seen[1], said[2], said[3], said[4], said[5]]);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    look,
    close: () => {
      clearInterval(timer);
      look();
      if (group !== null) removeGroups(group.parent);
      return most;
    },
  };
}

/** Numbers of processes that are over are gone: less may be seen than before. */
function highest(one: TaskUsage | null, other: TaskUsage): TaskUsage {
  const of = (index: keyof TaskUsage & number): number => Math.max(one?.[index] ?? 0, other[index] ?? 0);
  return [of(0), of(1), of(2), of(3), of(4), of(5)];
}
