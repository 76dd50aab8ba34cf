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
  let round = enclosure;
  for (let pauseMs = firstPauseMs; killOnce(round); pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    if (performance.now() > deadline) return false;
    await delay(pauseMs);
    // Once its members are dead the number of a group may be given to a stranger.
    round = { ...enclosure, groups: [] };
  }
  if (enclosure.cgroup !== null) removeCgroup(enclosure.cgroup);
  return true;
};

/** One round; true if something was there to kill. */
const killOnce = ({ cgroup, groups, marks }: Enclosure): boolean => {
  if (cgroup !== null && isPopulated(cgroup)) {
    killCgroup(cgroup);
    return true;
  }
  // Stopped first, so that what forks without end holds still while we look, and children can be found by parents that still live.
  for (const group of groups) signal(-group, 'SIGSTOP');
  // Costs milliseconds; after a control group only for what left it as root.
  const marked = marks.length > 0 ? markedProcesses(marks) : [];
  let found = false;
  // A group whose leader is dead and not yet reaped still takes signals, so it says nothing where the marks can be looked up.
  for (const group of groups) found = (signal(-group, 'SIGKILL') && marks.length === 0) || found;
  for (const pid of marked) found = signal(pid, 'SIGKILL') || found;
  return found;
};

/** A negative number names a process group. False: there is none of that number, or it is not ours to signal. */
const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
};
