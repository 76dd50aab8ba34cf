import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { limitCpu, limitMemory } from './limiting.ts';
import type { NodeLimits } from './options.ts';
import { type OwnGroups, ownGroups } from './ownGroups.ts';

/**
 * Control groups as nets for processes, as what counts them and what bounds their CPU and memory. As a net a group of
 * the unified tree is enough, without controllers: what counts is `cgroup.kill` (Linux 5.14), which no fork outruns and
 * no setsid escapes. What bounds processes is `pids.max` (Linux kernel, cgroup-v2.rst, "PID"; v1: pids.rst): in the
 * same group where the unified tree has that controller to give, else in a second one of a v1 tree. The same holds for
 * CPU and memory (`limiting.ts`). A process is in all of them, so the other groups are empty when its net is. Every
 * function tolerates that a group is gone.
 */
export interface Cgroup {
  /** By it processes are found and killed. null: none here (other system, no rights, old kernel). */
  readonly net: string | null;
  /** In it they are counted and bounded; the same path where one group does both. null: nothing counts them here. */
  readonly counter: string | null;
  /** What bounds their CPU, and their memory; as `counter`. null also where no limit is asked for. */
  readonly cpu: string | null;
  readonly memory: string | null;
}

export const NO_CGROUP: Cgroup = { net: null, counter: null, cpu: null, memory: null };

/** The group above those of all nodes that count, so that these together leave something to the machine. */
const ALL_NODES = 'linarite';
/** It is removed with the last node's group, maybe just when another node begins. */
const TRIES = 5;

/**
 * Makes a node's groups below this process's own and tries to use them. `mostProcesses`: of all nodes of this machine
 * together; `limits`: of this one. A limit that cannot be set here is left out.
 */
export function openCgroup(name: string, mostProcesses: number, limits: NodeLimits, own: OwnGroups = ownGroups()): Cgroup {
  const both = openBoth(name, mostProcesses, limits, own);
  if (both !== null) return both;
  const counter = own.pids === null ? null : openGroup(own.pids, name, (all) => bound(all, mostProcesses));
  if (counter !== null && limits.processes !== undefined) bound(counter, limits.processes);
  return { net: openNet(name, own), counter, ...openLimited(name, limits, own) };
}

/**
 * Makes a slot's group in that of its node, which holds `mostProcesses` processes and threads. Throws the system's
 * error.
 */
export function makeChildCgroup(node: Cgroup, name: string, mostProcesses: number): Cgroup {
  const child: Cgroup = { net: childOf(node.net, name), counter: childOf(node.counter, name), cpu: childOf(node.cpu, name), memory: childOf(node.memory, name) };
  for (const path of pathsOf(child)) mkdirSync(path, { recursive: true });
  if (child.counter !== null) bound(child.counter, mostProcesses);
  return child;
}

/** Throws if the process may not be moved there. */
export function moveToCgroup(group: Cgroup, pid: number): void {
  for (const path of pathsOf(group)) writeFileSync(join(path, 'cgroup.procs'), String(pid));
}

/** Kills all members, those of groups below included, and each child born meanwhile. Returns before they are gone. */
export function killCgroup({ net }: Cgroup): void {
  if (net === null) return;
  try {
    writeFileSync(join(net, 'cgroup.kill'), '1');
  } catch {
    // The group is gone, and with it its members.
  }
}

/** Whether a living process is in the net or below. */
export function isPopulated({ net }: Cgroup): boolean {
  if (net === null) return false;
  try {
    return readFileSync(join(net, 'cgroup.events'), 'utf8').includes('populated 1');
  } catch {
    return false;
  }
}

/** Sees who is in a net. The file stays open: a look by name takes longer. */
export interface Members {
  /** Whether a process other than `pid` is in the net itself. */
  hasOthers(pid: number): boolean;
  close(): void;
}

/** Throws the system's error, as where the machine has no files left. */
export function openMembers({ net }: Cgroup): Members {
  const file = net === null ? null : openSync(join(net, 'cgroup.procs'), 'r');
  const bytes = Buffer.alloc(MEMBERS_LOOKED_AT);
  let isOpen = file !== null;
  return {
    hasOthers: (pid) => {
      if (file === null || !isOpen) return false;
      try {
        return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0)) !== `${pid}\n`;
      } catch {
        // The group is gone.
        return false;
      }
    },
    close: () => {
      if (file !== null && isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

/** More than one number takes. */
const MEMBERS_LOOKED_AT = 32;

/** The living processes in the net or below. */
export function membersOfCgroup({ net }: Cgroup): readonly number[] {
  return (net === null ? [] : membersBelow(net));
}

/** Removes empty groups and the empty ones below, and what was there for all nodes with the last of these. */
export function removeCgroup(group: Cgroup): void {
  for (const path of pathsOf(group)) {
    removeTree(path);
    if (basename(dirname(path)) === ALL_NODES) removeOne(dirname(path));
  }
}

/** As `readCgroup` reads it: a path a line. */
export function cgroupText({ net, counter, cpu, memory }: Cgroup): string {
  return [net, counter, cpu, memory].map((path) => path ?? '').join('\n');
}

/** Older agents wrote a net alone, or with what counts. */
export function readCgroup(text: string): Cgroup {
  const [net = null, counter = null, cpu = null, memory = null] = text.split('\n').map((path) => (path === '' ? null : path));
  return { net, counter, cpu, memory };
}

export function pathsOf({ net, counter, cpu, memory }: Cgroup): readonly string[] {
  return [...new Set([net, counter, cpu, memory])].filter((path) => path !== null);
}

function childOf(parent: string | null, name: string): string | null {
  return (parent === null ? null : join(parent, name));
}

function membersBelow(path: string): readonly number[] {
  try {
    // 0 stands for one that this process's PID namespace does not show, and to signal it would be to signal ourselves.
    const own = readFileSync(join(path, 'cgroup.procs'), 'latin1').split('\n').map(Number).filter((pid) => pid > 0);
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => membersBelow(join(path, name)))];
  } catch {
    return [];
  }
}

function removeTree(path: string): void {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(path, entry.name));
  } catch {
    // Gone.
  }
  removeOne(path);
}

function removeOne(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Gone, or still populated: then whoever kills its members removes it.
  }
}

function bound(path: string, mostProcesses: number): void {
  return writeFileSync(join(path, 'pids.max'), String(mostProcesses));
}

function give(path: string, controller: 'pids' | 'cpu' | 'memory'): void {
  return writeFileSync(join(path, 'cgroup.subtree_control'), `+${controller}`);
}

/** A group of the unified tree that is all. null: that tree has no processes to count here. */
function openBoth(name: string, mostProcesses: number, limits: NodeLimits, { unified }: OwnGroups): Cgroup | null {
  const parent = unified.find(canGivePids);
  if (parent === undefined) return null;
  const path = openGroup(parent, name, (all) => {
    give(parent, 'pids');
    bound(all, mostProcesses);
    give(all, 'pids');
  });
  if (path === null) return null;
  const has = (controller: 'cpu' | 'memory', set: () => void): string | null => {
    try {
      for (const above of [parent, dirname(path), path]) give(above, controller);
      set();
      return path;
    } catch {
      return null;
    }
  };
  try {
    give(path, 'pids');
    if (limits.processes !== undefined) bound(path, limits.processes);
    tryNet(path);
    const { cores, memoryBytes } = limits;
    return {
      net: path,
      counter: path,
      cpu: cores === undefined ? null : has('cpu', () => limitCpu(path, cores)),
      memory: memoryBytes === undefined ? null : has('memory', () => limitMemory(path, memoryBytes)),
    };
  } catch {
    removeCgroup({ ...NO_CGROUP, net: path });
    return null;
  }
}

/** In trees of version 1. */
function openLimited(name: string, { cores, memoryBytes }: NodeLimits, own: OwnGroups): Pick<Cgroup, 'cpu' | 'memory'> {
  const open = (parent: string | null, set: (path: string) => void): string | null => {
    const path = parent === null ? null : openGroup(parent, name, () => {});
    if (path === null) return null;
    try {
      set(path);
      return path;
    } catch {
      removeCgroup({ ...NO_CGROUP, net: path });
      return null;
    }
  };
  return {
    cpu: cores === undefined ? null : open(own.cpu, (path) => limitCpu(path, cores)),
    memory: memoryBytes === undefined ? null : open(own.memory, (path) => limitMemory(path, memoryBytes)),
  };
}

/**
 * Whether groups below may count processes. A group that has some itself must not begin to: those below it could take
 * none any more (cgroup-v2.rst, "Threads": they would be `domain invalid`). That does not hold for the root of the
 * tree.
 */
function canGivePids(path: string): boolean {
  try {
    const isRoot = !existsSync(join(path, 'cgroup.type'));
    const isFree = isRoot || readFileSync(join(path, 'cgroup.procs'), 'latin1') === '';
    return isFree && readFileSync(join(path, 'cgroup.controllers'), 'latin1').trim().split(' ').includes('pids');
  } catch {
    return false;
  }
}

function openNet(name: string, { unified }: OwnGroups): string | null {
  const parent = unified.at(-1);
  if (parent === undefined) return null;
  const path = join(parent, name);
  try {
    mkdirSync(path, { recursive: true });
    tryNet(path);
    return path;
  } catch {
    removeTree(path);
    return null;
  }
}

/** Throws if there is no killing by groups. */
function tryNet(path: string): void {
  const probe = join(path, 'probe');
  mkdirSync(probe, { recursive: true });
  writeFileSync(join(probe, 'cgroup.kill'), '1');
  removeOne(probe);
}

/** `set`: makes the group above those of all nodes what it is. */
function openGroup(parent: string, name: string, set: (all: string) => void): string | null {
  const all = join(parent, ALL_NODES);
  const path = join(all, name);
  for (let tries = TRIES; tries > 0; tries--) {
    try {
      mkdirSync(all, { recursive: true });
      set(all);
      mkdirSync(path, { recursive: true });
      return path;
    } catch {
      // Removed meanwhile, or not ours to make.
    }
  }
  removeOne(all);
  return null;
}
