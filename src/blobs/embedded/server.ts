import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { endProcess, waitUntil } from '../../processes/end.ts';
import { identifyProcess, parseProcessIdentity } from '../../processes/identity.ts';
import type { KeyedStorageAccount } from '../accounts.ts';
import { isNoRoom } from '../../processes/noRoom.ts';
import { nodeArguments, siblingModule } from '../../processes/module.ts';

/** Where and how an embedded blob server runs. */
export interface BlobServerOptions {
  /** Content of the blobs and the server's own notes; made if missing. One server at a time. */
  readonly directory: string;
  /**
   * A PostgreSQL database of its own, as a URL; over a unix socket: `postgres://user@localhost/name?host=/directory`.
   * While it is still being made the process, which is large, is loaded.
   */
  readonly databaseUrl: string | Promise<string>;
  readonly accountName: string;
  /** base64. Goes to the process by its environment, never as an argument. */
  readonly accountKey: string;
  /** Further accounts. */
  readonly more?: readonly KeyedStorageAccount[];
  /** This port and no other. Default: the one of the last time, or a free one. */
  readonly port?: number;
  /**
   * Where the search for a free one begins, the first time. Default: a place that follows from the directory, from
   * 20,000 to 29,999.
   */
  readonly firstPort?: number;
  /** The file that the server's messages are added to; default `directory.log`. */
  readonly logFile?: string;
  /** Whether it logs more than errors: its libraries warn of things that nobody here can change. Default: no. */
  readonly verbose?: boolean;
  /** Default 60,000 milliseconds. */
  readonly startTimeoutMs?: number;
}

/** A running blob server, described as any storage account is. */
export interface BlobServer {
  /** With the account in its path, without a closing slash: `http://127.0.0.1:PORT/ACCOUNT`. */
  readonly endpoint: string;
  readonly accountName: string;
  readonly accountKey: string;
  readonly connectionString: string;
  readonly pid: number;
  /** Settles when the process ends, whoever ended it. */
  readonly exited: Promise<void>;
  /** Replaces its further accounts. Resolves when it goes by them; rejects when it ends before. */
  setAccounts(more: readonly KeyedStorageAccount[]): Promise<void>;
  /** Lets requests under way finish for a moment, then ends the process. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
/**
 * Below the ports that systems give to outgoing connections: one of those would now and then be in use when we come
 * back to it.
 */
const PORTS = { first: 20_000, count: 10_000 };
/** How many ports from `firstPort` on are tried. */
const NEAR = 100;
const KEPT_PORT_WAIT_MS = 2_000;
const END = [
  { signal: 'SIGTERM', waitMs: 3_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const;

/** Thrown when somebody else has the port that was asked for. */
export class BlobPortTaken extends Error {
  readonly port: number;
  constructor(port: number) {
    super(`port ${port} is taken`);
    this.port = port;
  }
}

/**
 * Starts the blob server, after ending one that an earlier life left on this directory. Returns when it answers. Throws
 * `BlobPortTaken`, with what it logged when it does not start, and what `databaseUrl` rejects with; when its port is
 * taken by a stranger it moves to another one and keeps that.
 */
export async function startBlobServer(options: BlobServerOptions): Promise<BlobServer> {
  const { directory, port = 0 } = options;
  const databaseUrl = Promise.resolve(options.databaseUrl);
  // Awaited below; until then nobody hears that it failed.
  databaseUrl.catch(() => undefined);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await endLeftoverBlobServer(directory);
  const begin = async (): Promise<BlobServer> => startAt(await choosePort(options), { ...options, databaseUrl });
  return begin().catch((error: unknown) => {
    // Somebody took the port between the look for a free one and its use: another one is free.
    if (port === 0 && error instanceof BlobPortTaken) return begin();
    throw error;
  });
}

async function startAt(port: number, options: BlobServerOptions): Promise<BlobServer> {
  const { directory, databaseUrl } = options;
  const logFile = options.logFile ?? `${directory}.log`;
  const logStartBytes = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  const child = spawnServer({ ...options, port, logFile });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    if (identity !== undefined) writeNotes(directory, { port, process: identity });
    // One that has ended meanwhile is told of by `exited`.
    child.send({ databaseUrl: await databaseUrl }, () => undefined);
  } catch (error) {
    await end();
    throw error;
  }
  const outcome = await untilReady(child, exited, options.startTimeoutMs ?? START_TIMEOUT_MS);
  if (outcome !== 'ready' || identity === undefined) {
    await end();
    const said = readFileSync(logFile).subarray(logStartBytes).toString('utf8').trim();
    if (said.includes('EADDRINUSE')) throw new BlobPortTaken(port);
    throw new Error(`the blob server ${outcome === 'timeout' ? 'was not ready in time' : 'did not start'}: ${said}`);
  }
  // Neither the process nor the channel keeps us.
  child.channel?.unref();
  const { accountName, accountKey } = options;
  const endpoint = `http://${HOST}:${port}/${accountName}`;
  return {
    endpoint,
    accountName,
    accountKey,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${accountName};AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    pid: identity.pid,
    exited,
    setAccounts: (more) => tellAccounts(child, exited, accountsText({ accountName, accountKey, more })),
    async stop() {
      await endProcess(identity, END);
      await exited;
      writeNotes(directory, { port });
    },
  };
}

/** Ends a blob server that outlived its service. Returns its process id, or undefined when there was none. */
export async function endLeftoverBlobServer(directory: string): Promise<number | undefined> {
  const notes = readNotes(directory);
  if (notes.process === undefined || (await endProcess(notes.process, END)) === undefined) return undefined;
  return notes.process.pid;
}

/**
 * Clients keep URLs of blobs (resource files, SAS), so the port stays the same over restarts. A port that a stranger
 * took in the meantime is given up after a moment, since a service without blobs is worth less than a URL that moved.
 */
async function choosePort({ directory, port, firstPort }: BlobServerOptions): Promise<number> {
  if (port !== undefined && port !== 0) {
    if (!(await waitUntil(() => isFree(port), KEPT_PORT_WAIT_MS))) throw new BlobPortTaken(port);
    return port;
  }
  const last = readNotes(directory).port;
  if (last !== undefined && (await waitUntil(() => isFree(last), KEPT_PORT_WAIT_MS))) return last;
  for (const candidate of candidates(directory, firstPort)) if (await isFree(candidate)) return candidate;
  throw new Error(`no free port from ${PORTS.first} to ${PORTS.first + PORTS.count - 1} for the blob server`);
}

function* candidates(directory: string, firstPort: number | undefined): Generator<number> {
  if (firstPort !== undefined) for (let port = firstPort; port < Math.min(firstPort + NEAR, 65_536); port += 1) yield port;
  const start = createHash('sha256').update(directory).digest().readUInt16BE(0);
  for (let step = 0; step < PORTS.count; step += 1) yield PORTS.first + ((start + step) % PORTS.count);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: HOST }, () => probe.close(() => resolve(true)));
  });
}

/** Detached: a Ctrl-C in our terminal must not reach it before we are done with it. */
function spawnServer(options: BlobServerOptions & { port: number; logFile: string }): ChildProcess {
  const flags = ['--location', options.directory, '--blobHost', HOST, '--blobPort', String(options.port), '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    return spawn(process.execPath, [...nodeArguments(siblingModule(import.meta.url, './child')), ...flags], {
      cwd: options.directory,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'production',
        AZURITE_ACCOUNTS: accountsText(options),
        ...(options.verbose === true ? { LINARITE_BLOBS_VERBOSE: '1' } : {}),
      },
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

/** `name:key:key;name:key…`, as Azurite reads it. */
function accountsText({ accountName, accountKey, more = [] }: Pick<BlobServerOptions, 'accountName' | 'accountKey' | 'more'>): string {
  return [{ name: accountName, keys: [accountKey] }, ...more].map(({ name, keys }) => [name, ...keys].join(':')).join(';');
}

function tellAccounts(child: ChildProcess, exited: Promise<void>, accounts: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the blob server ended before it went by its accounts'));
    void exited.then(ended);
    child.once('message', () => resolve());
    child.send({ accounts }, (error) => {
      if (error !== null) ended();
    });
  });
}

async function untilReady(child: ChildProcess, exited: Promise<void>, timeoutMs: number): Promise<'ready' | 'ended' | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      new Promise<'ready'>((resolve) => {
        child.once('message', () => resolve('ready'));
      }),
      exited.then((): 'ended' => 'ended'),
      new Promise<'timeout'>((resolve) => {
        timer = setTimeout(() => resolve('timeout'), timeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the next life needs: the port to keep, the process to end. */
interface Notes {
  readonly port?: number;
  readonly process?: { readonly pid: number; readonly startTime: string };
}

/**
 * As long each time, so that on a full disk they find room where the former ones stand: blobs can be read then, too.
 */
const NOTES_BYTES = 256;

function writeNotes(directory: string, notes: Notes): void {
  const path = join(directory, 'server.json');
  const text = `${JSON.stringify(notes).padEnd(NOTES_BYTES - 1)}\n`;
  try {
    // Never half of it: what it says of the process and the port would be lost.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    if (!isNoRoom(error)) throw error;
    const file = openSync(path, 'r+');
    try {
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
  }
}

function readNotes(directory: string): Notes {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8'));
  } catch {
    return {};
  }
  if (typeof parsed !== 'object' || parsed === null) return {};
  const identity = 'process' in parsed ? parseProcessIdentity(parsed.process) : undefined;
  return {
    ...('port' in parsed && typeof parsed.port === 'number' ? { port: parsed.port } : {}),
    ...(identity === undefined ? {} : { process: identity }),
  };
}
