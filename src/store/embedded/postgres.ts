import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, closeSync, existsSync, lchownSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endProcess, waitUntil } from '../../processes/end.ts';
import { identifyProcess } from '../../processes/identity.ts';
import type { UnixAccount } from '../../processes/account.ts';
import { claimDirectory, namedAccount } from './account.ts';
import { type Binaries, provideBinaries } from './binaries.ts';
export { bundledMajorVersion } from './binaries.ts';
import { POSTGRES_END, endLeftovers, readPostmasterFile } from './leftover.ts';
import { HOST_BASED_AUTHENTICATION, settingsFile } from './settings.ts';

/** Where and how an embedded PostgreSQL runs. */
export interface PostgresOptions {
  /**
   * Given over to PostgreSQL whole: data and socket lie in it, mode 0700. Its parents must let an unprivileged user
   * through when we are root.
   */
  readonly directory: string;
  /** Receives a copy of the binaries if they cannot run where they are installed; default `directory/..`. */
  readonly binariesDirectory?: string;
  /** The file that PostgreSQL's messages are added to; default `directory.log`. */
  readonly logFile?: string;
  /** Bytes that it may take of a small file system; then its log is kept short. */
  readonly roomBytes?: number;
  /** Longest time to wait for recovery after a crash, in milliseconds; default 10 minutes. */
  readonly startTimeoutMs?: number;
}

/** How to connect; fits the configuration of the package `pg`. There is no password: see settings.ts. */
export interface PostgresConnection {
  /** A directory: `pg` takes a host that begins with `/` for the place of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The maintenance database; make your own with `ensureDatabase`. */
  readonly database: string;
}

/** A running PostgreSQL that we started. */
export interface Postgres {
  readonly connection: PostgresConnection;
  readonly pid: number;
  /** Settles when the postmaster has ended, for any reason. */
  readonly exited: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, what was committed is kept. Returns when the process is gone. */
  stop(): Promise<void>;
}

const USER = 'linarite';
const PORT = 5432;
/** sun_path of sockaddr_un holds 108 bytes with the closing zero (unix(7)). */
const SOCKET_PATH_BYTES = 107;
const runFile = promisify(execFile);
const START_TIMEOUT_MS = 10 * 60_000;

/** Thrown when the data on disk was written by another major version of PostgreSQL than the one we bring. */
export class PostgresVersionError extends Error {
  readonly code = 'NEWER_DATA';
}

/** Whether the path of the socket fits where the system allows 107 bytes. */
export function socketPathFits(directory: string): boolean {
  return Buffer.byteLength(join(directory, 'socket', `.s.PGSQL.${PORT}`)) <= SOCKET_PATH_BYTES;
}

/** How the PostgreSQL that runs in a directory is reached, by whoever may enter that. */
export function postgresConnection(directory: string): PostgresConnection {
  return { host: join(directory, 'socket'), port: PORT, user: USER, database: 'postgres' };
}

/** A database that comes back on a full disk must not lose its settings to a write that finds no room. */
function writeIfOther(path: string, content: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== content) writeFileSync(path, content);
}

/**
 * Starts PostgreSQL in `directory`, after ending what an earlier life left there; makes the database first if there is
 * none. Returns when connections are accepted, so after crash recovery. Throws with what PostgreSQL logged when it does
 * not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { directory } = options;
  if (!socketPathFits(directory)) throw new Error(`${directory}: too long for the path of a unix socket (${SOCKET_PATH_BYTES} bytes)`);
  const account = claimDirectory(directory);
  const binaries = provideBinaries(options.binariesDirectory ?? join(directory, '..'), account);
  const data = join(directory, 'data');
  const socket = join(directory, 'socket');
  await endLeftovers(data);
  if (!existsSync(data)) await createDatabaseDirectory(directory, binaries, account);
  refuseOtherVersion(data, binaries);
  rmSync(socket, { recursive: true, force: true });
  mkdirSync(socket, { mode: 0o700 });
  if (account !== undefined) chownSync(socket, account.uid, account.gid);
  writeIfOther(join(data, 'postgresql.conf'), settingsFile(socket, options.roomBytes));
  writeIfOther(join(data, 'pg_hba.conf'), HOST_BASED_AUTHENTICATION);

  const logFile = options.logFile ?? `${directory}.log`;
  const logStartBytes = fileSize(logFile);
  const child = spawnPostmaster({ binaries, data, account, logFile });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  await untilReady({ child, exited, data, logFile, logStartBytes, timeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS });
  const pid = child.pid;
  const identity = pid === undefined ? undefined : identifyProcess(pid);
  if (pid === undefined || identity === undefined) throw new Error(`PostgreSQL ended as soon as it was ready; see ${logFile}`);
  return {
    connection: postgresConnection(directory),
    pid,
    exited,
    async stop() {
      await endProcess(identity, POSTGRES_END);
      await exited;
    },
  };
}

/** Makes the database beside its place and moves it there, so that a half-made one is never taken for whole. */
async function createDatabaseDirectory(directory: string, binaries: Binaries, account: UnixAccount | undefined): Promise<void> {
  const unfinished = join(directory, 'data.new');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  const runAs = account === undefined ? undefined : namedAccount(account);
  if (runAs !== undefined) {
    chmodSync(directory, 0o711);
    chownSync(unfinished, runAs.uid, runAs.gid);
  }
  const args = ['-D', unfinished, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions'];
  await runFile(binaries.initdb, args, { ...runAs, cwd: '/', env: ENVIRONMENT }).catch((error: unknown) => {
    throw new Error(`cannot make a database in ${directory}: ${messageOf(error)}`, { cause: error });
  });
  if (account !== undefined) {
    changeOwner(unfinished, account);
    chmodSync(directory, 0o700);
  }
  renameSync(unfinished, join(directory, 'data'));
}

/** What initdb said, or why it could not be run. */
function messageOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said === '' ? String(error) : said;
}

function changeOwner(directory: string, account: UnixAccount): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) changeOwner(path, account);
    else lchownSync(path, account.uid, account.gid);
  }
  chownSync(directory, account.uid, account.gid);
}

function refuseOtherVersion(data: string, binaries: Binaries): void {
  const found = Number(readFileSync(join(data, 'PG_VERSION'), 'utf8'));
  if (found === binaries.majorVersion) return;
  const hint = found > binaries.majorVersion ? 'use the newer linarite that made it' : 'dump it with the linarite that made it and load it into a new data directory';
  throw new PostgresVersionError(`${data} belongs to PostgreSQL ${found}, this linarite brings PostgreSQL ${binaries.majorVersion}: ${hint}`);
}

/** Gives files that were put into `directory/data` to whom PostgreSQL runs as. */
export function adoptData(directory: string): void {
  const account = claimDirectory(directory);
  if (account !== undefined) changeOwner(join(directory, 'data'), account);
}

/** Nothing of our environment is handed on: it may hold credentials, and PGDATA and friends would be obeyed. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Detached: a Ctrl-C in our terminal must not reach it before we are done with it. */
function spawnPostmaster(options: { binaries: Binaries; data: string; account: UnixAccount | undefined; logFile: string }): ChildProcess {
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(options.binaries.postgres, ['-D', options.data], {
      ...options.account,
      cwd: '/',
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilReady(options: { child: ChildProcess; exited: Promise<void>; data: string; logFile: string; logStartBytes: number; timeoutMs: number }): Promise<void> {
  const { child, data } = options;
  let ended = child.pid === undefined;
  void options.exited.then(() => {
    ended = true;
  });
  const ready = await waitUntil(() => {
    const file = readPostmasterFile(data);
    return ended || (file?.pid === child.pid && file?.state === 'ready');
  }, options.timeoutMs);
  if (ready && !ended) return;
  child.kill('SIGQUIT');
  const why = readFileSync(options.logFile).subarray(options.logStartBytes).toString('utf8').trim();
  throw new Error(ended ? `PostgreSQL did not start: ${why}` : `PostgreSQL was not ready after ${options.timeoutMs} ms: ${why}`);
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
