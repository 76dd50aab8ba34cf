import { readFileSync, readdirSync } from 'node:fs';

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

/** The fields after the program's name, which may hold blanks and brackets itself: [0] is the state, [1] the parent. */
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
