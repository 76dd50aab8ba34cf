/**
 * What the processes of a task's tries have used: time of processors, and what they read and wrote. A list without
 * names: it goes through each task's report, journal and row.
 */
export type TaskUsage = readonly [userUs: number, kernelUs: number, readOps: number, writeOps: number, readBytes: number, writeBytes: number];

export const NO_USAGE: TaskUsage = [0, 0, 0, 0, 0, 0];

/** null: nothing was measured before. */
export function addUsage(before: TaskUsage | null, [userUs, kernelUs, readOps, writeOps, readBytes, writeBytes]: TaskUsage): TaskUsage {
  if (before === null) return [userUs, kernelUs, readOps, writeOps, readBytes, writeBytes];
  return [before[0] + userUs, before[1] + kernelUs, before[2] + readOps, before[3] + writeOps, before[4] + readBytes, before[5] + writeBytes];
}

/** What is new since an earlier look at the same processes; numbers of processes that nobody waited for may be gone. */
export function usageSince(before: TaskUsage, now: TaskUsage): TaskUsage {
  const since = (index: keyof TaskUsage & number): number => Math.max(0, (now[index] ?? 0) - (before[index] ?? 0));
  return [since(0), since(1), since(2), since(3), since(4), since(5)];
}
