import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { NO_USAGE, type TaskUsage, usageSince } from '../core/task/usage.ts';
import { type Cgroup, membersOfCgroup } from './cgroups.ts';

/**
 * What the processes that one process starts, one after the other, have used: their time by its control group (Linux
 * kernel, cgroup-v2.rst, "CPU"), or else with the hundredths of a second of proc_pid_stat(5); what they read and wrote
 * by proc_pid_io(5), which has that of children that were waited for. Where neither is told it is not known.
 */
export interface UsageMeter {
  /** Since the last look. Processes that still run, or that nobody waited for, are in it with their time alone. */
  look(): TaskUsage | null;
  /** As `look`, where all processes are about to be killed, and would take what they have read and written along. */
  lookAtAll(): TaskUsage | null;
  close(): void;
}

/** More than any of the files has. */
const MOST_BYTES = 4_096;

/** The files stay open: a look costs some microseconds for each task. */
export function openUsageMeter(pid: number, cgroup: Cgroup): UsageMeter {
  const bytes = Buffer.alloc(MOST_BYTES);
  const files = {
    group: cgroup.net === null ? null : open(join(cgroup.net, 'cpu.stat')),
    process: cgroup.net === null ? open(`/proc/${pid}/stat`) : null,
    io: open(`/proc/${pid}/io`),
  };
  let isOpen = true;
  const textOf = (file: number | null): string | null => {
    if (file === null || !isOpen) return null;
    try {
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
    } catch {
      // The process or the group is gone.
      return null;
    }
  };
  let lastTime: readonly [number, number] = [0, 0];
  let lastIo: Io = NO_IO;
  /** What is not told counts as what was told last. */
  const totals = (io: Io | null): TaskUsage => {
    lastTime = groupTime(textOf(files.group)) ?? processTime(textOf(files.process)) ?? lastTime;
    lastIo = io ?? lastIo;
    return [...lastTime, ...lastIo];
  };
  const ownIo = (): Io | null => ioIn(textOf(files.io));
  const allIo = (): Io | null => {
    const own = ownIo();
    return own === null ? null : ioOf(membersOfCgroup(cgroup).filter((member) => member !== pid), own);
  };
  const isTold = Object.values(files).some((file) => file !== null);
  let before = isTold ? totals(ownIo()) : NO_USAGE;
  const since = (io: Io | null): TaskUsage | null => {
    if (!isTold) return null;
    const now = totals(io);
    const used = usageSince(before, now);
    before = now;
    return used;
  };
  return {
    look: () => since(ownIo()),
    lookAtAll: () => since(allIo()),
    close: () => {
      if (isOpen) for (const file of Object.values(files)) if (file !== null) closeSync(file);
      isOpen = false;
    },
  };
}

/**
 * The time of all that was ever in a group, and what those who are there now have read and written. null: it has no
 * time, or is gone.
 */
export function usageOfGroup(cgroup: Cgroup): TaskUsage | null {
  const time = groupTime(cgroup.net === null ? null : read(join(cgroup.net, 'cpu.stat')));
  return time === null ? null : [...time, ...ioOf(membersOfCgroup(cgroup), NO_IO)];
}

/** What the children of this process that it has waited for have used, and what it has read and written itself. */
export function usageOfChildren(): TaskUsage | null {
  const io = ioIn(read('/proc/self/io'));
  const text = read('/proc/self/stat');
  if (io === null || text === null) return null;
  const [, , user = 0, kernel = 0] = timesIn(text);
  return [US_PER_TICK * user, US_PER_TICK * kernel, ...io];
}

/** With what is known besides. */
function ioOf(pids: readonly number[], known: Io): Io {
  return pids.map((pid) => ioIn(read(`/proc/${pid}/io`))).reduce<Io>((sum, io) => (io === null ? sum : [sum[0] + io[0], sum[1] + io[1], sum[2] + io[2], sum[3] + io[3]]), known);
}

/** Reads, writes, bytes read, bytes written. */
type Io = readonly [number, number, number, number];

const NO_IO: Io = [0, 0, 0, 0];

function ioIn(text: string | null): Io | null {
  const found = text === null ? null : /^syscr: (\d+)\nsyscw: (\d+)\nread_bytes: (\d+)\nwrite_bytes: (\d+)$/m.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2]), Number(found[3]), Number(found[4])];
}

function groupTime(text: string | null): readonly [number, number] | null {
  const found = text === null ? null : /^user_usec (\d+)\nsystem_usec (\d+)$/m.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2])];
}

const US_PER_TICK = 10_000;

/** Fields after the program's name: own time in user and kernel mode, and that of children that were waited for. */
function processTime(text: string | null): readonly [number, number] | null {
  if (text === null) return null;
  const [user = 0, kernel = 0, childrensUser = 0, childrensKernel = 0] = timesIn(text);
  return [US_PER_TICK * (user + childrensUser), US_PER_TICK * (kernel + childrensKernel)];
}

/** In hundredths of a second. */
function timesIn(text: string): readonly number[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ').slice(11, 15).map(Number);
}

function open(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
