import { readFileSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DiskTraffic, Measure, NetworkTraffic } from '../core/pool/measure.ts';
import { during } from './activity.ts';
import { type Cgroup, membersOfCgroup } from './cgroups.ts';
import { createProcessSearch } from './processes.ts';

/**
 * Measures what a node uses: what it has started, found by its control group, or else by its mark. The agent's own time
 * and memory are left out; its reading and writing is not, since it does so for tasks. What cannot be told on a machine
 * is left out: no number is better than a wrong one.
 */

export interface MeasuredNode {
  readonly cgroup: Cgroup;
  /** `NAME=value`, in the environment of all that runs on the node. */
  readonly mark: string;
  readonly rootDirectory: string;
  /** Left out: those of the machine. */
  readonly cores?: number | undefined;
  /** Whether what runs there is in a network of the node's own. */
  readonly hasOwnNetwork: boolean;
}

/** What has come together since the beginning; null: it cannot be told. */
interface Totals {
  readonly cpuMs: number | null;
  readonly io: DiskTraffic | null;
  readonly network: NetworkTraffic | null;
}

export interface Measuring {
  /** What was used since the last call, or since the beginning. */
  measure(): Measure;
}

/** `now`: milliseconds that only grow. */
export function createMeasuring(node: MeasuredNode, now: () => number = () => performance.now()): Measuring {
  const search = createProcessSearch();
  const cores = node.cores ?? availableParallelism();
  const members = (): readonly number[] => (node.cgroup.net === null ? (search.find([[node.mark]])[0] ?? []).map(({ pid }) => pid) : membersOfCgroup(node.cgroup));
  const totals = (pids: readonly number[]): Totals => ({
    cpuMs: cpuOfGroup(node.cgroup) ?? cpuOfProcesses(pids),
    io: ioOfProcesses([process.pid, ...pids]),
    network: node.hasOwnNetwork ? networkOf(pids) : null,
  });
  let last = during('measuring what the node uses', () => totals(members()));
  let lastAt = now();

  const look = (): Measure => {
    const pids = members();
    const seen = totals(pids);
    const at = now();
    const overMs = Math.max(1, at - lastAt);
    const cpuMs = since(last.cpuMs, seen.cpuMs);
    const io = sinceEach(last.io, seen.io);
    const network = sinceEach(last.network, seen.network);
    const memoryBytes = memoryOfGroup(node.cgroup) ?? memoryOfProcesses(pids);
    const diskBytes = diskInUse(node.rootDirectory);
    // Where nothing runs any more there is nothing to look at: what is seen next counts from what was seen before.
    last = { cpuMs: seen.cpuMs ?? last.cpuMs, io: seen.io ?? last.io, network: seen.network ?? last.network };
    lastAt = at;
    return {
      overMs,
      ...(cpuMs === null ? null : { cpu: { ms: cpuMs, cores } }),
      ...(memoryBytes === null ? null : { memoryBytes }),
      ...(diskBytes === null ? null : { diskBytes }),
      ...(io === null ? null : { io }),
      ...(network === null ? null : { network }),
    };
  };
  return { measure: () => during('measuring what the node uses', look) };
}

/** The time of a process that nobody of the node waited for goes with it: then less is seen than before. */
function since(before: number | null, seen: number | null): number | null {
  return seen === null ? null : Math.max(0, seen - (before ?? 0));
}

function sinceEach<Amounts extends object>(before: Amounts | null, seen: Amounts | null): Amounts | null {
  if (seen === null) return null;
  const earlier = (before ?? {}) as Readonly<Record<string, number>>;
  return Object.fromEntries(Object.entries(seen).map(([name, amount]: [string, number]) => [name, since(earlier[name] ?? 0, amount)])) as Amounts;
}

/** Of all that was ever in the group or below (cgroup-v2.rst, "CPU": `cpu.stat` is there without the controller). */
function cpuOfGroup({ net }: Cgroup): number | null {
  const usage = net === null ? null : amountIn(read(join(net, 'cpu.stat')), /^usage_usec (\d+)$/m);
  return usage === null ? null : usage / 1000;
}

/** proc_pid_stat(5): times are in hundredths of a second on all machines of Linux that Node.js runs on. */
const MS_PER_TICK = 10;
/** Fields after the program's name: own time in user and kernel mode, and that of children that were waited for. */
const [UTIME, STIME, CUTIME, CSTIME] = [11, 12, 13, 14] as const;

/** Theirs, and what children of theirs and of the agent used that are over. */
function cpuOfProcesses(pids: readonly number[]): number | null {
  const own = statOf(process.pid);
  if (own === null) return null;
  const ticks = pids.map(statOf).map((fields) => (fields === null ? 0 : sumOf(fields, [UTIME, STIME, CUTIME, CSTIME])));
  return MS_PER_TICK * ticks.reduce((sum, more) => sum + more, sumOf(own, [CUTIME, CSTIME]));
}

function statOf(pid: number): readonly string[] | null {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function sumOf(fields: readonly string[], indices: readonly number[]): number {
  return indices.reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
}

/** What is not given back at once when others need it (`inactive_file` is). Null also where no group counts memory. */
function memoryOfGroup({ memory }: Cgroup): number | null {
  if (memory === null) return null;
  const used = read(join(memory, 'memory.current')) ?? read(join(memory, 'memory.usage_in_bytes'));
  if (used === null) return null;
  const stat = read(join(memory, 'memory.stat'));
  // In version 1 only the total has what groups below hold.
  return Math.max(0, Number(used) - (amountIn(stat, /^total_inactive_file (\d+)$/m) ?? amountIn(stat, /^inactive_file (\d+)$/m) ?? 0));
}

/** proc_pid_status(5): what is a process's own alone, in kB. */
const OWN_MEMORY = /^RssAnon:\s+(\d+) kB$/m;

function memoryOfProcesses(pids: readonly number[]): number | null {
  if (amountIn(read('/proc/self/status'), OWN_MEMORY) === null) return null;
  return pids.reduce((sum, pid) => sum + 1024 * (amountIn(read(`/proc/${pid}/status`), OWN_MEMORY) ?? 0), 0);
}

/** proc_pid_io(5); of processes that are over it is with who waited for them. */
function ioOfProcesses(pids: readonly number[]): DiskTraffic | null {
  if (read('/proc/self/io') === null) return null;
  const texts = pids.map((pid) => read(`/proc/${pid}/io`) ?? '');
  const sum = (name: string): number => texts.reduce((total, text) => total + (amountIn(text, new RegExp(`^${name}: (\\d+)$`, 'm')) ?? 0), 0);
  return { readBytes: sum('read_bytes'), writeBytes: sum('write_bytes'), readOps: sum('syscr'), writeOps: sum('syscw') };
}

/** proc_pid_net(5): the interfaces that a process sees; what a node says to itself is not on the network. */
function networkOf(pids: readonly number[]): NetworkTraffic | null {
  for (const pid of pids) {
    const text = read(`/proc/${pid}/net/dev`);
    if (text !== null) return trafficIn(text);
  }
  return null;
}

/** Bytes received are the first number of an interface, bytes sent the ninth. */
function trafficIn(devices: string): NetworkTraffic {
  let [inBytes, outBytes] = [0, 0];
  for (const line of devices.split('\n')) {
    const [name = '', numbers] = line.split(':');
    if (numbers === undefined || name.trim() === 'lo') continue;
    const counts = numbers.trim().split(/\s+/).map(Number);
    inBytes += counts[0] ?? 0;
    outBytes += counts[8] ?? 0;
  }
  return { inBytes, outBytes };
}

/** Of the file system that the node's directories lie on; nodes of a machine may share it. */
function diskInUse(directory: string): number | null {
  try {
    const { blocks, bfree, bsize } = statfsSync(directory);
    return (blocks - bfree) * bsize;
  } catch {
    return null;
  }
}

function amountIn(text: string | null, pattern: RegExp): number | null {
  const found = text === null ? null : pattern.exec(text);
  return found === null ? null : Number(found[1]);
}

/** Null: there is no such file here, or it is gone. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
