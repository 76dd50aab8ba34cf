import { setTimeout as delay } from 'node:timers/promises';
import { isPopulated, killCgroup, removeCgroup } from './cgroups.ts';
import { markedProcesses } from './processes.ts';

/** Everything by which the processes of an attempt, or of a whole node, can be found again. */
export interface Enclosure {
  readonly cgroup: string | null;
  /** Process groups known to belong to it. */
  readonly groups: readonly number[];
  /** `NAME=value` pairs that all its processes carry in their environment. */
  readonly marks: readonly string[];
}

const firstPauseMs = 2;
const longestPauseMs = 100;

/**
 * Kills until nothing is left: the control group where there is one, else process groups and every process that carries the marks.
 * Resolves false if something is still there after `limitMs` (a process inside an uninterruptible system call).
 */
export const killEnclosure = async (enclosure: Enclosure, limitMs = 10_000): Promise<boolean> => {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (!killOnce(enclosure)) break;
    if (performance.now() > deadline) return false;
    await delay(pauseMs);
  }
  if (enclosure.cgroup !== null) removeCgroup(enclosure.cgroup);
  return true;
};

/** One round; true if something was there to kill. */
const killOnce = (enclosure: Enclosure): boolean => {
  const { cgroup, groups, marks } = enclosure;
  let found = cgroup !== null && isPopulated(cgroup);
  // Looking through /proc costs milliseconds: with a control group only once it is empty, for what left it as root. Before the first kill, while parents can be followed.
  const marked = marks.length > 0 && !found ? markedProcesses(marks) : [];
  if (cgroup !== null) killCgroup(cgroup);
  // A group whose leader is dead and not yet reaped still takes signals, so it says nothing where the marks can be looked up.
  for (const group of groups) found = (kill(-group) && marks.length === 0) || found;
  for (const pid of marked) found = kill(pid) || found;
  return found;
};

/** A negative number names a process group. False: there is none of that number, or it is not ours to kill. */
const kill = (pid: number): boolean => {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
};
