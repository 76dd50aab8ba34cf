import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sweepStore } from './runtime/sweepStore.ts';
import { removeBusyTree } from '../removal.ts';

/**
 * What runs containers on a machine, as a trial found it (`trial.ts`); an agent has it in its options. With podman each
 * node has a store of its own, as each machine of the real service has; docker's is the daemon's, one for the machine.
 */
export type Engine = PodmanEngine | DockerEngine | RuntimeEngine;

interface PodmanEngine {
  readonly kind: 'podman';
  /** Absolute. */
  readonly program: string;
  readonly version: string;
  /** The OCI runtime, absolute. */
  readonly runtime: string;
  readonly driver: 'overlay' | 'vfs';
  /** Whether a container's control group can be made below that of its node. */
  readonly hasGroups: boolean;
  /** Stores of the machine whose images nodes use as well. */
  readonly stores: readonly string[];
}

interface DockerEngine {
  readonly kind: 'docker';
  readonly program: string;
  readonly version: string;
  /** What DOCKER_HOST said; null: the usual socket. */
  readonly host: string | null;
}

/** An OCI runtime alone, with an engine of our own over it (`runtime/`); as with podman each node has its own store. */
interface RuntimeEngine {
  readonly kind: 'runtime';
  /** With `words`: what runs the agent's own program, of which that engine is a part. */
  readonly program: string;
  readonly words: readonly string[];
  /** Of the runtime. */
  readonly version: string;
  /** Absolute. */
  readonly runtime: string;
  readonly hasGroups: boolean;
  /** Left out: none. */
  readonly unpacked?: readonly UnpackedImage[];
}

/** An image of containers that is a directory of this machine. */
export interface UnpackedImage {
  /** As `wholeName` has it. */
  readonly name: string;
  /** Absolute. */
  readonly root: string;
}

/** Engines in the order in which they are tried. */
export const ENGINE_KINDS = ['podman', 'docker', 'runtime'] as const satisfies readonly Engine['kind'][];

/** The words and variables that a call of an engine begins with. */
export interface EngineCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** What kills a container at once and removes it: its id follows. */
  readonly remove: readonly string[];
}

/** What an engine said. */
export interface Said {
  /** null: it was killed, or took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The word by which an agent's program becomes the engine of one call. */
export const CONTAINER_ENGINE = 'container-engine';
const STORE = 'store';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Of anything but a pull. */
const CALL_MS = 60_000;
const MOST_SAID_BYTES = 8 << 20;

/** How calls of a node's engine begin. `directory`: the node's own for containers, made by `prepareEngine`. */
export function engineCall(engine: Engine, directory: string): EngineCall {
  switch (engine.kind) {
    case 'podman':
      return {
        program: engine.program,
        // As arguments podman hands them on to what cleans up after a container; it does not hand on variables.
        args: storeWords(engine, directory),
        remove: ['rm', '--force', '--volumes', '--time=0'],
        environment: {
          PATH,
          HOME: join(directory, 'home'),
          TMPDIR: join(directory, 'downloads'),
          XDG_RUNTIME_DIR: runDirectory(directory),
          CONTAINERS_CONF: join(directory, 'containers.conf'),
          CONTAINERS_REGISTRIES_CONF: join(directory, 'registries.conf'),
        },
      };
    case 'docker':
      return {
        program: engine.program,
        args: ['--config', join(directory, 'docker'), ...(engine.host === null ? [] : ['--host', engine.host])],
        remove: ['rm', '--force', '--volumes'],
        environment: { PATH, HOME: join(directory, 'home') },
      };
    case 'runtime':
      return {
        program: engine.program,
        args: [...engine.words, CONTAINER_ENGINE, storeDirectory(directory), runDirectory(directory), engine.runtime],
        remove: ['rm'],
        environment: { PATH, HOME: join(directory, 'home') },
      };
  }
}

/** Where the engine over an OCI runtime has its images and containers. */
export function storeDirectory(directory: string): string {
  return join(directory, STORE);
}

/**
 * Where podman keeps what it knows of running containers: its path has at most 50 characters, which those of nodes
 * exceed.
 */
function runDirectory(directory: string): string {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  const uid = process.geteuid?.() ?? 0;
  return uid === 0 ? `/run/linarite/${name}` : `/run/user/${uid}/linarite/${name}`;
}

/** Removes what `prepareEngine` has made outside of the directory. */
export function forgetEngine(directory: string): void {
  removeRunning(directory);
}

/** What cleans up after a container may write there once more. */
function removeRunning(directory: string): void {
  removeBusyTree(runDirectory(directory));
}

/**
 * Makes the directory with what the engine needs to know. What an earlier life had there of running containers is gone:
 * nothing of them may run or be mounted any more. Images stay.
 */
export function prepareEngine(engine: Engine, directory: string): void {
  removeRunning(directory);
  for (const name of ['volatile', 'downloads', 'docker', 'attempts']) rmSync(join(directory, name), { recursive: true, force: true });
  for (const name of ['', 'home/.config/containers', 'volatile', 'downloads', 'docker', 'attempts']) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text, { mode: 0o600 });
  write(ENGINE_FILE, JSON.stringify(engine));
  if (engine.kind === 'runtime') sweepStore(storeDirectory(directory));
  if (engine.kind !== 'podman') return;
  mkdirSync(runDirectory(directory), { recursive: true, mode: 0o700 });
  write('containers.conf', containersConf(engine, directory));
  write('registries.conf', 'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"\n');
  // Without one podman pulls nothing, and not every distribution has one.
  if (!existsSync('/etc/containers/policy.json')) write('home/.config/containers/policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}\n');
}

const ENGINE_FILE = 'engine.json';

/** The engine that the last agent on this directory used; null: it ran no containers. */
export function leftEngine(directory: string): Engine | null {
  try {
    const read: unknown = JSON.parse(readFileSync(join(directory, ENGINE_FILE), 'utf8'));
    return isEngine(read) ? read : null;
  } catch {
    return null;
  }
}

export function isEngine(value: unknown): value is Engine {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  return has('program', 'string') && has('version', 'string') && ENGINE_KINDS.some((kind) => kind === Reflect.get(value, 'kind'));
}

/**
 * Podman asks for limits above the hard ones where it is told none. `file` locks: those in shared memory have one name
 * for all stores of a machine.
 */
function containersConf(engine: PodmanEngine, directory: string): string {
  const { files, processes } = hardLimits();
  return [
    '[containers]',
    `default_ulimits = ["nofile=${files}:${files}", "nproc=${processes}:${processes}"]`,
    '[engine]',
    'cgroup_manager = "cgroupfs"',
    'events_logger = "none"',
    'lock_type = "file"',
    `tmp_dir = ${JSON.stringify(join(directory, 'volatile'))}`,
    `runtime = ${JSON.stringify(basename(engine.runtime))}`,
    '[engine.runtimes]',
    `${basename(engine.runtime)} = [${JSON.stringify(engine.runtime)}]`,
    '',
  ].join('\n');
}

function storeWords({ driver, stores }: PodmanEngine, directory: string): readonly string[] {
  // Else it mounts its own directory upon itself, and nothing unmounts that.
  const options = [...(driver === 'overlay' ? ['overlay.skip_mount_home=true'] : []), ...stores.map((store) => `additionalimagestore=${store}`)];
  return [`--root=${join(directory, STORE)}`, `--runroot=${runDirectory(directory)}`, `--storage-driver=${driver}`, ...options.map((option) => `--storage-opt=${option}`)];
}

const MOST_FILES = 1_048_576;
const DEFAULT_PID_MAX = 32_768;

/** proc_pid_limits(5): the second number is the hard limit. */
function hardLimits(): { readonly files: number; readonly processes: number } {
  const limits = readText('/proc/self/limits');
  const hard = (name: string, otherwise: number): number => {
    const found = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(limits)?.[1];
    return found === undefined ? otherwise : Math.min(Number(found), otherwise);
  };
  return { files: hard('Max open files', MOST_FILES), processes: hard('Max processes', Number.parseInt(readText('/proc/sys/kernel/pid_max'), 10) || DEFAULT_PID_MAX) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** 0: none. */
  readonly timeoutMs?: number;
}

/** Calls the engine. Resolves with whatever it says; rejects only where it cannot be started. */
export function callEngine({ program, args, environment }: Omit<EngineCall, 'remove'>, words: readonly string[], { signal, timeoutMs = CALL_MS }: CallOptions = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args, ...words],
      { cwd: '/', env: environment, encoding: 'utf8', maxBuffer: MOST_SAID_BYTES, timeout: timeoutMs, killSignal: 'SIGKILL', ...(signal === undefined ? {} : { signal }) },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr });
        if (error.killed === true || signal?.aborted === true || error.signal !== undefined) return resolve({ code: null, stdout, stderr });
        reject(error);
      },
    );
  });
}

/** Why it failed: what it said last, without what stands before each of its errors. */
export function reasonOf({ code, stderr }: Said): string {
  const lines = stderr.trim().split('\n').filter((line) => line !== '' && !/^(?:See |Usage: |Run ')/.test(line));
  const line = lines.findLast((each) => each.startsWith(DAEMON)) ?? lines.at(-1) ?? '';
  return line.replace(/^(?:Error: |Error response from daemon: |docker: )+/, '') || (code === null ? 'it did not answer in time' : `it ended with code ${code}`);
}

/** What docker's program says itself comes after it, and says less. */
const DAEMON = 'Error response from daemon: ';

/** Calls it, and throws what it said where it fails. */
export async function callOrThrow(call: EngineCall, words: readonly string[], options: CallOptions = {}): Promise<string> {
  const said = await callEngine(call, words, options);
  if (said.code !== 0) throw new Error(reasonOf(said));
  return said.stdout;
}
