import { spawn } from 'node:child_process';
import { chownSync, closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import type { ContainerInfo, FailureInfo } from '../../core/status.ts';
import { yieldToUs } from '../../processes/priority.ts';
import { type Cgroup, makeChildCgroup, moveToCgroup, NO_CGROUP } from '../cgroups.ts';
import { ATTEMPT_MARK, NODE_MARK } from '../environment.ts';
import { failure, messageOf, TaskFailure } from '../failures.ts';
import { machineSweeper, type Sweeper } from '../killing.ts';
import { type NodeNetwork, wordsInNetwork } from '../network/network.ts';
import type { NodeLimits } from '../options.ts';
import { type Enclosure, enclosureOf } from '../nets.ts';
import { say } from '../log.ts';
import { removeTrees } from '../removal.ts';
import { readTaskText } from '../taskText.ts';
import { asUser, type User } from '../users.ts';
import { groupParent } from './groups.ts';
import { type Container, createWords, handOver } from './createWords.ts';
import { callEngine, type Engine, type EngineCall, reasonOf } from './engine.ts';

/** How a container's run ended. */
type ContainerExit =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly container: ContainerInfo; readonly lackedMemory: boolean }
  /** Its process was never started. `container`: it was made. */
  | { readonly kind: 'refused'; readonly failure: FailureInfo; readonly container: ContainerInfo | null };

/** As `Running` of the launcher. */
interface ContainerRunning {
  readonly exit: Promise<ContainerExit>;
  end(deadlineMs: number): void;
}

export interface ContainerLauncherOptions {
  readonly engine: Engine;
  readonly call: EngineCall;
  readonly directory: string;
  /** Of which containers have what their node has; null: its machine's. */
  readonly network: NodeNetwork | null;
  readonly nodeCgroup: Cgroup;
  readonly mostProcesses: number;
  readonly limits: NodeLimits;
  /** The node's root on its machine: its mark. */
  readonly machineRoot: string;
  readonly sweeper?: Sweeper;
}

/** What is to run. `environment`: all of it, marks included. */
export interface ContainerCommand extends Pick<Container, 'image' | 'settings' | 'runWords' | 'command' | 'user' | 'places'> {
  readonly environment: ReadonlyMap<string, string>;
  /** Truncated. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface ContainerLauncher {
  launch(attempt: string, command: ContainerCommand): ContainerRunning;
}

const NICER_THAN_AGENT = 5;
/** With these an engine says that it could not start the process; programs use them, too. */
const MAY_BE_ENGINE: Readonly<Record<Engine['kind'], readonly number[]>> = { podman: [125, 126, 127], docker: [1, 125, 126, 127] };
const LONGEST_MESSAGE_BYTES = 4_096;
/** After its standard error. */
const NAMESPACE_DESCRIPTOR = 3;
const KILLED = 128 + system.signals.SIGKILL;

/**
 * Runs containers: `create`, then `start --attach`, whose output goes to the task's files. The files are opened with
 * the rights of the task's user, since a task may have put a link in their place; the engine's program has the agent's
 * rights. Nets of a run: the container itself, the control groups of the container and of the engine's program, marks.
 */
export function createContainerLauncher(options: ContainerLauncherOptions): ContainerLauncher {
  const { engine, call, directory, network, nodeCgroup, machineRoot, mostProcesses, limits, sweeper = machineSweeper } = options;
  const parent = engine.kind === 'podman' && engine.hasGroups ? groupParent(nodeCgroup) : null;
  let started = 0;

  const enclosure = (id: string, cgroup: Cgroup, pid: number, attempt: string): Enclosure => [
    { kind: 'container', call, id },
    ...(parent === null || nodeCgroup.net === null ? [] : [{ kind: 'controlGroup', cgroup: { ...NO_CGROUP, net: join(nodeCgroup.net, `libpod-${id}`) } } as const]),
    ...enclosureOf(cgroup, pid === 0 ? [] : [pid], [`${NODE_MARK}=${machineRoot}`, `${ATTEMPT_MARK}=${attempt}`]),
  ];

  const scratchOf = (name: string): string => join(directory, 'attempts', name);

  const create = async (name: string, command: ContainerCommand): Promise<string> => {
    const { file, passedOn } = handOver(command.environment);
    const environmentFile = join(directory, 'attempts', `${name}.env`);
    const scratch = scratchOf(name);
    if (command.settings.mounts !== null) makeScratch(scratch, command.user);
    try {
      writeFileSync(environmentFile, file, { mode: 0o600 });
      const words = createWords(engine, { ...command, mostProcesses, limits, environmentFile, scratch, passedOn: [...passedOn.keys()], node: machineRoot, group: parent });
      const said = await callEngine({ ...call, environment: { ...call.environment, ...Object.fromEntries(passedOn) } }, words);
      const id = said.stdout.trim().split('\n').at(-1) ?? '';
      if (said.code !== 0 || id === '') throw new TaskFailure(failure('ContainerInvalidSettings', ['Message', reasonOf(said)]));
      return id;
    } finally {
      rmSync(environmentFile, { force: true });
    }
  };

  const launch = (attempt: string, command: ContainerCommand): ContainerRunning => {
    const name = `container-${++started}`;
    let isEnded = false;
    let nets: Enclosure | null = null;
    let killing: Promise<boolean> | null = null;
    let deadline: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
    const discard = (): Promise<boolean> => {
      killing ??= nets === null ? Promise.resolve(true) : sweeper.kill(nets);
      return killing;
    };

    const attach = async (id: string): Promise<ContainerExit> => {
      const files: number[] = [];
      let cgroup = NO_CGROUP;
      try {
        for (const path of [command.stdout, command.stderr]) files.push(openTaskFile(path, command.user));
        const words = [call.program, ...call.args, 'start', '--attach', id] as const;
        const [program, ...args] = network === null ? words : wordsInNetwork(NAMESPACE_DESCRIPTOR, words);
        const child = spawn(program, args, {
          cwd: '/',
          env: { ...call.environment, [NODE_MARK]: machineRoot, [ATTEMPT_MARK]: attempt },
          stdio: ['ignore', ...files, ...(network === null ? [] : [network.namespace])],
          detached: true,
        });
        const ended = new Promise<number>((resolve, reject) => {
          child.once('error', reject);
          child.once('exit', (code, signal) => resolve(code ?? 128 + system.signals[signal ?? 'SIGKILL']));
        });
        ended.catch(() => {});
        if (child.pid !== undefined) {
          cgroup = makeChildCgroup(nodeCgroup, name, mostProcesses);
          moveToCgroup(cgroup, child.pid);
          yieldToUs(child.pid, NICER_THAN_AGENT);
        }
        nets = enclosure(id, cgroup, child.pid ?? 0, attempt);
        return await outcomeOf(id, await ended, command);
      } finally {
        for (const file of files) closeSync(file);
        nets ??= enclosure(id, cgroup, 0, attempt);
      }
    };

    const outcomeOf = async (id: string, exitCode: number, { stderr, user }: ContainerCommand): Promise<ContainerExit> => {
      const container: ContainerInfo = { containerId: id, state: 'exited', error: '' };
      if (isEnded || !MAY_BE_ENGINE[engine.kind].includes(exitCode) || (await hasRun(id))) return { kind: 'exited', exitCode, container, lackedMemory: await lackedMemory(id, exitCode) };
      const message = readTaskText(stderr, user, LONGEST_MESSAGE_BYTES, (text, file) => {
        file.empty();
        return reasonOf({ code: exitCode, stdout: '', stderr: text });
      });
      return { kind: 'refused', failure: startFailure(message ?? `it ended with code ${exitCode}`), container: { ...container, state: 'created', error: message ?? '' } };
    };

    const lackedMemory = async (id: string, exitCode: number): Promise<boolean> => {
      if (exitCode !== KILLED || limits.memoryBytes === undefined) return false;
      const said = await callEngine(call, ['inspect', '--format', '{{.State.OOMKilled}}', id]).catch(() => null);
      return said?.stdout.trim() === 'true';
    };

    const hasRun = async (id: string): Promise<boolean> => {
      const said = await callEngine(call, ['inspect', '--format', '{{.State.StartedAt}}', id]).catch(() => null);
      return said?.code !== 0 || !said.stdout.startsWith('0001-');
    };

    const run = async (): Promise<ContainerExit> => {
      try {
        const id = await create(name, command);
        nets = enclosure(id, NO_CGROUP, 0, attempt);
        if (isEnded) return { kind: 'refused', failure: failure('ContainerMiscError'), container: null };
        return await attach(id);
      } catch (error) {
        return { kind: 'refused', failure: error instanceof TaskFailure ? error.failure : failure('ContainerMiscError', ['Message', messageOf(error)]), container: null };
      } finally {
        clearTimeout(deadline?.timer);
        await discard();
        if (command.settings.mounts !== null) await removeTrees([scratchOf(name)]).catch((error: unknown) => say(messageOf(error)));
      }
    };

    return {
      exit: run(),
      end: (deadlineMs) => {
        const isFirst = !isEnded;
        isEnded = true;
        // One that is just being made goes as soon as it is there.
        if (nets === null) return;
        const at = performance.now() + deadlineMs;
        if (deadlineMs > 0 && deadline !== null && deadline.at <= at) return;
        clearTimeout(deadline?.timer);
        if (deadlineMs <= 0) return void discard();
        if (isFirst) sweeper.terminate(nets);
        deadline = { at, timer: setTimeout(() => void discard(), deadlineMs) };
      },
    };
  };

  return { launch };
}

function makeScratch(path: string, { uid, gid }: User): void {
  mkdirSync(path, { mode: 0o700 });
  if (uid !== null && gid !== null) chownSync(path, uid, gid);
}

/**
 * What the slot shells do for other tasks. A pipe in the file's place would make the agent wait, or the engine's
 * program.
 */
function openTaskFile(path: string, user: User): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const file = asUser(user, () => openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644));
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    throw new Error('it is no file');
  } catch (error) {
    throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `${path} could not be opened: ${messageOf(error)}`]));
  }
}

/** What runtimes say of a program that is not in the image, or may not be run; all else is of the settings. */
function startFailure(message: string): FailureInfo {
  if (/executable file not found|exec[^:]*: [^:]*: no such file or directory/i.test(message)) return failure('CommandProgramNotFound', ['Message', message]);
  if (/exec[^:]*: .*permission denied/i.test(message)) return failure('CommandLaunchFailed', ['Message', message]);
  return failure('ContainerInvalidSettings', ['Message', message]);
}
