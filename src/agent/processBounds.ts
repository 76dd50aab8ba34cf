import { readFileSync } from 'node:fs';

/** How many processes and threads there may be at a time. */
export interface ProcessBounds {
  /** Of one attempt. */
  readonly perAttempt: number;
  /** Of all nodes of this machine together. */
  readonly allNodes: number;
}

/** No program that does something needs more: the largest servers have some thousand threads. */
const MOST_OF_AN_ATTEMPT = 32_768;
/** The share that systemd gives to a service on a machine that has few (systemd-system.conf(5), DefaultTasksMax). */
const SHARE_OF_AN_ATTEMPT = 0.15;
/** The share of all nodes. The rest is for agents, the service and the machine's own processes. */
const SHARE_OF_ALL_NODES = 0.5;

/** `machineMost`: what the machine can have. */
export function processBounds(machineMost: number = machineProcessLimit()): ProcessBounds {
  return { perAttempt: Math.min(MOST_OF_AN_ATTEMPT, Math.floor(machineMost * SHARE_OF_AN_ATTEMPT)), allNodes: Math.floor(machineMost * SHARE_OF_ALL_NODES) };
}

/** proc_sys_kernel(5); a machine that says nothing has what Linux has by default. */
const SETTINGS = ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'];
const DEFAULT_PID_MAX = 32_768;

function machineProcessLimit(): number {
  return Math.min(...SETTINGS.map((path) => readNumber(path) ?? DEFAULT_PID_MAX));
}

function readNumber(path: string): number | null {
  try {
    return Number.parseInt(readFileSync(path, 'latin1'), 10) || null;
  } catch {
    return null;
  }
}
