import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One process and no other: process ids are used again, an id together with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal strings mean the same process. On Linux boot id and clock ticks, elsewhere what `ps` says. */
  readonly startTime: string;
}

/** The identity of a living process; undefined when there is none (a zombie is none: it runs nothing any more). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const startTime = process.platform === 'linux' ? linuxStartTime(pid) : psStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether exactly this process still lives. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** Reads an identity out of parsed JSON; undefined when it is none. */
export function parseProcessIdentity(value: unknown): ProcessIdentity | undefined {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return undefined;
  const { pid, startTime } = value;
  if (typeof pid !== 'number' || typeof startTime !== 'string') return undefined;
  return { pid, startTime };
}

let bootId: string | undefined;

/** Field 22 of /proc/PID/stat counts from boot, so the boot's own id belongs to it (proc_pid_stat(5)). */
function linuxStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name in field 2 stands in brackets and may hold anything, brackets and spaces too: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const ticks = fields[19];
  if (ticks === undefined || state === 'Z' || state === 'X') return undefined;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId}/${ticks}`;
}

function psStartTime(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim();
  } catch {
    return undefined;
  }
}
