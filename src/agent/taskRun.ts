import { join } from 'node:path';
import type { TransferOptions } from '../blobs/exchange.ts';
import type { AttemptOutcome, RunSteps } from '../core/events.ts';
import type { ContainerInfo, FailureInfo } from '../core/status.ts';
import { addUsage, type TaskUsage } from '../core/task/usage.ts';
import type { TaskRun } from './attempts.ts';
import { installCertificates } from './certificates.ts';
import { splitCommandLine } from './commandLine.ts';
import { type Coordination, createCoordination, type Exited, type LaunchedProcess, type LeavingProcess, type ProcessEnd } from './coordination.ts';
import type { Containers } from './containers/containers.ts';
import { runsAsAnother } from './containers/createWords.ts';
import type { ContainerRunning } from './containers/launch.ts';
import { commandWords, containerCommand } from './containers/taskContainer.ts';
import { giveBack, localFailure, makeTaskDirectories, ownerOf, type TaskDirectories } from './directories.ts';
import { DEFAULT_PATH, taskEnvironment } from './environment.ts';
import { failure, messageOf, TaskFailure } from './failures.ts';
import type { CertificateWork, ContainerWork, PackageWork, Work } from './frames.ts';
import type { Launcher, Running } from './launcher.ts';
import type { NodeClock } from './nodeClock.ts';
import { uploadOutputFiles } from './outputFiles.ts';
import type { NodePackages } from './packages/packages.ts';
import { pathIn } from './place/imageRoot.ts';
import { findProgram } from './program.ts';
import type { ReadyTrees } from './readyTrees.ts';
import { fetchResourceFiles } from './resourceFiles.ts';
import { diskRoom, fullDiskFailure, noRoomFailure } from './fullDisk.ts';
import type { Inputs } from './retention.ts';
import { directoryOf, leftoversOf, markOf, type Run } from './run.ts';
import type { Command } from './script.ts';
import type { User, Users } from './users.ts';
import { isWindowsProgram, windowsFailure } from './windowsPrograms.ts';

/** What a task's steps need of their node. */
export interface NodeContext {
  readonly rootDirectory: string;
  readonly clock: Pick<NodeClock, 'after'>;
  readonly users: Users;
  readonly launcher: Launcher;
  readonly readyTrees: ReadyTrees;
  readonly nodeEnvironment: ReadonlyMap<string, string>;
  /** PATH before the task's own directories. */
  readonly paths: { readonly all: string; readonly admins: string };
  /** Of its tasks together; undefined: all that the machine has. */
  readonly memoryBytes: number | undefined;
  /** Whether more lies on its disk than its size has. */
  readonly isOverfull: () => boolean;
  /** See NodePlace. */
  readonly image: string | null;
  readonly ownSystem: () => Promise<void>;
  readonly transfers: Omit<TransferOptions, 'signal'>;
  /** The node's root on its machine. */
  readonly machineRoot: string;
  /** null: its pool has no container configuration. */
  readonly containers: Containers | null;
  readonly packages: NodePackages;
  /** Those of all that runs on the node. */
  readonly nodePackages: readonly PackageWork[];
  readonly certificates: readonly CertificateWork[];
}

/** What every kind of run is made of. */
type RunWork = Omit<Work, 'slots' | 'job' | 'task' | 'directory'>;

/**
 * One run: directories -> application packages -> resource files -> process -> output files. The wall clock runs from
 * the beginning to the end of the process (whether transfers count is not documented; here those before it do). An end
 * asked for, or the wall clock, aborts transfers and kills the whole process tree. Resource files that an earlier
 * attempt has fetched here are kept as that one left them (API reference, TaskConstraints.maxTaskRetryCount: they are
 * only downloaded again on a new node). An instance of a multi-instance task coordinates with the others first
 * (coordination.ts); `onCoordinated`: its command for that has succeeded.
 */
export function startRun(context: NodeContext, run: Run, work: RunWork, inputs: Inputs, onCoordinated: () => void = () => undefined): TaskRun {
  const directory = directoryOf(run);
  /** Aborts what precedes the process. */
  const abort = new AbortController();
  /** Aborts what follows it. */
  const ending = new AbortController();
  let running: LaunchedProcess | null = null;
  let stopped: 'killed' | 'timedOut' | null = null;
  /** Of the process; null: it has not run, or not ended. */
  let exitCode: number | null = null;
  let container: ContainerInfo | null = null;
  let used: TaskUsage | null = null;
  const begunAt = performance.now();
  /** When its process began and ended; null: it has not. */
  const ran: { begunAt: number | null; endedAt: number | null } = { begunAt: null, endedAt: null };
  const coordination = work.gang === undefined ? null : createCoordination({ gang: work.gang, onDone: onCoordinated });
  const stop = (why: 'killed' | 'timedOut', deadlineMs: number): void => {
    if (why === 'killed') ending.abort();
    running?.end(deadlineMs);
    coordination?.end(deadlineMs);
    if (stopped !== null) return;
    stopped = why;
    abort.abort();
  };
  const clearWallClock = work.wallClockMs === null ? () => {} : context.clock.after(work.wallClockMs, () => {
    stop('timedOut', 0);
    return done;
  });

  const steps = async (): Promise<AttemptOutcome> => {
    try {
      // A client may have deleted all that there was.
      if (inputs.areComplete && ownerOf(join(context.rootDirectory, directory)) === null) inputs.areComplete = false;
      // Releases make room.
      if (run.kind === 'task' && context.isOverfull()) return notStarted(noRoomFailure());
      const prepared = prepare(context, run, work);
      if (prepared.user.uid === 0) await ownSystem(context);
      if (work.packages !== undefined) await context.packages.install(work.packages, abort.signal);
      const { user, directories } = prepared;
      const common = work.gang?.commonResourceFiles ?? [];
      if (common.length + work.resourceFiles.length > 0 && !inputs.areComplete) {
        const transfer = { user, ...context.transfers, signal: abort.signal };
        if (common.length > 0) await fetchResourceFiles(common, { workingDirectory: directories.task, ...transfer });
        if (work.resourceFiles.length > 0) await fetchResourceFiles(work.resourceFiles, { workingDirectory: directories.working, ...transfer });
        inputs.areComplete = true;
      }
      if (stopped !== null) return { kind: stopped, exitCode: null };
      const place = work.container === undefined ? onNode(prepared) : await inContainer(prepared, work.container);
      if (coordination !== null && work.gang !== undefined) {
        const over = await coordinated(coordination, place, work.gang.coordinationCommandLine);
        if (over !== null) return over;
      }
      running = place.launch(work.commandLine);
      ran.begunAt = performance.now();
      const exit = await running.exit;
      ran.endedAt = performance.now();
      clearWallClock();
      await coordination?.close();
      if (exit.kind === 'failed') return stopped === null ? notStarted(exit.failure) : { kind: stopped, exitCode: null };
      ({ exitCode } = exit);
      return await afterProcess(exit, prepared);
    } catch (error) {
      if (stopped !== null) return { kind: stopped, exitCode };
      if (exitCode !== null) return { kind: 'uploadFailed', exitCode, failure: failure('FileUploadMiscError', ['Message', messageOf(error)]) };
      return notStarted(error instanceof TaskFailure ? error.failure : localFailure(error, 'ResourceFileCreateFailed', join(context.rootDirectory, directory)));
    } finally {
      clearWallClock();
      await coordination?.close();
    }
  };

  /** null: the primary goes on; else how the run has ended. */
  const coordinated = async (coordination: Coordination, place: RunPlace, commandLine: string): Promise<AttemptOutcome | null> => {
    const outcome = await coordination.run(() => place.coordinate(commandLine));
    switch (outcome.kind) {
      case 'proceed':
        return stopped === null ? null : { kind: stopped, exitCode: null };
      case 'ended':
        return { kind: stopped ?? 'killed', exitCode: coordination.isDone ? 0 : null };
      case 'exited':
        return { kind: 'exited', exitCode: outcome.exitCode };
      case 'failed':
        return notStarted(outcome.failure);
    }
  };

  const onUsed = (more: TaskUsage): void => {
    used = addUsage(used, more);
  };

  const onNode = (prepared: Prepared): RunPlace => {
    const { launcher } = context;
    const command = (commandLine: string): Command => commandOf(context, commandLine, prepared);
    return {
      launch: (commandLine) => processOf(launcher.launch(markOf(run), { ...command(commandLine), ...(coordination === null ? null : { output: 'continue' }) }, prepared.user, leftoversOf(run), onUsed)),
      coordinate: (commandLine) => processOf(launcher.launch(markOf(run), { ...command(commandLine), output: 'begin' }, prepared.user, 'keep', onUsed)),
    };
  };

  /**
   * Its processes end with its first one, also those of a start task. Of a multi-instance task both commands run in one
   * container, which ends with the instance (documentation of Batch Shipyard, "Multi-Instance Tasks": the second is
   * executed in what the first has begun).
   */
  const inContainer = async (prepared: Prepared, asked: ContainerWork): Promise<RunPlace> => {
    const { containers, rootDirectory, machineRoot } = context;
    if (containers === null) throw new TaskFailure(failure('ContainerPoolNotSupported'));
    const settings = containerCommand({ run, work: { ...work, container: asked }, ...prepared, environment: environmentOf(context, prepared), root: rootDirectory, machineRoot });
    const image = await containers.fetchImage(asked, abort.signal);
    if (stopped !== null) throw new Error('it is over');
    const { launcher } = containers;
    const seen = ({ exit, end }: ContainerRunning): LaunchedProcess => ({
      exit: exit.then((ended) => {
        container = ended.container;
        if (ended.kind === 'refused') return { kind: 'failed', failure: ended.failure };
        if (runsAsAnother(settings.runWords)) giveBack(prepared.directories, prepared.user);
        return ended;
      }),
      end,
    });
    if (coordination === null) {
      return { launch: (commandLine) => seen(launcher.launch(markOf(run), { ...settings, command: commandWords(commandLine), image }, onUsed)), coordinate: neverCoordinates };
    }
    const held = launcher.hold(markOf(run), { ...settings, image }, onUsed);
    return {
      launch: (commandLine) => seen(held.run(commandWords(commandLine), 'continue')),
      coordinate: (commandLine) => ({ ...seen(held.run(commandWords(commandLine), 'begin')), endLeftovers: held.close }),
    };
  };

  /**
   * Uploads follow the process even if its wall clock ended it (it has exited, with a code that is not zero), not if
   * the owner did: it wants an end now.
   */
  const afterProcess = async ({ exitCode, lackedMemory }: Exited, prepared: Prepared): Promise<AttemptOutcome> => {
    const { user, directories } = prepared;
    let failed: FailureInfo | null = null;
    if (work.outputFiles.length > 0 && stopped !== 'killed') {
      failed = await uploadOutputFiles(work.outputFiles, exitCode, {
        user,
        environment: environmentOf(context, prepared),
        taskDirectory: directories.task,
        workingDirectory: directories.working,
        ...context.transfers,
        signal: ending.signal,
      });
    }
    if (stopped !== null) return { kind: stopped, exitCode };
    if (failed !== null) return { kind: 'uploadFailed', exitCode, failure: failed };
    if (exitCode === 0) return { kind: 'exited', exitCode };
    const why = lackedMemory ? memoryFailure(context.memoryBytes, exitCode) : fullDiskFailure(diskRoom(context.rootDirectory).isFull || context.isOverfull(), stderrOf(directories), user, exitCode);
    return why === null ? { kind: 'exited', exitCode } : { kind: 'exited', exitCode, failure: why };
  };

  const took = (): RunSteps | null => {
    const moves = work.packages !== undefined || work.container !== undefined || work.resourceFiles.length + work.outputFiles.length > 0;
    if (!moves || ran.begunAt === null || ran.endedAt === null) return null;
    return { beforeMs: Math.round(ran.begunAt - begunAt), afterMs: Math.round(performance.now() - ran.endedAt) };
  };
  const done = steps().then((outcome) => {
    const moved = took();
    return container === null && used === null && moved === null ? outcome : { ...outcome, ...(container !== null && { container }), ...(used !== null && { used }), ...(moved !== null && { steps: moved }) };
  });
  return {
    done,
    end: (deadlineMs) => stop('killed', deadlineMs),
    proceed: () => coordination?.proceed(),
    get isCoordinated() {
      return coordination?.isDone === true;
    },
  };
}

/** Where the processes of a run are started: on its node, or in a container. */
interface RunPlace {
  launch(commandLine: string): LaunchedProcess;
  /** The first process of an instance of a multi-instance task; what that leaves goes on beside the next. */
  coordinate(commandLine: string): LeavingProcess;
}

function processOf({ exit, end, endLeftovers }: Running): LeavingProcess {
  return {
    exit: exit.then((ended): ProcessEnd => (ended.kind === 'exited' ? ended : { kind: 'failed', failure: failure('CommandLaunchFailed', ['Message', ended.message]) })),
    end,
    endLeftovers,
  };
}

function neverCoordinates(): never {
  throw new Error('it is no instance of a multi-instance task');
}

interface Prepared {
  readonly user: User;
  readonly directories: TaskDirectories;
  /** Its variables beyond those of its node. */
  readonly ownEnvironment: ReadonlyMap<string, string>;
}

function prepare(context: NodeContext, run: Run, work: RunWork): Prepared {
  const directory = directoryOf(run);
  const owner = work.user.kind === 'auto' && work.user.scope === 'task' ? ownerOf(join(context.rootDirectory, directory)) : null;
  const user = context.users.resolve(work.user, { directory, owner });
  const directories = makeDirectories(context, directory, user);
  installCertificates(`${directories.task}/certs`, context.certificates, run, user);
  const packages = context.packages.variables([...context.nodePackages, ...(work.packages ?? [])]);
  const ownEnvironment = taskEnvironment(run, directories.task, work.environment, user, pathOf(context, user, directories), packages);
  return { user, directories, ownEnvironment };
}

function environmentOf({ nodeEnvironment }: NodeContext, { ownEnvironment }: Prepared): ReadonlyMap<string, string> {
  return new Map([...nodeEnvironment, ...ownEnvironment]);
}

/**
 * The shared directory and the task's own come last, as on the real service (seen in environments that its users show).
 */
function pathOf({ paths, rootDirectory }: NodeContext, user: User, { working }: TaskDirectories): string {
  return `${user.uid === 0 ? paths.admins : paths.all}:${rootDirectory}/shared:${working}`;
}

/** Whoever may change the system changes the node's own. */
async function ownSystem(context: NodeContext): Promise<void> {
  try {
    await context.ownSystem();
  } catch (error) {
    throw new TaskFailure(failure('CommandLaunchFailed', ['Message', messageOf(error)]));
  }
}

function makeDirectories({ rootDirectory, users, readyTrees }: NodeContext, directory: string, user: User): TaskDirectories {
  try {
    return makeTaskDirectories(rootDirectory, directory, user, readyTrees);
  } catch (error) {
    if (user.uid !== null && ownerOf(join(rootDirectory, directory)) !== user.uid) users.release(user.uid);
    throw error;
  }
}

function commandOf({ image }: NodeContext, commandLine: string, prepared: Prepared): Command {
  const { directories, ownEnvironment, user } = prepared;
  const words = splitCommandLine(commandLine);
  const name = words?.[0];
  if (words === null || name === undefined || commandLine.includes('\0')) {
    throw new TaskFailure(failure('CommandLaunchFailed', ['Message', words === null ? 'The command line has a quote that is not closed' : 'The command line is empty']));
  }
  const program = findProgram(name, ownEnvironment.get('PATH') ?? DEFAULT_PATH, directories.working, user, image);
  if (typeof program !== 'string') throw new TaskFailure(windowsFailure(commandLine, program));
  if (isWindowsProgram(image === null ? program : pathIn(image, program), user)) throw new TaskFailure(windowsFailure(commandLine, failure('CommandLaunchFailed')));
  return {
    program,
    args: words.slice(1),
    environment: ownEnvironment,
    workingDirectory: directories.working,
    stdout: `${directories.task}/stdout.txt`,
    stderr: stderrOf(directories),
  };
}

function stderrOf(directories: TaskDirectories): string {
  return `${directories.task}/stderr.txt`;
}

const GIB = 1024 ** 3;

/** Code and category are those of any other exit code: what the real service says when its system does this. */
function memoryFailure(bytes: number | undefined, exitCode: number): FailureInfo {
  const has = bytes === undefined ? '' : `: its VM size has ${Number((bytes / GIB).toFixed(2))} GiB`;
  return failure('FailureExitCode', ['Message', `The task process exited with exit code ${exitCode}: the node's memory was used up, and the system killed a process of the task${has}`], ['AdditionalErrorCode', 'FailureExitCode']);
}

function notStarted(info: FailureInfo): AttemptOutcome {
  return { kind: 'notStarted', failure: info };
}
