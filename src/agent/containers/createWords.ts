import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { failure, TaskFailure } from '../failures.ts';
import type { ContainerMountSource, ContainerWork } from '../frames.ts';
import type { NodeLimits } from '../options.ts';
import type { User } from '../users.ts';
import type { Engine } from './engine.ts';
import { HOLDER_PATH } from './holder.ts';
import { readRunOptions } from './runOptions.ts';

interface Places {
  /** The node's root as tasks see it, and on its machine. */
  readonly root: string;
  readonly machineRoot: string;
  /** The run's directory, absolute, as it sees it. */
  readonly task: string;
  /** That of its job's preparation; null: there is none. */
  readonly preparation: string | null;
}

export interface Container {
  /** As the engine has it. */
  readonly image: string;
  readonly settings: Pick<ContainerWork, 'workingDirectory' | 'mounts'>;
  /** Of `containerRunOptions`. */
  readonly runWords: readonly string[];
  /** Empty: the image's own entry point and command. */
  readonly command: readonly string[];
  readonly user: User;
  readonly places: Places;
  readonly mostProcesses: number;
  readonly limits: NodeLimits;
  /** `NAME=value` a line. */
  readonly environmentFile: string;
  /** What does not fit into such a line: the engine takes it from its own variables. */
  readonly passedOn: readonly string[];
  /** In `LABEL`. */
  readonly node: string;
  /** A directory of the node's, empty and the user's: where the container works if it does not see its own. */
  readonly scratch: string;
  /** The control group that the container's is made in; null: where the engine likes. */
  readonly group: string | null;
  /** What is its first process in place of the command, a path of this machine; null: the command itself. */
  readonly holder: string | null;
}

/** By it containers of a node are found whose agent is gone. */
export const LABEL = 'linarite.node';

/**
 * `create` with all that the real service says (API reference, TaskContainerSettings; documentation, "Container
 * applications"): the node's root at its own path, the task's directory to work in, its user. What the task's own
 * options say stands against it. The network is the node's, which is its machine's.
 */
export function createWords(engine: Engine, container: Container): readonly string[] {
  const { words, names } = readRunOptions(container.runWords);
  const { user, settings, places } = container;
  const working = `${places.task}/wd`;
  const mounts = mountsOf(settings.mounts, places);
  const worksThere = settings.workingDirectory === 'taskWorkingDirectory' && !names.has('workdir');
  const runsAs = names.has('user') ? [] : userWords(engine, user);
  return [
    'create',
    '--pull=never',
    `--label=${LABEL}=${container.node}`,
    '--log-driver=none',
    ...(names.has('network') ? [] : ['--network=host']),
    ...(names.has('pids-limit') || container.group === null ? [] : [`--pids-limit=${container.mostProcesses}`]),
    ...(container.group === null && engine.kind !== 'docker' ? [] : limitWords(container.limits, names)),
    ...(container.group === null ? [] : ['--cgroups=no-conmon', `--cgroup-parent=${container.group}`]),
    ...runsAs,
    ...(worksThere ? [`--workdir=${working}`] : []),
    ...mounts.map((mount) => `--mount=${mountWord(sourceOf(engine, mount, places), mount)}`),
    // Podman starts no container whose directory is not there, and docker makes it root's.
    ...(worksThere && !mounts.some(({ path }) => isBelow(working, path)) ? [`--mount=${mountWord(container.scratch, { path: working, isReadOnly: false })}`] : []),
    `--env-file=${container.environmentFile}`,
    ...container.passedOn.map((name) => `--env=${name}`),
    ...words,
    ...(container.holder === null ? [] : [`--mount=${mountWord(container.holder, { path: HOLDER_PATH, isReadOnly: true })}`, `--entrypoint=${HOLDER_PATH}`]),
    container.image,
    ...(container.holder === null ? container.command : []),
  ];
}

/** Beside a tree of version 2, engines do not make their groups below what bounds the node's tasks. */
function limitWords({ cores, memoryBytes }: NodeLimits, names: ReadonlySet<string>): readonly string[] {
  const givesCpu = ['cpus', 'cpu-quota', 'cpu-period'].some((name) => names.has(name));
  return [
    ...(cores === undefined || givesCpu ? [] : [`--cpus=${cores}`]),
    ...(memoryBytes === undefined || names.has('memory') ? [] : [`--memory=${memoryBytes}b`]),
  ];
}

/** Whether its files may be another's than the task's user's. */
export function runsAsAnother(runWords: readonly string[]): boolean {
  const { names } = readRunOptions(runWords);
  return ['user', 'userns', 'privileged'].some((name) => names.has(name));
}

function userWords(engine: Engine, { uid, gid }: User): readonly string[] {
  if (uid !== null && gid !== null) return [`--user=${uid}:${gid}`];
  // Podman without root: root of its containers is who called it.
  return engine.kind === 'podman' ? [] : [`--user=${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`];
}

interface Mount {
  readonly path: string;
  readonly isReadOnly: boolean;
}

function mountsOf(asked: ContainerWork['mounts'], places: Places): readonly Mount[] {
  if (asked === null) return [{ path: places.root, isReadOnly: false }];
  return asked.flatMap(({ source, isReadOnly }) => {
    const path = pathOf(source, places);
    return path === null || !existsSync(path) ? [] : [{ path, isReadOnly }];
  });
}

/** API reference, ContainerHostDataPath. null: there is none. */
function pathOf(source: ContainerMountSource, { root, task, preparation }: Places): string | null {
  switch (source) {
    case 'Shared':
      return join(root, 'shared');
    case 'Startup':
      return join(root, 'startup');
    case 'VfsMounts':
      return join(root, 'fsmounts');
    case 'Task':
      return task;
    case 'JobPrep':
      return preparation;
    case 'Applications':
      return join(root, 'applications');
  }
}

/** Docker's daemon sees the machine's paths, podman those of the agent. */
function sourceOf(engine: Engine, { path }: Mount, { root, machineRoot }: Places): string {
  return engine.kind === 'docker' ? join(machineRoot, relative(root, path)) : path;
}

function mountWord(source: string, { path, isReadOnly }: Mount): string {
  return ['type=bind', `source=${source}`, `destination=${path}`, ...(isReadOnly ? ['readonly=true'] : [])].map(csvField).join(',');
}

function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** What an engine, or what it is made of, reads of its own variables: a task's must not stand there. */
const ENGINES_OWN = /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|LANG|LANGUAGE|LC_.*|LD_.*|GLIBC_.*|MALLOC_.*|GO.*|XDG_.*|_?CONTAINER.*|DOCKER_.*|BUILDAH.*|PODMAN.*|STORAGE_.*|REGISTRY_.*|SSL_.*|.*_PROXY|LISTEN_.*|NOTIFY_.*|OCI_.*|NODE_.*|UV_.*|NETAVARK.*|CNI_.*|LINARITE_.*)$/i;
/** Engines read lines of a bounded length. */
const LONGEST_LINE = 32_000;

/** How a container gets its variables: never in arguments, which every user of the machine can read. */
export interface Handover {
  readonly file: string;
  readonly passedOn: ReadonlyMap<string, string>;
}

export function handOver(variables: ReadonlyMap<string, string>): Handover {
  const lines: string[] = [];
  const passedOn = new Map<string, string>();
  for (const [name, value] of variables) {
    const line = `${name}=${value}`;
    const isLine = !/[\n\r\0]/.test(line) && line.length <= LONGEST_LINE && !/^\s|^#|\s/.test(name);
    // Engines do not agree on quotes in such a file.
    if (isLine && (ENGINES_OWN.test(name) || !/['"`\\#$]|^\s|\s$/.test(value))) lines.push(line);
    else if (ENGINES_OWN.test(name)) throw new TaskFailure(failure('ContainerInvalidSettings', ['Message', `Variable ${name} has several lines, or a value that is too long: no container can be given it`]));
    else passedOn.set(name, value);
  }
  return { file: lines.length === 0 ? '' : `${lines.join('\n')}\n`, passedOn };
}
