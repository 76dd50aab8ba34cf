import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BatchServiceClient } from '@azure/batch';
import type { BlobServiceClient } from '@azure/storage-blob';

/** How a service for tests is started. */
export interface LinariteOptions {
  /** What there is from its start: the path of a file, or what stands in one (docs/seed.md). */
  readonly seed?: string | Readonly<Record<string, unknown>>;
  /** `virtual`: time passes when `advance` says so (docs/clock.md). Default: `real`. */
  readonly clock?: 'real' | 'virtual';
  /** Everything in memory, which needs a tmpfs with room: Linux has one. Default: true there, false elsewhere. */
  readonly ephemeral?: boolean;
  /** Where everything is kept; it stays after `stop`. Default: a directory of its own, which goes with it. */
  readonly dataDir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Further words for `linarite up`: `['--autoscale-min-interval', '1s']`. */
  readonly args?: readonly string[];
  /** Added to the environment of the service and of what runs in it. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is given up when it is not ready by then. Default: 120,000. */
  readonly readyWithinMs?: number;
}

/** Names and keys of an account. */
export interface LinariteAccount {
  readonly name: string;
  /** Base64. */
  readonly key: string;
}

/** What a command of `linarite` said. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A service that is ready. It ends by `stop`, and when this process ends, however that comes about. */
export interface Linarite extends AsyncDisposable {
  /** Of the Batch account, plain HTTP: `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly account: LinariteAccount;
  readonly storage: LinariteAccount & { readonly endpoint: string; readonly connectionString: string };
  /** Of Resource Manager and of the Batch account with TLS. */
  readonly managementEndpoint: string;
  /** The authority (PEM) that clients have to trust there. */
  readonly caFile: string;
  /** Clients of Azure, signed in: they come with this package, and are loaded when they are asked for. */
  batchClient(): Promise<BatchServiceClient>;
  blobClient(): Promise<BlobServiceClient>;
  /** What `linarite env` gives, for programs that read their environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly pid: number;
  /**
   * Runs `linarite WORDS…` against it: `run('job', 'list', '-o', 'json')`. Rejects with what it printed, unless it ends
   * with 0.
   */
  run(...words: readonly string[]): Promise<CommandResult>;
  /** Lets time pass, by `90s`, `7d` or until a time of day; all that is due by then is done. Needs a virtual clock. */
  advance(time: string | Date): Promise<void>;
  /** As `linarite drill WORDS…`: `drill('preempt', '--pool', 'p', '--rate', '50%/min', '--seed', '1')`. */
  drill(...words: readonly string[]): Promise<CommandResult>;
  /** Ends it with its nodes and tasks. What it kept is removed, unless `dataDir` was given. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;
/** Nodes get a moment to end their tasks; PostgreSQL writes what it has. */
const END_WITHIN_MS = 30_000;

/**
 * Starts a service of its own for a test, and returns when it is ready. Several run side by side, each on free ports.
 * Rejects with what it said when it does not start.
 */
export async function startLinarite(options: LinariteOptions = {}): Promise<Linarite> {
  const { ephemeral = process.platform === 'linux', readyWithinMs = READY_WITHIN_MS } = options;
  const dataDir = resolve(options.dataDir ?? mkdtempSync(join(tmpdir(), 'linarite-test-')));
  const remove = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  };
  const seed = seedFile(options.seed);
  const words = ['up', '--with-parent', '--data-dir', dataDir, '--port', String(options.port ?? 0), ...(ephemeral ? ['--ephemeral'] : []), ...(options.clock === undefined ? [] : ['--clock', options.clock]), ...(seed === null ? [] : ['--seed', seed.path]), ...(options.args ?? [])];
  const environment = { ...process.env, ...options.env };
  const [program, ...first] = COMMAND;
  const child = spawn(program, [...first, ...words], { stdio: ['pipe', 'pipe', 'pipe'], env: environment });
  // What waits for the test to end does not wait for the service.
  for (const one of [child, child.stdin, child.stdout, child.stderr]) unref(one);
  const ended = new Promise<void>((settle) => child.once('close', () => settle()));
  try {
    const env = await untilReady(child, readyWithinMs).finally(() => seed?.remove());
    let stopping: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopping ??= end(child, ended).then(remove));
    const run = (...args: readonly string[]): Promise<CommandResult> => runCommand([...args, '--data-dir', dataDir], { ...environment, ...env });
    const endpoint = of(env, 'AZURE_BATCH_ENDPOINT');
    const account = { name: of(env, 'AZURE_BATCH_ACCOUNT'), key: of(env, 'AZURE_BATCH_ACCESS_KEY') };
    return {
      endpoint,
      account,
      storage: { name: of(env, 'AZURE_STORAGE_ACCOUNT'), key: of(env, 'AZURE_STORAGE_KEY'), endpoint: of(env, 'AZURE_STORAGE_BLOB_ENDPOINT'), connectionString: of(env, 'AZURE_STORAGE_CONNECTION_STRING') },
      managementEndpoint: of(env, 'LINARITE_MANAGEMENT_ENDPOINT'),
      caFile: of(env, 'LINARITE_CA_FILE'),
      batchClient: async () => {
        const { BatchServiceClient, BatchSharedKeyCredentials } = await import('@azure/batch');
        return new BatchServiceClient(new BatchSharedKeyCredentials(account.name, account.key), endpoint);
      },
      blobClient: async () => (await import('@azure/storage-blob')).BlobServiceClient.fromConnectionString(of(env, 'AZURE_STORAGE_CONNECTION_STRING')),
      env,
      dataDir,
      pid: Number(of(env, 'LINARITE_PID')),
      run,
      advance: async (time) => {
        await (typeof time === 'string' ? run('clock', 'advance', time) : run('clock', 'set', time.toISOString()));
      },
      drill: (...args) => run('drill', ...args),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await end(child, ended);
    await remove();
    throw error;
  }
}

/** The command line of this very package: as it is built, or of a clone, which builds what is stale. */
const COMMAND = commandOf(fileURLToPath(import.meta.url));

function commandOf(own: string): readonly [program: string, ...words: string[]] {
  const built = join(dirname(own), '../cli/main.js');
  return existsSync(built) ? [process.execPath, built] : [join(dirname(own), '../../linarite')];
}

/** What is given itself is put into a file: it may hold secrets, which no argument may. null: there is none. */
function seedFile(seed: LinariteOptions['seed']): { readonly path: string; remove(): Promise<void> } | null {
  if (seed === undefined) return null;
  if (typeof seed === 'string') return { path: resolve(seed), remove: () => Promise.resolve() };
  const directory = mkdtempSync(join(tmpdir(), 'linarite-seed-'));
  const path = join(directory, 'seed.json');
  writeFileSync(path, JSON.stringify(seed), { mode: 0o600 });
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The line that it says when it is ready. Rejects with its errors when it ends, or takes too long. */
function untilReady(child: ChildProcess, withinMs: number): Promise<Readonly<Record<string, string>>> {
  return new Promise((settle, reject) => {
    let errors = '';
    const timer = setTimeout(() => reject(new Error(`linarite was not ready after ${withinMs} ms\n${errors}`.trim())), withinMs);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', (error) => reject(new Error(`linarite did not start: ${error.message}`)));
    child.once('close', (code) => {
      clearTimeout(timer);
      reject(new Error(errors.trim() || `linarite ended with ${code}`));
    });
    if (child.stdout === null) return;
    createInterface(child.stdout).on('line', (line) => {
      if (!line.startsWith('{')) return;
      clearTimeout(timer);
      settle(JSON.parse(line) as Record<string, string>);
    });
  });
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

async function runCommand(words: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const [program, ...first] = COMMAND;
  const child = spawn(program, [...first, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise<number | null>((settle, reject) => child.once('error', reject).once('close', settle));
  if (exitCode !== 0) throw new Error(`linarite ${words.join(' ')} ended with ${exitCode}\n${stderr}${stdout}`.trim());
  return { exitCode, stdout, stderr };
}

function unref(one: unknown): void {
  if (typeof one === 'object' && one !== null && 'unref' in one && typeof one.unref === 'function') one.unref();
}

function of(env: Readonly<Record<string, string>>, name: string): string {
  const value = env[name];
  if (value === undefined) throw new Error(`the service did not say its ${name}`);
  return value;
}
