import { existsSync, lstatSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { addUsage, type TaskUsage, usageSince } from '../core/task/usage.ts';
import { type Cgroup, membersOfCgroup, NO_CGROUP, removeCgroup } from './cgroups.ts';
import { ATTEMPT_MARK, NODE_MARK } from './environment.ts';
import { machineSweeper, type Sweeper } from './killing.ts';
import { type Enclosure, enclosureOf } from './nets.ts';
import type { NodeNetwork } from './network/network.ts';
import { pathIn } from './place/imageRoot.ts';
import type { ProcessBounds } from './processBounds.ts';
import { type Command, launchMessage, PERL, scriptOf } from './script.ts';
import { ShellDied, type SlotShell, startSlotShell } from './slotShell.ts';
import { readTaskText } from './taskText.ts';
import { usageOfGroup } from './usage.ts';
import type { User } from './users.ts';

/** `lackedMemory`: the system has killed a process of it, for its node had no more. */
type Exit = { readonly kind: 'exited'; readonly exitCode: number; readonly lackedMemory: boolean } | { readonly kind: 'notLaunched'; readonly message: string };

export interface Running {
  /**
   * The end of the process that was started; then all that it left behind is dead as well, unless `leftovers` let it
   * live.
   */
  readonly exit: Promise<Exit>;
  /**
   * Ends the whole process tree: SIGTERM now, SIGKILL at the deadline; 0: SIGKILL now. `exit` follows. Of several
   * deadlines the first counts.
   */
  end(deadlineMs: number): void;
  /** Kills what it left behind, where that was to be kept. Resolves when nothing of it is left. */
  endLeftovers(): Promise<void>;
}

/** Starts processes, each in an enclosure from which none escapes. */
export interface Launcher {
  /** Starts idle shells beforehand: a first task need not wait for its own. */
  warm(user: User, shells: number): void;
  /** `onUsed` is told, maybe several times, what its processes have used beyond what it was told before. */
  launch(attempt: string, command: Command, user: User, leftovers: 'kill' | 'keep', onUsed?: (used: TaskUsage) => void): Running;
  /** The processes that an attempt has now; null: nothing tells them from others for sure. */
  membersOf(attempt: string): readonly number[] | null;
  /** Kills all that was started here. */
  killAll(): Promise<void>;
}

export interface LauncherOptions {
  readonly rootDirectory: string;
  /** The agent's alone. */
  readonly scriptDirectory: string;
  readonly nodeCgroup: Cgroup;
  readonly bounds: ProcessBounds;
  /** null: the machine's. */
  readonly network: NodeNetwork | null;
  /** Of what is started; null: the agent's (see place/imageRoot.ts). */
  readonly root?: string | null;
  readonly environment: ReadonlyMap<string, string>;
  /** How many idle shells are kept. */
  readonly idleShells: number;
  readonly sweeper?: Sweeper;
}

/** A machine at its limit of processes (a fork bomb beside us) may have room again a moment later. */
const FORK_RETRY_MS = [50, 200, 1000];
const SWEEP_DELAY_MS = 500;

export function createLauncher(options: LauncherOptions): Launcher {
  const { sweeper = machineSweeper, root = null } = options;
  const hasPerl = existsSync(root === null ? PERL : pathIn(root, PERL));
  const mark = `${NODE_MARK}=${options.rootDirectory}`;
  const idle: SlotShell[] = [];
  const busy = new Set<SlotShell>();
  /** Where attempts run. */
  const places = new Map<string, Cgroup>();
  let shells = 0;

  const take = (user: User): SlotShell => {
    const index = idle.findLastIndex((shell) => shell.user.uid === user.uid && shell.user.gid === user.gid);
    const found = index < 0 ? undefined : idle.splice(index, 1)[0];
    return found ?? start(user);
  };

  const start = (user: User): SlotShell => {
    const name = `slot-${++shells}`;
    const shell = startSlotShell({
      user,
      scriptPath: join(options.scriptDirectory, name),
      environment: options.environment,
      cgroup: { node: options.nodeCgroup, name },
      bounds: options.bounds,
      network: options.network,
      root,
    });
    void shell.gone.then(() => forget(shell));
    return shell;
  };

  /**
   * A shell that died idle must not be given to a task. Where it left other processes, its control group stays for
   * whoever kills them.
   */
  const forget = (shell: SlotShell): void => {
    const index = idle.indexOf(shell);
    if (index >= 0) idle.splice(index, 1);
    removeCgroup(shell.cgroup);
  };

  const giveBack = (shell: SlotShell): void => {
    if (shell.isGone) return;
    idle.push(shell);
    if (idle.length > options.idleShells) idle.shift()?.close();
  };

  /**
   * Without a control group the end of a task does not show what it left. Some time later the agent looks for it by its
   * mark.
   */
  const live = new Set<string>();
  let sweeping: NodeJS.Timeout | null = null;
  const sweepSoon = (): void => {
    sweeping ??= setTimeout(() => {
      sweeping = null;
      for (const attempt of sweeper.valuesOf(mark, ATTEMPT_MARK)) {
        if (!live.has(attempt)) void sweeper.kill(enclosureOf(NO_CGROUP, [], [mark, `${ATTEMPT_MARK}=${attempt}`]));
      }
    }, SWEEP_DELAY_MS);
    sweeping.unref();
  };

  const netsOf = (shell: SlotShell, attempt: string): Enclosure =>
    enclosureOf(shell.cgroup, shell.pid === 0 ? [] : [shell.pid], [mark, `${ATTEMPT_MARK}=${attempt}`]);

  const launch: Launcher['launch'] = (attempt, command, user, leftovers, onUsed = () => {}) => {
    let shell: SlotShell | null = null;
    let killing: Promise<boolean> | null = null;
    let isEnded = false;
    /** That it ran in. */
    let last: SlotShell | null = null;
    let deadline: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
    if (leftovers === 'keep' || options.nodeCgroup.net === null) live.add(attempt);
    /** Of its shell's group when what may leave something behind began; null: it is told by the shell. */
    let groupBefore: TaskUsage | null = null;
    let told: TaskUsage | null = null;
    /** `isLast`: all that is there is killed next. */
    const measure = (shell: SlotShell, isLast: boolean): void => {
      const used = shell.used(isLast);
      if (used === null) return;
      if (leftovers === 'keep') told = addUsage(told, used);
      onUsed(used);
    };
    const measureLeftovers = (cgroup: Cgroup): void => {
      const used = usageOfGroup(cgroup);
      if (used !== null && groupBefore !== null) onUsed(usageSince(addUsage(told, groupBefore), used));
    };
    const discard = (used: SlotShell): Promise<boolean> => {
      if (killing === null) measure(used, true);
      killing ??= sweeper.kill(netsOf(used, attempt));
      return killing;
    };
    /** A start task's services go on in their enclosure, which ends with the node; such a shell is not used again. */
    const putAway = async (used: SlotShell): Promise<void> => {
      if (isEnded || (leftovers === 'kill' && used.hasOthers())) await discard(used);
      else if (leftovers === 'keep') used.close();
      else giveBack(used);
    };

    const once = async (): Promise<Exit | 'again'> => {
      const used = take(user);
      shell = used;
      last = used;
      busy.add(used);
      places.set(attempt, used.cgroup);
      if (leftovers === 'keep') groupBefore = usageOfGroup(used.cgroup);
      try {
        const exitCode = await used.run(scriptOf(command, hasPerl));
        const lackedMemory = used.lackedMemory();
        measure(used, false);
        await putAway(used);
        const message = mayBeLaunchFailure(exitCode) ? launchFailure(command, used) : null;
        return message === null ? { kind: 'exited', exitCode, lackedMemory } : { kind: 'notLaunched', message };
      } catch (error) {
        await discard(used);
        measure(used, true);
        if (!(error instanceof ShellDied)) throw error;
        if (isEnded || error.signal !== null) return { kind: 'exited', exitCode: 128 + constants.signals[error.signal ?? 'SIGKILL'], lackedMemory: used.lackedMemory() };
        killing = null;
        return 'again';
      } finally {
        busy.delete(used);
        places.delete(attempt);
        shell = null;
      }
    };

    const launchAndWatch = async (): Promise<Exit> => {
      try {
        return await attemptLaunch();
      } finally {
        clearTimeout(deadline?.timer);
        if (leftovers === 'kill' && live.delete(attempt)) sweepSoon();
      }
    };

    const attemptLaunch = async (): Promise<Exit> => {
      for (const pauseMs of [...FORK_RETRY_MS, null]) {
        const exit = await once();
        if (exit !== 'again') return exit;
        if (pauseMs !== null) await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (isEnded) break;
      }
      return { kind: 'notLaunched', message: 'The node could not start another process' };
    };

    return {
      exit: launchAndWatch(),
      end: (deadlineMs) => {
        const isFirst = !isEnded;
        isEnded = true;
        if (shell === null) return;
        const used = shell;
        const at = performance.now() + deadlineMs;
        if (deadlineMs > 0 && deadline !== null && deadline.at <= at) return;
        clearTimeout(deadline?.timer);
        if (deadlineMs <= 0) return void discard(used);
        if (isFirst) sweeper.terminate(netsOf(used, attempt));
        deadline = { at, timer: setTimeout(() => void discard(used), deadlineMs) };
      },
      endLeftovers: async () => {
        live.delete(attempt);
        if (last === null) return;
        measureLeftovers(last.cgroup);
        // The number of its shell may be another process's by now.
        await sweeper.kill(enclosureOf(last.cgroup, [], [mark, `${ATTEMPT_MARK}=${attempt}`]));
        removeCgroup(last.cgroup);
      },
    };
  };

  const warm = (user: User, wanted: number): void => {
    try {
      const fresh = Array.from({ length: Math.max(0, Math.min(wanted, options.idleShells) - idle.length - busy.size) }, () => start(user));
      idle.push(...fresh);
    } catch {
      // No room now: the first task tries again and says why.
    }
  };

  return {
    warm,
    launch,
    membersOf: (attempt) => {
      const place = places.get(attempt) ?? NO_CGROUP;
      return place.net === null ? null : membersOfCgroup(place);
    },
    killAll: async () => {
      const groups = [...idle, ...busy].map((shell) => shell.pid).filter((pid) => pid !== 0);
      await sweeper.kill(enclosureOf(options.nodeCgroup, groups, [mark]));
    },
  };
}

/**
 * 126 and 127: the program could not be executed; 1 and 2: the shell could not change the directory or open the files.
 * Programs use them, too.
 */
function mayBeLaunchFailure(exitCode: number): boolean {
  return exitCode === 126 || exitCode === 127 || exitCode === 1 || exitCode === 2;
}

const LONGEST_MESSAGE_BYTES = 4096;

function launchFailure(command: Command, { user, scriptPath }: SlotShell): string | null {
  if (lstatSync(command.stderr, { throwIfNoEntry: false }) === undefined) return `${command.stderr} could not be opened`;
  return readTaskText(command.stderr, user, LONGEST_MESSAGE_BYTES, (text, file) => {
    const message = file.isWhole ? launchMessage(text, scriptPath) : null;
    if (message !== null) file.empty();
    return message;
  });
}
