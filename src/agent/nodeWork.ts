import { join } from 'node:path';
import type { JobNumber } from '../core/keys.ts';
import type { InboundEndpoint, InstalledCertificate, ResizeError, StartTaskStatus } from '../core/status.ts';
import { isNoRoom } from '../processes/noRoom.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import type { Cgroup } from './cgroups.ts';
import { type Containers, createContainers } from './containers/containers.ts';
import { noticeOf, type Removed } from './containers/room.ts';
import { closeDirectory, fillTaskDirectory, makeNodeDirectories, makeReadableDirectories, ownerOf } from './directories.ts';
import { type DiskWatch, watchDisk } from './diskWatch.ts';
import { type Endpoints, openEndpoints } from './endpoints/endpoints.ts';
import { DEFAULT_PATH, nodeEnvironment } from './environment.ts';
import { messageOf, TaskFailure } from './failures.ts';
import { mountFileSystems } from './fileSystems/fileSystems.ts';
import type { AgentCommand, LoginAsk, NodeAnswer, NodeSetup } from './frames.ts';
import { createIdentities } from './identity/identities.ts';
import type { Journal } from './journal.ts';
import { createGpus, nodesIn } from './gpus.ts';
import { createJobTasks } from './jobTasks.ts';
import { createLauncher } from './launcher.ts';
import { createLogArchive, type LogArchive } from './logArchive.ts';
import { createLogin } from './login/login.ts';
import { say } from './log.ts';
import type { Metadata } from './metadata/server.ts';
import { nodeAddress, type NodeNetwork } from './network/network.ts';
import type { NodeClock } from './nodeClock.ts';
import { createNotices } from './notices.ts';
import { DEFAULT_TRANSFER_IDLE_MS, DEFAULT_TRANSFER_RETRY_MS, type AgentOptions } from './options.ts';
import { shellIn, writeAccounts } from './place/accounts.ts';
import type { NodePlace } from './place/enter.ts';
import { pathIn } from './place/imageRoot.ts';
import type { ProcessBounds } from './processBounds.ts';
import type { Reports } from './reports.ts';
import { whenRoom } from './room.ts';
import { createReadyTrees } from './readyTrees.ts';
import { createNodePackages } from './packages/packages.ts';
import { createRetention, TRASH } from './retention.ts';
import { jobTaskAttempt, markOf, taskAttempt } from './run.ts';
import { runStartTask } from './startTask.ts';
import { type NodeContext, startRun } from './taskRun.ts';
import { createUsers } from './users.ts';

export interface NodeWorkOptions {
  readonly options: AgentOptions;
  readonly setup: NodeSetup;
  readonly scriptDirectory: string;
  readonly nodeCgroup: Cgroup;
  readonly bounds: ProcessBounds;
  readonly node: NodePlace;
  readonly network: NodeNetwork | null;
  /** Why the node cannot work; null: it can. */
  readonly unusable: string | null;
  readonly metadata: Metadata | null;
  /** The options as they are now: the service may have another address. */
  readonly readAddress: () => AgentOptions;
  readonly reports: Pick<Reports, 'add' | 'begun'>;
  readonly clock: NodeClock;
  readonly journal: Journal;
}

/** What a node does once its owner has told it what it is: directories, start task, attempts, retention. */
export interface NodeWork {
  readonly attempts: Attempts;
  readonly startTask: StartTaskStatus | null;
  readonly isReady: boolean;
  /** What hello and `ready` say of what its pool asks for. */
  readonly installed: { readonly certificates?: readonly InstalledCertificate[]; readonly endpoints?: readonly InboundEndpoint[] };
  /** Of which something lies on the node. */
  readonly jobs: readonly JobNumber[];
  readonly logArchive: LogArchive;
  obey(command: AgentCommand): void;
  /** Never rejects. */
  answer(ask: LoginAsk): Promise<NodeAnswer>;
  /** The clock was moved: what is due by it goes. */
  timeMoved(): Promise<void>;
  /**
   * Ends everything that was started; attempts get SIGTERM now and SIGKILL at the deadline, services of the start task
   * SIGKILL when the attempts are over.
   */
  end(deadlineMs: number): Promise<void>;
}

/** Of directories, which are made one each `IDLE_MS` while the node has nothing to do. */
const MOST_READY_TREES = 16;
const IDLE_MS = 5;
/** Shells that wait for the first tasks. */
const WARM_SHELLS = 4;

export function beginNodeWork({ options, setup, scriptDirectory, nodeCgroup, bounds, node, network, reports, clock, journal, metadata, readAddress, ...place }: NodeWorkOptions): NodeWork {
  const { now } = clock;
  const report = reports.add;
  const { root: rootDirectory, programs } = node;
  const path = `${DEFAULT_PATH}:${programs.forAll}`;
  const environment = nodeEnvironment({ root: rootDirectory, mark: options.rootDirectory, path, scheduledEvents: metadata?.url ?? null }, setup);
  const users = createUsers(options.uidBase, setup.userAccounts, (directory) => retention.isOver(directory) && closeDirectory(join(rootDirectory, directory)));
  for (const { directory } of journal.kept) {
    const uid = ownerOf(join(rootDirectory, directory));
    if (uid !== null) users.hold(uid, directory);
  }
  const launcher = createLauncher({ rootDirectory: options.rootDirectory, scriptDirectory, nodeCgroup, bounds, network, root: node.image, environment, idleShells: setup.slots });
  /** Most tasks run as this one. */
  const commonUser = users.resolve({ kind: 'auto', scope: 'pool', elevation: 'nonadmin' }, { directory: '', owner: null });
  const readyTrees = createReadyTrees({ directory: join(rootDirectory, TRASH), user: commonUser, most: Math.min(setup.slots, MOST_READY_TREES), make: fillTaskDirectory });
  let containers: Containers | null = null;
  const transfers = { idleMs: options.transferIdleMs ?? DEFAULT_TRANSFER_IDLE_MS, retryMs: options.transferRetryMs ?? DEFAULT_TRANSFER_RETRY_MS };
  const ending = new AbortController();
  const packages = createNodePackages({ rootDirectory, stagingDirectory: join(rootDirectory, TRASH), transfers, signal: ending.signal, say });
  const nodePackages = setup.packages ?? [];
  const context: NodeContext = {
    rootDirectory,
    clock,
    machineRoot: options.rootDirectory,
    get containers() {
      return containers;
    },
    users,
    launcher,
    readyTrees,
    nodeEnvironment: environment,
    paths: { all: path, admins: `${path}:${programs.forAdmins}` },
    memoryBytes: options.limits?.memoryBytes,
    isOverfull: () => disk?.isOverfull === true,
    image: node.image,
    ownSystem: node.ownSystem,
    certificates: setup.certificates ?? [],
    transfers,
    packages,
    nodePackages,
  };
  let startTask: StartTaskStatus | null = null;
  const notices = createNotices((errors) => report({ kind: 'notice', errors }));
  let isReady = false;
  let disk: DiskWatch | null = null;

  const retention = createRetention({
    rootDirectory,
    now,
    journal,
    isBusy: () => attempts.running > 0,
    say,
    beforeRemoval: (directory) => {
      const uid = ownerOf(join(rootDirectory, directory));
      if (uid !== null) users.release(uid);
    },
  });
  const gpus = createGpus({ devicesDirectory: options.devicesDirectory ?? '/dev', slots: setup.slots, nodes: () => nodesIn(options.nodesDirectory) });
  const identities = createIdentities({ node, launcher, service: readAddress, metadata });
  let endpoints: Endpoints | null = null;
  const attempts = createAttempts({
    slots: setup.slots,
    start: (key, work) => {
      const run = taskAttempt(key, work, rootDirectory);
      const { environment: gpuVariables, release } = gpus.take(work.slots);
      const identified = identities.begin(markOf(run), work.identity);
      const started = startRun(context, run, { ...work, environment: [...gpuVariables, ...identified, ...work.environment] }, retention.claim(run), () => report({ kind: 'coordinated', key }));
      const end = (): void => {
        release();
        identities.end(markOf(run));
      };
      void started.done.then(end, end);
      return started;
    },
    prepare: (preparation) => jobTasks.prepare(preparation),
    report,
    begun: reports.begun,
    now,
    onEnded: (key, work, endedAt) => {
      retention.ended(taskAttempt(key, work, rootDirectory), work.retentionMs, endedAt);
      makeReadySoon();
    },
  });
  let isMakingReady = false;
  /** One a turn, as long as nothing runs: whoever has work for the node does not wait for them. */
  const makeReadySoon = (): void => {
    if (isMakingReady) return;
    isMakingReady = true;
    setTimeout(() => {
      isMakingReady = false;
      if (attempts.running === 0 && !ending.signal.aborted && readyTrees.makeOne()) makeReadySoon();
    }, IDLE_MS);
  };
  const jobTasks = createJobTasks({
    start: (key, retry, work) => {
      const run = jobTaskAttempt(key, retry, work, rootDirectory);
      const inputs = retention.claim(run);
      if (key.kind === 'preparation') makeReadableDirectories(rootDirectory, run.directory);
      return startRun(context, run, work, inputs);
    },
    report,
    now,
    signal: ending.signal,
    onEnded: (key, work, endedAt) => retention.ended(jobTaskAttempt(key, 0, work, rootDirectory), work.retentionMs, endedAt),
  });

  const login = createLogin({ options, accounts: setup.userAccounts, certificates: setup.certificates ?? [], node, network, nodeCgroup, bounds, now, say });

  const becomeReady = async (): Promise<void> => {
    if (setup.startTask !== null) {
      const done = runStartTask({
        context,
        task: setup.startTask,
        now,
        signal: ending.signal,
        report: (status) => {
          startTask = status;
          report({ kind: 'startTask', status });
        },
      });
      if (setup.startTask.waitForSuccess && (await done).result !== 'success') return;
    }
    if (ending.signal.aborted) return;
    isReady = true;
    report({ kind: 'ready', ...installedOf(setup, endpoints) });
    if (endpoints !== null) for (const problem of endpoints.problems) notices.set(problem, { code: 'EndpointError', message: problem });
    disk = watchDisk(rootDirectory, (error) => {
      say(error === null ? 'its disk has room again' : 'its disk is full');
      notices.set('disk', error);
    }, { mostBytes: options.limits?.diskBytes });
    attempts.open();
    launcher.warm(commonUser, WARM_SHELLS);
    makeReadySoon();
  };
  /** Those of its pool, before its start task (task semantics 6.6). A node without them is of no use. */
  const installPackages = async (): Promise<readonly ResizeError[]> => {
    try {
      await packages.install(nodePackages, ending.signal);
      return [];
    } catch (error) {
      const { code, message, details } = error instanceof TaskFailure ? error.failure : { code: 'ApplicationPackageError', message: messageOf(error), details: undefined };
      return [{ code, message, ...(details === undefined ? {} : { values: details }) }];
    }
  };
  /** A full disk may have room again; everything else stays as it is. */
  const begin = async (): Promise<void> => {
    const make = (): void => {
      makeNodeDirectories(rootDirectory);
      enterUsers(options, node, setup);
    };
    try {
      if (place.unusable !== null) throw new Error(place.unusable);
      make();
    } catch (error) {
      report({ kind: 'unusable', errors: [{ code: isNoRoom(error) ? 'DiskFull' : 'NodePreparationError', message: messageOf(error) }] });
      if (!isNoRoom(error)) return;
      await whenRoom(make, ending.signal);
    }
    await login.resume().catch((error: unknown) => say(`users of the node cannot log in: ${messageOf(error)}`));
    endpoints = await openEndpoints(setup.endpoints ?? [], { publicAddress: options.publicAddress ?? '127.0.0.1', address: nodeAddress(options), network, stateDirectory: options.stateDirectory, mark: options.rootDirectory, say });
    const errors = await firstErrors(mountAll, fetchImages, installPackages);
    if (errors.length === 0) await becomeReady();
    else if (!ending.signal.aborted) report({ kind: 'unusable', errors });
  };
  const mountAll = (): Promise<readonly ResizeError[]> =>
    mountFileSystems(setup.fileSystems ?? [], {
      directory: join(rootDirectory, 'fsmounts'),
      stateDirectory: options.stateDirectory,
      machineRoot: options.rootDirectory,
      isOwn: options.isolation !== undefined,
      onLost: (error) => {
        if (!ending.signal.aborted) notices.set(`mount ${JSON.stringify(error)}`, error);
      },
    });
  /** Before the start task, which may use them. Returns what keeps the node from working. */
  const fetchImages = async (): Promise<readonly ResizeError[]> => {
    const asked = setup.containers ?? null;
    if (asked === null) return [];
    try {
      containers = createContainers({ options, asked, network, nodeCgroup, mostProcesses: bounds.perAttempt, onRemoved });
      return await containers.fetchAll(ending.signal);
    } catch (error) {
      return [{ code: 'NodePreparationError', message: messageOf(error) }];
    }
  };
  const onRemoved = (removed: Removed): void => {
    say(`removed for want of room: ${JSON.stringify(removed)}`);
    notices.set('removed', noticeOf(removed));
  };
  begin().catch((error: unknown) => say(`the node cannot be made ready: ${messageOf(error)}`));

  return {
    attempts,
    logArchive: createLogArchive({ rootDirectory, stateDirectory: options.stateDirectory, retention, isBusy: () => attempts.running > 0 }),
    answer: (ask) => login.answer(ask),
    timeMoved: async () => {
      retention.look();
      await login.look();
    },
    get startTask() {
      return startTask;
    },
    get installed() {
      return installedOf(setup, endpoints);
    },
    get isReady() {
      return isReady;
    },
    get jobs() {
      return retention.jobs();
    },
    obey: (command) => {
      switch (command.kind) {
        case 'preempt':
          // Programs read it by the machine's clock.
          return metadata?.preempt(command.notBefore - clock.aheadMs);
        case 'discard':
          return retention.discard({ kind: 'task', job: command.job, task: command.task });
        case 'discardJob':
          jobTasks.forgetJob(command.job);
          return retention.discardJob(command.job);
        case 'releaseJob':
          return jobTasks.release(command.key, command.work);
        case 'endJobTask':
          return jobTasks.end(command.key);
        case 'offer':
        case 'proceed':
        case 'revoke':
        case 'end':
          return attempts.command(command);
      }
    },
    end: async (deadlineMs) => {
      ending.abort();
      retention.close();
      disk?.close();
      endpoints?.close();
      containers?.close();
      await Promise.all([attempts.shut(deadlineMs), login.end()]);
      await launcher.killAll();
    },
  };
}

/** Of steps in their order, each of which is made where those before it had none. */
async function firstErrors(...steps: readonly (() => Promise<readonly ResizeError[]>)[]): Promise<readonly ResizeError[]> {
  for (const step of steps) {
    const errors = await step();
    if (errors.length > 0) return errors;
  }
  return [];
}

function installedOf({ certificates = [] }: NodeSetup, endpoints: Endpoints | null): NodeWork['installed'] {
  return {
    ...(certificates.length === 0 ? {} : { certificates: certificates.map(({ thumbprint, visibility }) => ({ thumbprint, visibility })) }),
    ...(endpoints === null || endpoints.open.length === 0 ? {} : { endpoints: endpoints.open }),
  };
}

function enterUsers({ uidBase }: AgentOptions, node: NodePlace, { userAccounts }: NodeSetup): void {
  if (!node.hasUsers || uidBase === null) return;
  const { image } = node;
  const own = image === null ? {} : { etc: pathIn(image, '/etc'), shell: shellIn(image) };
  writeAccounts({ uidBase, accounts: userAccounts, homes: node.hasHomes ? (image === null ? '/home' : pathIn(image, '/home')) : null, ...own });
}
