import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from '../../processes/end.ts';
import { type ProcessIdentity, identifyProcess } from '../../processes/identity.ts';

/**
 * Fast shutdown first (with a checkpoint), then immediate (recovery follows), then without asking (postgres(1),
 * pg_ctl(1)).
 */
export const POSTGRES_END = [
  { signal: 'SIGINT', waitMs: 20_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/**
 * Ends what an earlier life left behind on this database: a postmaster that outlived us, and server processes that
 * outlived their postmaster (they notice within a statement's time, and a new postmaster refuses to start as long as
 * one is attached to the old shared memory). Returns the process ids that were ended.
 */
export async function endLeftovers(databaseDirectory: string): Promise<number[]> {
  const ended: number[] = [];
  const postmaster = leftoverPostmaster(databaseDirectory);
  if (postmaster !== undefined && (await endProcess(postmaster, POSTGRES_END)) !== undefined) ended.push(postmaster.pid);
  for (const orphan of processesWorkingIn(databaseDirectory)) {
    const signal = await endProcess(orphan, [
      { signal: 'SIGQUIT', waitMs: 2_000 },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ]);
    if (signal !== undefined) ended.push(orphan.pid);
  }
  forgetPostmaster(databaseDirectory);
  return ended;
}

/**
 * PostgreSQL refuses to start as long as a process has the id in postmaster.pid: also a zombie that nobody reaps (the
 * first process of a container often does not), also a stranger of the same user. We know better, and that nothing is
 * left that has the old shared memory open. Without /proc we do not, and leave it to PostgreSQL.
 */
function forgetPostmaster(databaseDirectory: string): void {
  if (process.platform === 'linux') rmSync(join(databaseDirectory, 'postmaster.pid'), { force: true });
}

/** The living postmaster that postmaster.pid names, if it really is the one of this directory. */
function leftoverPostmaster(databaseDirectory: string): ProcessIdentity | undefined {
  const pid = readPostmasterFile(databaseDirectory)?.pid;
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  if (identity === undefined) return undefined;
  if (process.platform === 'linux') return worksIn(identity.pid, databaseDirectory) ? identity : undefined;
  // Without /proc: the file's third line is the time the postmaster started, and `ps` tells the same to the second.
  const startedAtSeconds = readPostmasterFile(databaseDirectory)?.startedAtSeconds ?? Number.NaN;
  return Math.abs(Date.parse(identity.startTime) / 1000 - startedAtSeconds) <= 5 ? identity : undefined;
}

/** What postmaster.pid says: line 1 the process id, line 3 the start in Unix seconds, line 8 the state. */
export function readPostmasterFile(databaseDirectory: string): { pid: number; startedAtSeconds: number; state: string } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(databaseDirectory, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  return { pid: Number(lines[0]), startedAtSeconds: Number(lines[2]), state: (lines[7] ?? '').trim() };
}

/**
 * Every server process changes into the data directory when it starts, so its working directory gives it away (Linux).
 */
function processesWorkingIn(directory: string): ProcessIdentity[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksIn(Number(name), directory))
    .map((name) => identifyProcess(Number(name)))
    .filter((identity) => identity !== undefined);
}

function worksIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory) && /^postgres\b/.test(readFileSync(`/proc/${pid}/comm`, 'utf8'));
  } catch {
    return false;
  }
}
