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

/** Living processes that carry `mark`, by the value of their variable `name`. */
export const processesByVariable = (mark: string, name: string): ReadonlyMap<string, readonly number[]> => {
  const found = new Map<string, number[]>();
  for (const pid of processDirectories().map(Number)) {
    const environment = environmentOf(pid);
    if (!environment.includes(`\0${mark}\0`)) continue;
    const value = environment.split('\0').find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
    if (value !== undefined) found.set(value, [...(found.get(value) ?? []), pid]);
  }
  return found;
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
  const environment = environmentOf(pid);
  return marks.every((mark) => environment.includes(`\0${mark}\0`));
};

/** As it was when the process's program started, each pair between zeros; '' if it is gone, or another user's. */
const environmentOf = (pid: number): string => {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'utf8')}\0`;
  } catch {
    return '';
  }
};
