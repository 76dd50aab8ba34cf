import { readFileSync, readdirSync } from 'node:fs';

/** Pids are reused within seconds under load: a process is named by its pid and its start time (field 22 of /proc/PID/stat, clock ticks since boot). */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: string;
}

/** null: there is no such process (or it is a zombie), or no /proc. */
export const processOf = (pid: number): ProcessId | null => {
  const fields = statFields(pid);
  const startTime = fields?.[19];
  return fields === null || startTime === undefined || fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, startTime };
};

/** Without /proc only the pid can be asked for. */
export const isAlive = (process: ProcessId): boolean => processOf(process.pid)?.startTime === process.startTime;

/** Sends a signal to exactly this process; false if it is gone. */
export const signalProcess = (target: ProcessId, signal: NodeJS.Signals): boolean => isAlive(target) && sendSignal(target.pid, signal);

/** A negative number names a process group. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
};

/**
 * Pids of living processes whose environment at their start held all of `marks` (`NAME=value`), and of their descendants
 * (a child may have cleared its environment). Processes of other users are left out when not root.
 */
export const markedProcesses = (marks: readonly string[]): readonly number[] => {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const name of processDirectories()) {
    const pid = Number(name);
    const fields = statFields(pid);
    if (fields === null || fields[0] === 'Z' || pid === process.pid) continue;
    parents.set(pid, Number(fields[1]));
    if (hasMarks(pid, marks)) found.add(pid);
  }
  if (found.size > 0) for (let grown = true; grown; ) grown = addChildren(parents, found);
  return [...found];
};

const addChildren = (parents: ReadonlyMap<number, number>, found: Set<number>): boolean => {
  let grown = false;
  for (const [pid, parent] of parents) {
    if (!found.has(pid) && found.has(parent)) {
      found.add(pid);
      grown = true;
    }
  }
  return grown;
};

const processDirectories = (): readonly string[] => {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
};

/** The fields after the program's name, which may hold blanks and brackets itself: [0] is the state, [1] the parent, [19] the start time. */
const statFields = (pid: number): readonly string[] | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
};

const hasMarks = (pid: number, marks: readonly string[]): boolean => {
  try {
    const environment = `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
    return marks.every((mark) => environment.includes(`\0${Buffer.from(mark).toString('latin1')}\0`));
  } catch {
    return false;
  }
};
