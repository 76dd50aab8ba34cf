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

/** Runs a program to its end; ends it after `timeoutMs` (default a minute). */
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
      timeout: options.timeoutMs ?? 60_000,
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

export function freePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? settle(address.port) : reject(new Error('no port'))));
    });
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
      await rm(parent, { recursive: true, force: true });
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
