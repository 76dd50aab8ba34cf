import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import type { ContainerInfo, FailureInfo } from '../../core/status.ts';
import type { TaskUsage } from '../../core/task/usage.ts';
import { failure, messageOf, TaskFailure } from '../failures.ts';
import { readTaskText } from '../taskText.ts';
import { callEngine, type Engine, reasonOf } from './engine.ts';
import { type EntryPoint, entryPointOf, wordsToRun } from './entryPoint.ts';
import { layHolder } from './holder.ts';
import { type ContainerCommand, type ContainerLauncherOptions, createContainerMaker, type OneContainer, type Output } from './oneContainer.ts';

/** How what ran in a container ended. */
type ContainerExit =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly container: ContainerInfo; readonly lackedMemory: boolean }
  /** Its process was never started. `container`: it was made. */
  | { readonly kind: 'refused'; readonly failure: FailureInfo; readonly container: ContainerInfo | null };

/** As `Running` of the launcher. */
export interface ContainerRunning {
  readonly exit: Promise<ContainerExit>;
  end(deadlineMs: number): void;
}

/** A container for several commands, one after the other; what they leave behind goes on in it. */
interface HeldContainer {
  /** Ends with the command; the container is made for the first one. `output`: as that of `Command`. */
  run(commandLine: readonly string[], output: 'begin' | 'continue'): ContainerRunning;
  /** Kills it, with all that is in it. */
  close(): Promise<void>;
}

type OnUsed = (used: TaskUsage) => void;

export interface ContainerLauncher {
  /** `onUsed`: what it has used in all, before `exit`; not called where nothing tells. */
  launch(attempt: string, command: ContainerCommand, onUsed: OnUsed): ContainerRunning;
  /** `onUsed`: before `close` resolves. */
  hold(attempt: string, command: Omit<ContainerCommand, 'command'>, onUsed: OnUsed): HeldContainer;
}

/** With these an engine says that it could not start the process; programs use them, too. */
const MAY_BE_ENGINE: Readonly<Record<Engine['kind'], readonly number[]>> = { podman: [125, 126, 127], docker: [1, 125, 126, 127], runtime: [125, 126, 127] };
/** What it says then of one that was to start in a container that runs. */
const ENGINES_WORDS = /OCI runtime|exec failed|crun: /;
const LONGEST_MESSAGE_BYTES = 4_096;
const KILLED = 128 + system.signals.SIGKILL;

/**
 * Runs containers: `create`, then `start --attach`, whose output goes to the task's files; a held one is started with
 * the holder, and its commands are `exec`.
 */
export function createContainerLauncher(options: ContainerLauncherOptions): ContainerLauncher {
  const { engine, call, directory, limits } = options;
  const make = createContainerMaker(options);

  const exited = async (one: OneContainer, id: string, exitCode: number): Promise<ContainerExit> => ({ kind: 'exited', exitCode, container: { containerId: id, state: 'exited', error: '' }, lackedMemory: await lackedMemory(one, id, exitCode) });

  /** It was made, and its process could not be started. */
  const neverStarted = (id: string, message: string): ContainerExit => ({ kind: 'refused', failure: startFailure(message), container: { containerId: id, state: 'created', error: message } });

  const mayBeEngine = ({ ending }: OneContainer, exitCode: number): boolean => !ending.isAskedFor && MAY_BE_ENGINE[engine.kind].includes(exitCode);

  const lackedMemory = async (one: OneContainer, id: string, exitCode: number): Promise<boolean> => {
    if (exitCode !== KILLED || limits.memoryBytes === undefined) return false;
    // Crun, alone, removes what it knows of a container with its end.
    if (one.lacksMemory()) return true;
    const said = await callEngine(call, ['inspect', '--format', '{{.State.OOMKilled}}', id]).catch(() => null);
    return said?.stdout.trim() === 'true';
  };

  const hasRun = async (id: string): Promise<boolean> => {
    const said = await callEngine(call, ['inspect', '--format', '{{.State.StartedAt}}', id]).catch(() => null);
    return said?.code !== 0 || !said.stdout.startsWith('0001-');
  };

  const runWhole = async (one: OneContainer): Promise<ContainerExit> => {
    const id = await one.create();
    if (one.ending.isAskedFor) return notMade();
    const exitCode = await one.attach(['start', '--attach', id], 'whole');
    if (!mayBeEngine(one, exitCode) || (await hasRun(id))) return exited(one, id, exitCode);
    const { stderr, user } = one.command;
    const message = readTaskText(stderr, user, LONGEST_MESSAGE_BYTES, (text, file) => {
      file.empty();
      return reasonOf({ code: exitCode, stdout: '', stderr: text });
    });
    return neverStarted(id, message ?? `it ended with code ${exitCode}`);
  };

  const startHeld = async (one: OneContainer): Promise<Held> => {
    const { image, runWords } = one.command;
    const entryPoint = await entryPointOf(engine, call, image, runWords);
    const id = await one.create();
    if (one.ending.isAskedFor) throw new Error('its end came before its start');
    const said = join(directory, 'attempts', `${one.name}.said`);
    const file = openSync(said, 'wx', 0o600);
    try {
      const code = await one.run(['start', id], 'ignore', file);
      if (code !== 0) throw new TaskFailure(startFailure(reasonOf({ code, stdout: '', stderr: readFileSync(said, 'utf8') })));
      return { id, entryPoint };
    } finally {
      closeSync(file);
      rmSync(said, { force: true });
    }
  };

  const runIn = async ({ id, entryPoint }: Held, one: OneContainer, commandLine: readonly string[], output: Output): Promise<ContainerExit> => {
    const exitCode = await one.attach(['exec', id, ...wordsToRun(entryPoint, commandLine)], output);
    const message = mayBeEngine(one, exitCode) ? lastWords(one.command) : null;
    return message === null ? exited(one, id, exitCode) : neverStarted(id, message);
  };

  const closed = async (one: OneContainer, onUsed: OnUsed): Promise<void> => {
    const used = await one.close();
    if (used !== null) onUsed(used);
  };

  const hold = (one: OneContainer, onUsed: OnUsed): HeldContainer => {
    let held: Promise<Held> | null = null;
    const runNext = async (commandLine: readonly string[], output: Output): Promise<ContainerExit> => {
      held ??= startHeld(one);
      const found = await held;
      return one.ending.isAskedFor ? notMade() : runIn(found, one, commandLine, output);
    };
    return {
      run: (commandLine, output) => ({ exit: runNext(commandLine, output).catch(refused), end: one.ending.by }),
      close: async () => {
        // One that is just being made is there to be removed first.
        await held?.catch(() => {});
        await closed(one, onUsed);
      },
    };
  };

  return {
    launch: (attempt, command, onUsed) => {
      const one = make(attempt, command, null);
      return { exit: runWhole(one).catch(refused).finally(() => closed(one, onUsed)), end: one.ending.by };
    },
    hold: (attempt, command, onUsed) => hold(make(attempt, { ...command, command: [] }, layHolder(directory)), onUsed),
  };
}

/** One that runs its holder. */
interface Held {
  readonly id: string;
  readonly entryPoint: EntryPoint;
}

/** What the engine said at last, if it did. It stays where it is, since others write to the same files. */
function lastWords({ stdout, stderr, user }: ContainerCommand): string | null {
  // Docker says some of it in the output of the command.
  for (const path of [stderr, stdout]) {
    const said = readTaskText(path, user, LONGEST_MESSAGE_BYTES, (text) => reasonOf({ code: null, stdout: '', stderr: text }));
    if (said !== null && ENGINES_WORDS.test(said)) return said;
  }
  return null;
}

function notMade(): ContainerExit {
  return { kind: 'refused', failure: failure('ContainerMiscError'), container: null };
}

function refused(error: unknown): ContainerExit {
  return { kind: 'refused', failure: error instanceof TaskFailure ? error.failure : failure('ContainerMiscError', ['Message', messageOf(error)]), container: null };
}

/** What runtimes say of a program that is not in the image, or may not be run; all else is of the settings. */
function startFailure(message: string): FailureInfo {
  if (/executable file (?:`[^`]*` )?not found|exec[^:]*: [^:]*: no such file or directory/i.test(message)) return failure('CommandProgramNotFound', ['Message', message]);
  if (/exec[^:]*: .*permission denied/i.test(message)) return failure('CommandLaunchFailed', ['Message', message]);
  return failure('ContainerInvalidSettings', ['Message', message]);
}
