import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { closeSync, fchmodSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { yieldToUs } from '../processes/priority.ts';
import { during } from './activity.ts';
import { type Cgroup, makeChildCgroup, type Members, moveToCgroup, NO_CGROUP, openMembers } from './cgroups.ts';
import type { TaskUsage } from '../core/task/usage.ts';
import { type MemoryKills, openMemoryKills } from './limiting.ts';
import { type NodeNetwork, wordsInNetworkAs } from './network/network.ts';
import type { ProcessBounds } from './processBounds.ts';
import { openUsageMeter, type UsageMeter } from './usage.ts';
import type { User } from './users.ts';

/**
 * A slot shell is a resident `/bin/sh` that starts one process after the other on the agent's word. Against
 * `child_process.spawn` for each task it takes a third of the agent's CPU (0.24 instead of 0.72 ms a task; 1,330
 * instead of 930 tasks/s on two cores) because a small process forks cheaper than Node; and since it sits in a control
 * group of its own from the beginning, so do its children from their first instruction: nothing has to be moved,
 * nothing escapes.
 *
 * idle -> busy (the agent wrote the script and a newline) -> idle (the shell wrote the exit status). It runs as the
 * task's user and opens the task's files itself, so that the agent opens nothing in a directory which the task
 * controls. The signals that it catches are back at their defaults in its children; they are caught so that a task
 * which signals its process group (`kill 0`) does not end it. Whatever kills it ends the attempt.
 *
 * A task has the shell's uid: it must not write the script, and no other user may read it, since it holds the task's
 * variables. All users of a node share a group, so the script is the agent's, in a directory that only the agent
 * enters, and the shell has it open for reading (a link of /proc leads to an open file past the directories above it).
 * A task may write into the shell's pipes. So an answer counts only if it is asked for and is an exit status; after any
 * other the shell is killed, and with it the attempt.
 */
export interface SlotShell {
  readonly user: User;
  /** What the shell knows its script as, and begins its messages with if it is bash. */
  readonly scriptPath: string;
  readonly pid: number;
  readonly cgroup: Cgroup;
  /** Whether the task before has left processes in its control group. */
  hasOthers(): boolean;
  /** Whether the system has killed a process in its control group for want of memory, since the last look. */
  lackedMemory(): boolean;
  /** What its processes have used since the last look. `isLast`: all that is there is killed next. */
  used(isLast: boolean): TaskUsage | null;
  /**
   * Runs a script (see `script.ts`); resolves with its exit status. Rejects if the shell could not be started or died,
   * with how.
   */
  run(script: string): Promise<number>;
  /** Resolves once the shell's process is gone. */
  readonly gone: Promise<void>;
  readonly isGone: boolean;
  /** Lets an idle shell go. */
  close(): void;
}

export interface SlotShellOptions {
  readonly user: User;
  /** Where its script lies: a directory of the agent's that nobody else may enter. */
  readonly scriptPath: string;
  readonly environment: ReadonlyMap<string, string>;
  /** The node's control groups and the name of the shell's own below them. */
  readonly cgroup: { readonly node: Cgroup; readonly name: string };
  readonly bounds: ProcessBounds;
  /** null: it has the machine's. */
  readonly network: NodeNetwork | null;
  /** The root that it enters; null: the agent's. */
  readonly root: string | null;
}

/** `$0` of the shell: its own messages begin with it, a task's never by chance. */
export const SHELL_NAME = 'linarite-slot';
const NICER_THAN_AGENT = 5;

const LOOP = 'trap : HUP INT QUIT USR1 USR2 PIPE ALRM TERM; while read -r _; do . "$1"; echo "$?"; done';

/** All that a slot shell ever says: null for what is no exit status. */
function exitStatusOf(text: string): number | null {
  return (/^\d{1,3}\n$/.test(text) && Number(text) <= 255 ? Number(text) : null);
}

/** Throws the system's error if its script cannot be made, or the machine has no files left for its pipes. */
export function startSlotShell(options: SlotShellOptions): SlotShell {
  return during('starting slot shells', () => begin(options));
}

function begin(options: SlotShellOptions): SlotShell {
  const { user } = options;
  const script = openScript(options.scriptPath, user, options.root !== null);
  const { words, changes } = wordsOf(options, script);
  const [program, ...args] = words;
  const child = spawn(program, args, { cwd: '/', env: Object.fromEntries(options.environment), detached: true, ...changes });
  for (const file of script.inherited) closeSync(file);
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('a slot shell without pipes');
  // An agent has to hear its owner and to end tasks that take all there is.
  if (child.pid !== undefined) yieldToUs(child.pid, NICER_THAN_AGENT);
  let waiting: PromiseWithResolvers<number> | null = null;
  let failed: Error | null = null;
  let hasLacked = false;
  /** What it had used since the last look when it ended, and nobody has asked for. */
  let left: TaskUsage | null = null;
  // Before anybody listens for its end: one that cannot be enclosed is killed.
  const { cgroup, members, memory, meter } = enclosed(child, options, script.file);
  const gone = new Promise<void>((resolve) => {
    const end = (error: Error): void => {
      if (failed !== null) return;
      failed = error;
      closeSync(script.file);
      members.close();
      hasLacked = memory.seen() > 0;
      memory.close();
      left = meter.look();
      meter.close();
      rmSync(options.scriptPath, { force: true });
      waiting?.reject(failed);
      waiting = null;
      resolve();
    };
    child.once('error', () => end(new ShellDied(null, null)));
    child.once('exit', (code, signal) => end(new ShellDied(code, signal)));
  });
  // A dead shell's pipe: `exit` says so.
  stdin.on('error', () => {});
  stdout.setEncoding('latin1');
  stdout.on('data', (text: string) => {
    // `exit` follows.
    const status = exitStatusOf(text);
    if (waiting === null || status === null) return void child.kill('SIGKILL');
    const now = waiting;
    waiting = null;
    now.resolve(status);
  });

  return {
    user,
    scriptPath: script.name,
    pid: child.pid ?? 0,
    cgroup,
    gone,
    hasOthers: () => members.hasOthers(child.pid ?? 0),
    lackedMemory: () => hasLacked || memory.seen() > 0,
    used: (isLast) => {
      if (failed === null) return isLast ? meter.lookAtAll() : meter.look();
      const used = left;
      left = null;
      return used;
    },
    get isGone() {
      return failed !== null;
    },
    run: (text) => {
      if (failed !== null) return Promise.reject(failed);
      const bytes = Buffer.from(text);
      // A short write is a disk that fills up: the second one throws ENOSPC.
      for (let written = 0; written < bytes.length; ) written += writeSync(script.file, bytes, written, bytes.length - written, written);
      ftruncateSync(script.file, bytes.length);
      waiting = withResolvers<number>();
      stdin.write('\n');
      return waiting.promise;
    },
    close: () => {
      stdin.end();
    },
  };
}

/** Whoever enters a network or a root has to be root until it has. */
function wordsOf(options: SlotShellOptions, { name, inherited }: Script): { readonly words: readonly [string, ...string[]]; readonly changes: SpawnOptions } {
  const { user, network } = options;
  const uid = user.uid ?? process.geteuid?.() ?? 0;
  const gid = user.gid ?? process.getegid?.() ?? 0;
  const shell = (first: string): readonly [string, ...string[]] => entering(options, ['/bin/sh', '-c', `${first}${limitOf(options)}${LOOP}`, SHELL_NAME, name]);
  if (network === null) {
    const as = options.root === null && user.uid !== null && user.gid !== null ? { uid, gid } : {};
    return { words: shell(''), changes: { stdio: ['pipe', 'pipe', 'ignore', ...inherited], ...as } };
  }
  return {
    words: wordsInNetworkAs(options.root === null ? { uid, gid } : { uid: 0, gid: 0 }, NAMESPACE_DESCRIPTOR, shell(`exec ${NAMESPACE_DESCRIPTOR}<&-; `)),
    changes: { stdio: ['pipe', 'pipe', 'ignore', inherited[0] ?? 'ignore', network.namespace] },
  };
}

/** It is chroot(8) that becomes the user. */
function entering({ root, user }: SlotShellOptions, words: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (root === null) return words;
  const users = user.uid === null || user.gid === null ? [] : [`--userspec=+${user.uid}:+${user.gid}`];
  return ['/usr/sbin/chroot', ...users, '--groups=', root, ...words];
}

/** How a shell ended that was not told to. */
export class ShellDied extends Error {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  constructor(exitCode: number | null, signal: NodeJS.Signals | null) {
    super(`the slot's shell ended with ${signal ?? `code ${exitCode}`}`);
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** The script as the agent writes it, what the shell inherits of it, and the name by which the shell opens it. */
interface Script {
  readonly file: number;
  readonly inherited: readonly number[];
  readonly name: string;
}

/** The shell's first descriptor beyond standard error; a task's script closes it. */
export const SCRIPT_DESCRIPTOR = 3;
/** Its next, on a node with a network of its own. */
const NAMESPACE_DESCRIPTOR = SCRIPT_DESCRIPTOR + 1;

/** `isElsewhere`: the shell does not see the path. */
function openScript(path: string, { uid }: User, isElsewhere: boolean): Script {
  const file = openSync(path, 'w', 0o600);
  if (!isElsewhere && (uid === null || uid === 0)) return { file, inherited: [], name: path };
  fchmodSync(file, 0o644);
  return { file, inherited: [openSync(path, 'r')], name: `/proc/self/fd/${SCRIPT_DESCRIPTOR}` };
}

/**
 * Where no control group counts processes, the system counts those of each user (setrlimit(2), RLIMIT_NPROC): of the
 * task's own, or else of all that run as the same one. It counts none of root's. dash and busybox call it `-p`, which
 * other shells refuse.
 */
function limitOf({ user, cgroup, bounds }: SlotShellOptions): string {
  if (cgroup.node.counter !== null || user.uid === null || user.uid === 0) return '';
  const most = user.isShared ? bounds.allNodes : bounds.perAttempt;
  return `ulimit -u ${most} 2>/dev/null || ulimit -p ${most}; `;
}

interface Enclosed {
  readonly cgroup: Cgroup;
  readonly members: Members;
  readonly memory: MemoryKills;
  readonly meter: UsageMeter;
}

/** `script`: closed where it throws. */
function enclosed(child: ChildProcess, options: SlotShellOptions, script: number): Enclosed {
  try {
    return enclose(child, options);
  } catch (error) {
    closeSync(script);
    throw error;
  }
}

function enclose(child: ChildProcess, { cgroup: { node, name }, bounds }: SlotShellOptions): Enclosed {
  if (child.pid === undefined) return { cgroup: NO_CGROUP, members: openMembers(NO_CGROUP), memory: openMemoryKills(null), meter: openUsageMeter(0, NO_CGROUP) };
  try {
    const cgroup = makeChildCgroup(node, name, bounds.perAttempt);
    moveToCgroup(cgroup, child.pid);
    return { cgroup, members: openMembers(cgroup), memory: openMemoryKills(cgroup.memory), meter: openUsageMeter(child.pid, cgroup) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
