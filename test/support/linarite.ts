import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What `linarite env --format json` gives. */
export interface LinariteEnv {
  readonly AZURE_BATCH_ACCOUNT: string;
  readonly AZURE_BATCH_ACCESS_KEY: string;
  readonly AZURE_BATCH_ENDPOINT: string;
  readonly AZURE_STORAGE_ACCOUNT: string;
  readonly AZURE_STORAGE_KEY: string;
  readonly AZURE_STORAGE_BLOB_ENDPOINT: string;
  readonly AZURE_STORAGE_CONNECTION_STRING: string;
  readonly LINARITE_MANAGEMENT_ENDPOINT: string;
  readonly LINARITE_CA_FILE: string;
  readonly LINARITE_PID: string;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const LAUNCHER = resolve(import.meta.dirname, '../../linarite');

/** Runs a program to its end; ends it after `timeoutMs` (default: shortly before a test has to end). */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<Finished> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 110_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => settle({ code, stdout, stderr }));
    // Who reads nothing may have ended already.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** As `run`, but anything other than exit code 0 is an error that shows what was printed. */
export async function mustRun(...args: Parameters<typeof run>): Promise<Finished> {
  const finished = await run(...args);
  if (finished.code !== 0) throw new Error(`${args[0]} ${args[1].join(' ')} ended with ${finished.code}\n${finished.stdout}\n${finished.stderr}`);
  return finished;
}

export function linarite(args: readonly string[], options: Parameters<typeof run>[2] = {}): Promise<Finished> {
  return mustRun(LAUNCHER, args, { timeoutMs: 120_000, ...options });
}

/**
 * Below what systems give to outgoing connections, and the blob server's own: what is free stays free, also while a
 * service that has it is killed and comes back. Each of the workers that run at once has its part of them.
 */
const PORTS = { first: 11_000, count: 9_000, workers: 3 };
/** A service's blob server takes the port after its own. */
const PORT_STEP = 5;
let nextPort = Math.floor(Math.random() * (PORTS.count / PORTS.workers / PORT_STEP)) * PORT_STEP;

/** A port that nobody has, and that nobody else in this run of tests is given. */
export async function freePort(): Promise<number> {
  const share = PORTS.count / PORTS.workers;
  const first = PORTS.first + (Number(process.env['VITEST_POOL_ID'] ?? 0) % PORTS.workers) * share;
  for (let tried = 0; tried < share; tried += PORT_STEP) {
    const port = first + nextPort;
    nextPort = (nextPort + PORT_STEP) % share;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} to ${first + share - 1} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(false));
    server.listen(port, () => server.close(() => settle(true)));
  });
}

/** A running service of the test's own, on a data directory and port of its own. `flags`: further ones of `up`. */
export interface Instance {
  readonly dataDir: string;
  readonly port: number;
  env(): Promise<LinariteEnv>;
  up(): Promise<void>;
  /** Ends everything and removes the data directory. */
  purge(): Promise<void>;
}

export async function startLinarite(flags: readonly string[] = []): Promise<Instance> {
  const parent = await mkdtemp(join(tmpdir(), 'linarite-test-'));
  // As root, other users have to pass: else database and nodes lie in a place elsewhere.
  await chmod(parent, 0o711);
  const dataDir = join(parent, 'data');
  const port = await freePort();
  const instance: Instance = {
    dataDir,
    port,
    env: async () => JSON.parse((await linarite(['env', '--data-dir', dataDir, '--format', 'json'])).stdout) as LinariteEnv,
    up: async () => void (await linarite(['up', '--detach', '--data-dir', dataDir, '--port', String(port), ...flags])),
    purge: async () => {
      await linarite(['down', '--purge', '--data-dir', dataDir]);
      await rm(parent, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  await instance.up();
  return instance;
}

/** Asks again until `found` gives something; polling is for what tells nobody, always with a deadline. */
export async function until<T>(what: string, timeoutMs: number, found: () => Promise<T | undefined>, everyMs = 50): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await found();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((settle) => setTimeout(settle, everyMs));
  }
}

/** Processes of this machine with this directory in their command line. */
export function processesNaming(dataDir: string): string[] {
  return process.platform !== 'linux'
    ? []
    : readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
          } catch {
            return '';
          }
        })
        .filter((line) => line.includes(dataDir));
}

/** Whether the process runs: one that has ended and is not waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
