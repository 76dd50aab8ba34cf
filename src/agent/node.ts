import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { StartTaskStatus } from '../core/status.ts';
import { type Attempts, createAttempts } from './attempts.ts';
import { openCgroup } from './cgroups.ts';
import { openChannel } from './channel.ts';
import { makeNodeDirectories } from './directories.ts';
import { nodeEnvironment, nodeMark } from './environment.ts';
import { messageOf } from './failures.ts';
import { type AgentCommand, AGENT_PROTOCOL, type NodeSetup, type OwnerFrame } from './frames.ts';
import { openJournal } from './journal.ts';
import { killEnclosure } from './killing.ts';
import { createLauncher, type Launcher } from './launcher.ts';
import type { AgentOptions } from './options.ts';
import { createReports } from './reports.ts';
import { runStartTask } from './startTask.ts';
import { type NodeContext, startTaskRun } from './taskRun.ts';
import { createUsers } from './users.ts';

/** Shown on the node as its agent's version. */
const agentVersion = '0.1.0';
const reportsPerFrame = 1_000;
const defaultTransferIdleMs = 60_000;

/** What a node remembers in its state directory beyond the journal: by it, the next life and the provider find what this one started. */
export const cgroupFile = (stateDirectory: string): string => join(stateDirectory, 'cgroup');

/**
 * Serves a node until its owner says `leave`, its lease ends or `signal` aborts; all that it started is dead by then.
 * Before anything else, the leftovers of earlier lives on the same root are killed.
 */
export const runNode = async (options: AgentOptions, readAddress: () => AgentOptions, signal: AbortSignal): Promise<void> => {
  const { rootDirectory, stateDirectory } = options;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o711 });
  const scriptDirectory = join(stateDirectory, 'slots');
  await killLeftovers(rootDirectory, stateDirectory);
  rmSync(scriptDirectory, { recursive: true, force: true });
  mkdirSync(scriptDirectory, { mode: 0o711 });
  chmodSync(scriptDirectory, 0o711);
  const nodeCgroup = openCgroup(cgroupName(options));
  writeFileSync(cgroupFile(stateDirectory), nodeCgroup ?? '', { mode: 0o600 });

  const journal = openJournal(join(stateDirectory, 'journal'));
  let sent = 0;
  let flushing = false;
  const flushSoon = (): void => {
    if (flushing) return;
    flushing = true;
    setImmediate(flush);
  };
  const reports = createReports(journal, flushSoon);
  const now = (): number => Date.now();

  let node: { readonly setup: NodeSetup; readonly attempts: Attempts; readonly launcher: Launcher } | null = null;
  let startTask: StartTaskStatus | null = null;
  let ready = false;
  let leave: () => void = () => {};
  const leaving = new Promise<void>((resolve) => {
    leave = resolve;
  });

  for (const end of journal.ended) reports.add({ kind: 'ended', end });
  for (const { key, startedAt } of journal.started) reports.add({ kind: 'ended', end: { key, startedAt, endedAt: now(), outcome: { kind: 'lost' } } });

  const channel = openChannel({
    address: readAddress,
    hello: () => ({
      kind: 'hello',
      protocol: AGENT_PROTOCOL,
      nodeId: options.nodeId,
      sequence: reports.sequence,
      report: {
        kind: 'hello',
        life: options.life,
        version: agentVersion,
        ipAddress: options.ipAddress,
        held: node?.attempts.held() ?? [],
        startTask,
        ready,
      },
    }),
    onFrame: (frame) => receive(frame),
    onLeaseEnd: () => leave(),
  });

  const receive = (frame: OwnerFrame): void => {
    switch (frame.kind) {
      case 'welcome':
        node ??= prepare(frame.node);
        reports.acknowledge(frame.acknowledged);
        sent = frame.acknowledged;
        flushSoon();
        return;
      case 'acknowledge':
        reports.acknowledge(frame.sequence);
        flushSoon();
        return;
      case 'commands':
        for (const command of frame.commands) obey(command);
        return;
      case 'file':
        channel.send({ kind: 'fileAnswer', request: frame.request, answer: { kind: 'error', code: 'Failed', message: 'files are not served yet' } });
        return;
      case 'leave':
        leave();
        return;
    }
  };

  const obey = (command: AgentCommand): void => {
    if (command.kind === 'discard' || command.kind === 'discardJob') return;
    node?.attempts.command(command);
  };

  /** At the end of a turn: what happened goes to the journal, then to the owner in one frame. */
  function flush(): void {
    flushing = false;
    journal.flush();
    while (channel.isOpen) {
      const next = reports.after(sent, reportsPerFrame);
      if (next.reports.length === 0) return;
      channel.send({ kind: 'reports', ...next });
      sent = next.first + next.reports.length - 1;
    }
  }

  const prepare = (setup: NodeSetup) => {
    const environment = nodeEnvironment(rootDirectory, setup);
    const launcher = createLauncher({ rootDirectory, scriptDirectory, nodeCgroup, environment, idleShells: setup.slots });
    const context: NodeContext = {
      rootDirectory,
      users: createUsers(options.uidBase, setup.userAccounts),
      launcher,
      nodeEnvironment: environment,
      transferIdleMs: options.transferIdleMs ?? defaultTransferIdleMs,
    };
    const attempts = createAttempts({
      slots: setup.slots,
      start: (name, work) => startTaskRun(context, name, work),
      report: reports.add,
      now,
      onEnded: () => {},
    });
    void becomeReady(context, setup, attempts);
    return { setup, attempts, launcher };
  };

  const becomeReady = async (context: NodeContext, setup: NodeSetup, attempts: Attempts): Promise<void> => {
    try {
      makeNodeDirectories(rootDirectory);
    } catch (error) {
      reports.add({ kind: 'unusable', errors: [{ code: 'NodePreparationError', message: messageOf(error) }] });
      return;
    }
    const task = setup.startTask;
    if (task !== null) {
      const report = (status: StartTaskStatus): void => {
        startTask = status;
        reports.add({ kind: 'startTask', status });
      };
      const done = runStartTask({ context, task, now, report });
      if (task.waitForSuccess && (await done).result !== 'success') return;
    }
    ready = true;
    reports.add({ kind: 'ready' });
    attempts.open();
  };

  const onAbort = (): void => leave();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) leave();
  await leaving;
  channel.close();
  await Promise.race([endAll(), new Promise((resolve) => setTimeout(resolve, longestEndMs))]);
  journal.flush();
  journal.close();

  async function endAll(): Promise<void> {
    await node?.attempts.shut();
    await node?.launcher.killAll();
  }
};

const longestEndMs = 15_000;

const killLeftovers = async (rootDirectory: string, stateDirectory: string): Promise<void> => {
  await killEnclosure({ cgroup: leftCgroup(stateDirectory), groups: [], marks: [`${nodeMark}=${rootDirectory}`] });
};

/** The control group that the last agent on this state directory used. */
export const leftCgroup = (stateDirectory: string): string | null => {
  try {
    return readFileSync(cgroupFile(stateDirectory), 'utf8') || null;
  } catch {
    return null;
  }
};

/** Two services on one machine may both have a node of the same id. */
const cgroupName = (options: AgentOptions): string =>
  `linarite-${createHash('sha256').update(options.rootDirectory).digest('hex').slice(0, 12)}-${options.life}`;
