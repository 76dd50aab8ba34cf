import { readFileSync, readdirSync } from 'node:fs';
import { groupBy } from '../base/groups.ts';
import { during } from './activity.ts';
import { NODE_MARK } from './environment.ts';

/** The machine's processes; what is gone meanwhile, or another user's, says nothing. */
export interface ProcessTable {
  /** One look at the whole machine. */
  pids(): readonly number[];
  stat(pid: number): ProcessStat | null;
  /** As it was when the process's program started: each pair between zeros; '' if it cannot be read, or not yet. */
  environment(pid: number): string;
}

interface ProcessStat {
  readonly isDead: boolean;
  readonly parent: number;
  /** Its process group. */
  readonly group: number;
  /** Clock ticks since the machine started: with the pid it names one process. */
  readonly startTicks: string;
  /** A thread of the kernel: it never has an environment. */
  readonly isKernel: boolean;
}

/** How a process is found: by all of these marks, or by its group. */
interface Traces {
  readonly groups: readonly number[];
  readonly marks: readonly string[];
}

export interface FoundProcess {
  readonly pid: number;
  readonly startTicks: string;
}

/** Looks for processes by their marks. */
export interface ProcessSearch {
  /**
   * For each of `marks` the living processes whose environment held all of them (`NAME=value`, the first being the
   * node's), and their descendants (a child may have cleared its environment): in one look, for whatever number is
   * asked. Processes of other users are left out when not root.
   */
  find(marks: readonly (readonly string[])[]): readonly (readonly FoundProcess[])[];
  /** As `find`, and those of its groups. */
  trace(traces: readonly Traces[]): readonly (readonly FoundProcess[])[];
  /** The values that the variable `name` has in living processes with the node's mark. */
  valuesOf(mark: string, name: string): ReadonlySet<string>;
  isAlive(process: FoundProcess): boolean;
}

/**
 * Remembers of which node each process is, so that most of a look are short reads: to read the environment of every
 * process of a busy machine each time took 33 ms for 276 of them. A process without a node's mark never gets one later,
 * but for those that an agent is just starting: an agent waits for their program, and looks at nothing meanwhile.
 */
export function createProcessSearch(table: ProcessTable = machineProcesses): ProcessSearch {
  let known: ReadonlyMap<number, { readonly startTicks: string; readonly node: string | null }> = new Map();

  const scan = (nodes: ReadonlySet<string>): readonly Seen[] => during('looking at processes', () => look(nodes));

  const look = (nodes: ReadonlySet<string>): readonly Seen[] => {
    const seen: Seen[] = [];
    const next = new Map<number, { readonly startTicks: string; readonly node: string | null }>();
    for (const pid of table.pids()) {
      if (pid === process.pid) continue;
      const stat = table.stat(pid);
      if (stat === null || stat.isDead) continue;
      const before = known.get(pid);
      const isForeign = before !== undefined && before.startTicks === stat.startTicks && (before.node === null || !nodes.has(before.node));
      const environment = isForeign || stat.isKernel ? '' : table.environment(pid);
      if (isForeign) next.set(pid, before);
      // A program that is just being started has none to read yet.
      else if (environment !== '') next.set(pid, { startTicks: stat.startTicks, node: pairOf(environment, NODE_MARK) });
      seen.push({ pid, startTicks: stat.startTicks, parent: stat.parent, group: stat.group, environment });
    }
    known = next;
    return seen;
  };

  const trace = (traces: readonly Traces[]): readonly (readonly FoundProcess[])[] => {
    const seen = scan(new Set(traces.flatMap(({ marks: [node] }) => node ?? [])));
    const children = groupBy(seen, ({ parent }) => parent);
    return traces.map(({ groups, marks }) =>
      withDescendants(
        seen.filter(({ environment, group }) => groups.includes(group) || (marks.length > 0 && environment !== '' && marks.every((mark) => environment.includes(`\0${mark}\0`)))),
        children,
      ),
    );
  };

  return {
    find: (marks) => trace(marks.map((each) => ({ groups: [], marks: each }))),
    trace,
    valuesOf: (mark, name) => {
      const values = new Set<string>();
      for (const { environment } of scan(new Set([mark]))) {
        if (!environment.includes(`\0${mark}\0`)) continue;
        const pair = pairOf(environment, name);
        if (pair !== null) values.add(pair.slice(name.length + 1));
      }
      return values;
    },
    isAlive: ({ pid, startTicks }) => {
      const stat = table.stat(pid);
      return stat !== null && !stat.isDead && stat.startTicks === startTicks;
    },
  };
}

/** Pids of living processes that carry `marks`, of any kind, and of their descendants. */
export function markedProcesses(marks: readonly string[]): readonly number[] {
  return createProcessSearch().find([marks]).flatMap((found) => found.map(({ pid }) => pid));
}

interface Seen extends FoundProcess {
  readonly parent: number;
  readonly group: number;
  /** '': foreign, or unreadable. */
  readonly environment: string;
}

function withDescendants(found: readonly Seen[], children: ReadonlyMap<number, readonly Seen[]>): readonly FoundProcess[] {
  const all = new Set(found);
  // A set that grows while it is gone through is gone through to its end.
  for (const { pid } of all) for (const child of children.get(pid) ?? []) all.add(child);
  return [...all];
}

/** `NAME=value`; null: the variable is not there. */
function pairOf(environment: string, name: string): string | null {
  const begin = environment.indexOf(`\0${name}=`);
  return begin < 0 ? null : environment.slice(begin + 1, environment.indexOf('\0', begin + 1));
}

/** include/linux/sched.h */
const PF_KTHREAD = 0x00200000;

export const machineProcesses: ProcessTable = {
  pids: () => {
    try {
      return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
    } catch {
      return [];
    }
  },
  stat: (pid) => {
    try {
      // As UTF-8 Node reads it in one step; in another encoding it would take a buffer of 64 KB for each.
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // Fields after the program's name, which may hold blanks and brackets itself (proc_pid_stat(5)).
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return { isDead: fields[0] === 'Z' || fields[0] === 'X', parent: Number(fields[1]), group: Number(fields[2]), isKernel: (Number(fields[6]) & PF_KTHREAD) !== 0, startTicks: fields[19] ?? '' };
    } catch {
      return null;
    }
  },
  environment: (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/environ`, 'utf8');
      return text === '' ? '' : `\0${text}\0`;
    } catch {
      return '';
    }
  },
};
