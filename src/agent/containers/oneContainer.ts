import { spawn } from 'node:child_process';
import { chownSync, closeSync, constants, fstatSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import type { TaskUsage } from '../../core/task/usage.ts';
import { yieldToUs } from '../../processes/priority.ts';
import { type Cgroup, makeChildCgroup, moveToCgroup, NO_CGROUP } from '../cgroups.ts';
import { ATTEMPT_MARK, NODE_MARK } from '../environment.ts';
import { failure, messageOf, TaskFailure } from '../failures.ts';
import { machineSweeper, type Sweeper } from '../killing.ts';
import { say } from '../log.ts';
import { enclosureOf } from '../nets.ts';
import { type NodeNetwork, wordsInNetwork } from '../network/network.ts';
import type { NodeLimits } from '../options.ts';
import { removeTrees } from '../removal.ts';
import { asUser, type User } from '../users.ts';
import { type Container, createWords, handOver } from './createWords.ts';
import { limitsBelow, makeContainerGroup, openContainerMeter, ranOutOfMemory } from './containerUsage.ts';
import { usageInDocker } from './dockerGroups.ts';
import { createEnding, type Ending } from './ending.ts';
import { callEngine, type Engine, type EngineCall, reasonOf, storeDirectory } from './engine.ts';
import { groupParent } from './groups.ts';
import { GROUP_PREFIX } from './runtime/groupName.ts';
import { readUsed, usedFileOf } from './runtime/usedFile.ts';

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

/** What a command does with the task's files: it has them for itself, or is the first or a further one of several. */
export type Output = 'whole' | 'begin' | 'continue';

/** One container, from the moment that it is asked for. */
export interface OneContainer {
  /** Unique among those of this agent. */
  readonly name: string;
  readonly command: ContainerCommand;
  readonly ending: Ending;
  /** Makes it. Returns its id. Throws TaskFailure. */
  create(): Promise<string>;
  /** Runs the engine's program as a part of the container, which is made. Its exit code. */
  run(words: readonly string[], stdout: number | 'ignore', stderr: number): Promise<number>;
  /** As `run`; its output goes to the task's files. Throws TaskFailure. */
  attach(words: readonly string[], output: Output): Promise<number>;
  /** Whether the system has killed one of its processes for want of memory; false also where only the engine knows. */
  lacksMemory(): boolean;
  /** Kills it with all that is in it, and removes what was made for it. Returns what it has used; null: unknown. */
  close(): Promise<TaskUsage | null>;
}

/** `holder`: see `Container`. */
export type ContainerMaker = (attempt: string, command: ContainerCommand, holder: string | null) => OneContainer;

/** How engines call the control group of a container. */
const GROUP_PREFIXES: Readonly<Record<Engine['kind'], string>> = { podman: 'libpod-', docker: '', runtime: GROUP_PREFIX };
const NICER_THAN_AGENT = 5;
/** After its standard error. */
const NAMESPACE_DESCRIPTOR = 3;

/**
 * The task's files are opened with the rights of the task's user, since a task may have put a link in their place; the
 * engine's program has the agent's rights. Nets of a container: itself, the control groups of the container and of the
 * engine's programs, marks.
 */
export function createContainerMaker(options: ContainerLauncherOptions): ContainerMaker {
  const { engine, call, directory, network, nodeCgroup, machineRoot, mostProcesses, limits, sweeper = machineSweeper } = options;
  const parent = engine.kind !== 'docker' && engine.hasGroups ? groupParent(nodeCgroup) : null;
  let made = 0;

  return (attempt, command, holder) => {
    const name = `container-${++made}`;
    const scratch = join(directory, 'attempts', name);
    let id = '';
    const group = parent === null ? null : makeContainerGroup(nodeCgroup, parent, name);
    const meter = openContainerMeter(group, () => toldOf(engine, directory, id));
    const ending = createEnding(sweeper, meter.look);
    /** Of the engine's programs that are part of it. */
    let cgroup: Cgroup = NO_CGROUP;

    /** `groups`: of those that run. */
    const catchAll = (groups: readonly number[]): void => ending.caught([
      { kind: 'container', call, id },
      ...(group === null ? [] : [{ kind: 'controlGroup', cgroup: { ...NO_CGROUP, net: join(group.directory, `${GROUP_PREFIXES[engine.kind]}${id}`) } } as const]),
      ...enclosureOf(cgroup, groups, [`${NODE_MARK}=${machineRoot}`, `${ATTEMPT_MARK}=${attempt}`]),
    ]);

    const create = async (): Promise<string> => {
      const { file, passedOn } = handOver(command.environment);
      const environmentFile = join(directory, 'attempts', `${name}.env`);
      if (command.settings.mounts !== null) makeScratch(scratch, command.user);
      try {
        writeFileSync(environmentFile, file, { mode: 0o600 });
        const words = createWords(engine, { ...command, mostProcesses, limits: group === null ? limits : limitsBelow(nodeCgroup, limits), environmentFile, scratch, passedOn: [...passedOn.keys()], node: machineRoot, group: group?.parent ?? null, holder });
        const said = await callEngine({ ...call, environment: { ...call.environment, ...Object.fromEntries(passedOn) } }, words);
        id = said.stdout.trim().split('\n').at(-1) ?? '';
        if (said.code !== 0 || id === '') throw new TaskFailure(failure('ContainerInvalidSettings', ['Message', reasonOf(said)]));
        catchAll([]);
        return id;
      } finally {
        rmSync(environmentFile, { force: true });
      }
    };

    const run: OneContainer['run'] = async (words, stdout, stderr) => {
      const all = [call.program, ...call.args, ...words] as const;
      const [program, ...args] = network === null ? all : wordsInNetwork(NAMESPACE_DESCRIPTOR, all);
      const child = spawn(program, args, {
        cwd: '/',
        env: { ...call.environment, [NODE_MARK]: machineRoot, [ATTEMPT_MARK]: attempt },
        stdio: ['ignore', stdout, stderr, ...(network === null ? [] : [network.namespace])],
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
        catchAll([child.pid]);
      }
      // Then its number may be another process's.
      return ended.finally(() => catchAll([]));
    };

    const attach = async (words: readonly string[], output: Output): Promise<number> => {
      const stdout = openTaskFile(command.stdout, command.user, output);
      try {
        const stderr = openTaskFile(command.stderr, command.user, output);
        return await run(words, stdout, stderr).finally(() => closeSync(stderr));
      } finally {
        closeSync(stdout);
      }
    };

    const close = async (): Promise<TaskUsage | null> => {
      await ending.now();
      const used = meter.close();
      if (command.settings.mounts !== null) await removeTrees([scratch]).catch((error: unknown) => say(messageOf(error)));
      return used;
    };

    return { name, command, ending, create, run, attach, lacksMemory: () => group !== null && ranOutOfMemory(group), close };
  };
}

/** What is known of a container besides the group that was made for it; null: nothing. */
function toldOf(engine: Engine, directory: string, id: string): TaskUsage | null {
  if (id === '') return null;
  switch (engine.kind) {
    case 'podman':
      return null;
    case 'docker':
      return usageInDocker(id);
    case 'runtime':
      return readUsed(usedFileOf(storeDirectory(directory), id));
  }
}

function makeScratch(path: string, { uid, gid }: User): void {
  mkdirSync(path, { mode: 0o700 });
  if (uid !== null && gid !== null) chownSync(path, uid, gid);
}

/**
 * What the slot shells do for other tasks. A pipe in the file's place would make the agent wait, or the engine's
 * program.
 */
function openTaskFile(path: string, user: User, output: Output): number {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  const how = { whole: O_TRUNC, begin: O_TRUNC | O_APPEND, continue: O_APPEND }[output];
  try {
    const file = asUser(user, () => openSync(path, O_WRONLY | O_CREAT | how | O_NOFOLLOW | O_NONBLOCK, 0o644));
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
    throw new Error('it is no file');
  } catch (error) {
    throw new TaskFailure(failure('CommandLaunchFailed', ['Message', `${path} could not be opened: ${messageOf(error)}`]));
  }
}
