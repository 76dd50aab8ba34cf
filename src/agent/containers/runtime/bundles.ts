import { execFile, spawn, type StdioOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { CreateOptions } from './createOptions.ts';
import { HOLDER_PATH } from '../holder.ts';
import { GROUP_PREFIX } from './groupName.ts';
import { imageUser } from './imageUser.ts';
import { programIn } from './programIn.ts';
import { type RuntimeConfig, runtimeConfig } from './runtimeConfig.ts';
import type { StoredImage } from './store.ts';
import { noteUsed, usedFileOf } from './usedFile.ts';

/**
 * The containers of one node, a bundle each below `containers/<id>`: `config.json` for the runtime, what is written in
 * it over its image (`upper`), and what we know of it. A container's root is mounted from its start to its removal.
 */
export interface Bundles {
  create(image: StoredImage, options: CreateOptions): string;
  /** Runs it to its end, with our own output. Its exit code. */
  run(id: string): Promise<number>;
  /** Starts it; it goes on. Throws what the runtime says. */
  start(id: string): Promise<void>;
  /** Runs a command in one that runs its holder, with our own output. Its exit code. */
  exec(id: string, words: readonly string[]): Promise<number>;
  /** Kills what runs in it, and removes it. False: there is none. */
  remove(id: string): Promise<boolean>;
  inspect(id: string): ContainerState | null;
  list(): Promise<readonly ListedContainer[]>;
}

interface ContainerState {
  /** As docker says it; one that was never started has its zero. */
  readonly startedAt: string;
  readonly lackedMemory: boolean;
}

interface ListedContainer {
  readonly id: string;
  readonly image: string;
  readonly labels: ReadonlyMap<string, string>;
  /** It was started, and nothing of it runs any more. */
  readonly isDead: boolean;
}

export interface BundlesOptions {
  /** Of the store. */
  readonly directory: string;
  /** What the runtime keeps of those that run. */
  readonly stateDirectory: string;
  /** Absolute. */
  readonly runtime: string;
}

const ID = /^[0-9a-f]{64}$/;
const NEVER = '0001-01-01T00:00:00Z';
const NOT_STARTED = 127;
const MOUNT_MS = 30_000;

export function openBundles({ directory, stateDirectory, runtime }: BundlesOptions): Bundles {
  const containers = join(directory, 'containers');
  mkdirSync(containers, { recursive: true, mode: 0o700 });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const pathOf = (id: string): string => {
    if (!ID.test(id)) throw new Error(`no such container: ${id}`);
    return join(containers, id);
  };
  const pidFile = (id: string): string => join(pathOf(id), 'pid');
  const call = (...words: readonly string[]): readonly [string, readonly string[]] => [runtime, ['--root', stateDirectory, ...words]];
  const logged = (id: string, name: string): readonly string[] => ['--log', join(pathOf(id), name), '--log-format', 'json'];
  const isRunc = runtime.endsWith('runc');

  const mountRoot = async (id: string): Promise<void> => {
    const meta = readMeta(pathOf(id));
    if (meta === null) throw new Error(`no such container: ${id}`);
    // Relative paths: the node's own may have commas and colons.
    const below = `containers/${id}`;
    const options = `lowerdir=${meta.image},upperdir=${below}/upper,workdir=${below}/work`;
    const { code, stderr } = await say('mount', ['-n', '-t', 'overlay', '-o', options, 'overlay', join(pathOf(id), 'root')], directory);
    if (code !== 0) throw new Error(`the image could not be mounted: ${stderr.trim()}`);
  };

  const unmountRoot = async (id: string): Promise<void> => {
    const root = join(pathOf(id), 'root');
    for (const how of [[], ['-l']]) if (isMounted(root)) await say('umount', ['-n', ...how, root], '/');
    if (isMounted(root)) throw new Error('the root of a container could not be unmounted');
  };

  const configOf = (id: string): RuntimeConfig => JSON.parse(readFileSync(join(pathOf(id), 'config.json'), 'utf8')) as RuntimeConfig;

  /** The exit code of the runtime, which is that of what it ran unless it could not. */
  const attached = (words: readonly string[], stdio: StdioOptions = ['ignore', 'inherit', 'inherit']): Promise<number> =>
    new Promise((resolve, reject) => {
      const child = spawn(...call(...words), { cwd: '/', stdio });
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });

  const running = async (): Promise<ReadonlySet<string>> => {
    const { stdout } = await say(...call('list', '--format', 'json'), '/');
    const listed: unknown = stdout.trim() === '' ? null : JSON.parse(stdout);
    if (!Array.isArray(listed)) return new Set();
    return new Set(listed.flatMap((one: unknown) => (typeof one === 'object' && one !== null && Reflect.get(one, 'status') !== 'stopped' ? [String(Reflect.get(one, 'id'))] : [])));
  };

  return {
    create: (image, options) => {
      const id = randomBytes(32).toString('hex');
      const user = imageUser(join(directory, image.root), options.user ?? image.config.User);
      const cgroupsPath = options.cgroupParent === undefined ? null : `${options.cgroupParent}/${GROUP_PREFIX}${id}`;
      const config = runtimeConfig({ options, image: image.config, user, cgroupsPath, root: 'root' });
      const made = join(containers, `trash-${id}`);
      for (const name of ['upper', 'work', 'root']) mkdirSync(join(made, name), { recursive: true, mode: 0o755 });
      const meta: Meta = { image: image.root, labels: [...options.labels] };
      writeFileSync(join(made, 'config.json'), JSON.stringify(config), { mode: 0o600 });
      writeFileSync(join(made, 'container.json'), JSON.stringify(meta), { mode: 0o600 });
      renameSync(made, pathOf(id));
      return id;
    },
    run: async (id) => {
      await mountRoot(id);
      const code = await noteUsed(usedFileOf(directory, id), () => attached([...logged(id, 'log'), 'run', ...(isRunc ? ['--keep'] : []), '--pid-file', pidFile(id), '--bundle', pathOf(id), id]));
      if (!existsSync(pidFile(id))) return NOT_STARTED;
      if (isRunc && memoryRanOut(join(stateDirectory, id, 'state.json'))) writeFileSync(join(pathOf(id), 'lacked-memory'), '');
      return code;
    },
    start: async (id) => {
      await mountRoot(id);
      const quiet = (...words: readonly string[]): Promise<number> =>
        new Promise((resolve, reject) => {
          const child = spawn(...call(...logged(id, 'log'), ...words), { cwd: '/', stdio: 'ignore' });
          child.once('error', reject);
          child.once('exit', (code) => resolve(code ?? NOT_STARTED));
        });
      const isStarted = (await quiet('create', '--pid-file', pidFile(id), '--bundle', pathOf(id), id)) === 0 && (await quiet('start', id)) === 0;
      if (!isStarted) throw new Error(lastError(join(pathOf(id), 'log')) ?? `${runtime} could not start it`);
    },
    exec: async (id, words) => {
      const name = `exec-${randomBytes(8).toString('hex')}`;
      const file = join(pathOf(id), name);
      const { process: own } = configOf(id);
      const program = programIn(`/proc/${readFileSync(pidFile(id), 'utf8')}/root`, words[0] ?? '', own.env);
      // The runtime would wait for all that the command leaves behind: what it has opened for its output is not used.
      writeFileSync(file, JSON.stringify({ ...own, args: [HOLDER_PATH, program, ...words.slice(1)] }), { mode: 0o600 });
      const code = await noteUsed(usedFileOf(directory, id), () => attached([...logged(id, `${name}.log`), 'exec', '--preserve-fds', '2', '--process', file, id], ['ignore', 'ignore', 'inherit', 1, 2]));
      return lastError(`${file}.log`) === null ? code : NOT_STARTED;
    },
    remove: async (id) => {
      if (!existsSync(pathOf(id))) return false;
      await say(...call('delete', '--force', id), '/');
      await unmountRoot(id);
      const trash = join(containers, `trash-${id}`);
      renameSync(pathOf(id), trash);
      rmSync(trash, { recursive: true, force: true });
      return true;
    },
    inspect: (id) => {
      if (!existsSync(pathOf(id))) return null;
      const pid = statSync(pidFile(id), { throwIfNoEntry: false });
      return { startedAt: pid?.mtime.toISOString() ?? NEVER, lackedMemory: existsSync(join(pathOf(id), 'lacked-memory')) };
    },
    list: async () => {
      const alive = await running();
      return readdirSync(containers).filter((id) => ID.test(id)).flatMap((id) => {
        const meta = readMeta(pathOf(id));
        // Another process has just removed it.
        return meta === null ? [] : [{ id, image: meta.image, labels: new Map(meta.labels), isDead: existsSync(pidFile(id)) && !alive.has(id) }];
      });
    },
  };
}

interface Meta {
  /** Its root, below the store. */
  readonly image: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** null: it is not there. */
function readMeta(path: string): Meta | null {
  try {
    return JSON.parse(readFileSync(join(path, 'container.json'), 'utf8')) as Meta;
  } catch {
    return null;
  }
}

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function say(program: string, words: readonly string[], cwd: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    execFile(program, [...words], { cwd, encoding: 'utf8', timeout: MOUNT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === 'string') return reject(error);
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, stdout, stderr });
    });
  });
}

/** proc_pid_mountinfo(5): the fifth field is where, with spaces and the like as octal numbers. */
function isMounted(path: string): boolean {
  const written = path.replaceAll(/[\\ \t\n]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`);
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').some((line) => line.split(' ')[4] === written);
}

/** What the runtime says last of what went wrong: runc and crun write a line of JSON each. */
function lastError(log: string): string | null {
  if (!existsSync(log)) return null;
  for (const line of readFileSync(log, 'utf8').trim().split('\n').toReversed()) {
    try {
      const read: unknown = JSON.parse(line);
      if (typeof read === 'object' && read !== null && ['error', 'fatal'].includes(String(Reflect.get(read, 'level')))) return String(Reflect.get(read, 'msg'));
    } catch {
      // A line of another kind.
    }
  }
  return null;
}

/**
 * By the control groups that runc has kept (cgroup-v1/memory.rst, `memory.oom_control`; cgroup-v2.rst,
 * `memory.events`).
 */
function memoryRanOut(statePath: string): boolean {
  try {
    const state: unknown = JSON.parse(readFileSync(statePath, 'utf8'));
    const paths: unknown = typeof state === 'object' && state !== null ? Reflect.get(state, 'cgroup_paths') : null;
    if (typeof paths !== 'object' || paths === null) return false;
    const files = [`${String(Reflect.get(paths, 'memory'))}/memory.oom_control`, `${String(Reflect.get(paths, ''))}/memory.events`];
    return files.some((file) => existsSync(file) && /^oom_kill [1-9]/m.test(readFileSync(file, 'utf8')));
  } catch {
    return false;
  }
}
