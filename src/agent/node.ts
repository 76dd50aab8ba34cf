import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { during } from './activity.ts';
import { type Cgroup, cgroupText, NO_CGROUP, openCgroup, readCgroup, removeCgroup } from './cgroups.ts';
import { openChannel } from './channel.ts';
import { removeLeftContainers, sweepEngine } from './containers/leftovers.ts';
import { NODE_MARK } from './environment.ts';
import { messageOf } from './failures.ts';
import { sendBody } from './fileBodies.ts';
import { answerAsk } from './files.ts';
import { createKeptMeasures } from './keptMeasures.ts';
import { AGENT_PROTOCOL, type AgentFrame, type FileAnswer, type FileAsk, MOST_JOBS, NODE_ASKS, type NodeAnswer, type NodeAsk, type OwnerFrame } from './frames.ts';
import { type Journal, openJournal } from './journal.ts';
import { killEnclosure } from './killing.ts';
import { enclosureOf } from './nets.ts';
import { say } from './log.ts';
import { beginNodeWork, type NodeWork } from './nodeWork.ts';
import { createMeasuring, type Measuring } from './measuring.ts';
import type { InstanceFacts } from './metadata/instance.ts';
import { openMetadata } from './metadata/server.ts';
import { unmountBelow } from './mounts.ts';
import { nodeAddress, openNetwork } from './network/network.ts';
import { createNodeClock } from './nodeClock.ts';
import { followNameServers, openOutside } from './network/outside.ts';
import { type AgentOptions, LEAVE_DEADLINE_MS } from './options.ts';
import { enterPlace, type NodePlace, sharedPlace } from './place/enter.ts';
import { processBounds, type ProcessBounds } from './processBounds.ts';
import { logged } from './nodeLog.ts';
import { createReports, type Reports } from './reports.ts';
import { whenRoom } from './room.ts';
import { uploadServiceLogs } from './serviceLogs.ts';
import { paced } from './paced.ts';
import { agentVersion } from './version.ts';

/** Longer than this nobody waits for tasks to be dead: then the provider, or the next life, kills what is left. */
const LONGEST_END_MS = 15_000;

/**
 * A frame costs agent and owner more than what is in it, and the owner takes in together what comes within 16 ms, or 32
 * while it is busy. What comes after a pause goes at once.
 */
const REPORT_EVERY_MS = 16;

/** 127.0.0.0/8, where nodes have addresses by default. */
const LOOPBACK_BITS = 8;

/** Longer than this no client waits for logs to be uploaded. */
const UPLOAD_LOGS_MS = 30_000;

/** Each is called once. */
interface Milestones {
  /** The owner has been told how the node is. */
  onBooted(): void;
  /** For the first time there is work. */
  onFirstAsk(): void;
}

/**
 * Serves a node until its owner says `leave`, its lease ends or `signal` aborts; all that it started is dead by then.
 * Only where `signal` says so have tasks a moment to end by themselves: whoever sends it waits for the proof of their
 * death. Before anything else, the leftovers of earlier lives on the same root are killed. `readAddress` is asked each
 * time the agent dials.
 */
export async function runNode(options: AgentOptions, readAddress: () => AgentOptions, signal: AbortSignal, { onBooted, onFirstAsk }: Milestones): Promise<void> {
  say(`agent ${agentVersion} begins life ${options.life} of node ${options.nodeId}`);
  const network = openNetwork(options, readAddress);
  const place = await preparePlace(options, signal);
  const outside = network !== null && options.network?.nat === true ? await openOutside(network.namespace, { [NODE_MARK]: options.rootDirectory }) : null;
  if (outside !== null && options.isolation !== undefined) followNameServers();
  const journal = openJournal(join(options.stateDirectory, 'journal'));
  const clock = createNodeClock();
  const reports = logged(createReports(journal, () => flushSoon()));
  const descriptor = network?.metadata ?? null;
  const metadata = options.lowPriority === true || descriptor !== null ? await openMetadata({ instance: instanceFacts(options), ipAddress: options.ipAddress, descriptor, now: () => Date.now(), onLetGo: () => reports.add({ kind: 'letGo' }) }) : null;
  let work = null as NodeWork | null;
  /** The last report sent on the present connection. */
  let sent = 0;
  let isFlushing = false;
  let isBooted = false;
  let isAsked = false;
  let measuring: Measuring | null = null;
  let measureTimer: NodeJS.Timeout | undefined;
  const kept = createKeptMeasures(clock.now);

  /** While nobody is there who is told, what is used comes together. */
  const measureEach = (everyMs: number | undefined): void => {
    clearInterval(measureTimer);
    if (everyMs === undefined) return;
    const begun = (measuring ??= createMeasuring({
      cgroup: place.nodeCgroup,
      mark: `${NODE_MARK}=${options.rootDirectory}`,
      rootDirectory: place.node.root,
      cores: options.limits?.cores,
      hasOwnNetwork: network !== null,
    }));
    measureTimer = setInterval(() => {
      if (!channel.isOpen) return;
      const measure = begun.measure();
      kept.keep(measure);
      channel.send({ kind: 'measured', measure });
    }, everyMs);
    measureTimer.unref();
  };

  const flushSoon = (): void => {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  };
  /** At the end of a turn what happened goes to the journal, then to the owner, in one frame with what comes soon. */
  const flush = (): void => {
    isFlushing = false;
    journal.flush();
    sendSoon();
  };
  const sendSoon = paced(REPORT_EVERY_MS, () => {
    const before = sent;
    while (channel.isOpen) {
      const next = during('writing reports', () => reports.frameAfter(sent));
      if (next === null) break;
      channel.sendText(next.text);
      if (!isBooted) onBooted();
      isBooted = true;
      sent = next.frame.first + next.frame.reports.length - 1;
    }
    return sent !== before;
  });

  const receive = (frame: OwnerFrame, since: number): void => {
    if (!isAsked && isWork(frame)) {
      isAsked = true;
      onFirstAsk();
    }
    switch (frame.kind) {
      case 'welcome':
        if (frame.now !== undefined) clock.follow(frame.now, { from: since, to: performance.now() });
        void setClock(frame.clockOffsetMs ?? 0);
        work ??= beginNodeWork({ options, setup: frame.node, ...place, network, metadata, readAddress, reports, clock, journal });
        reports.acknowledge(frame.acknowledged);
        sent = 0;
        measureEach(frame.measureEveryMs);
        return flushSoon();
      case 'acknowledge':
        reports.acknowledge(frame.sequence);
        return flushSoon();
      case 'commands':
        for (const command of frame.commands) work?.obey(command);
        return;
      case 'file':
        void answer(frame.request, frame.ask, place.node.root, readAddress()).then((found) => {
          if (found !== null) channel.send({ kind: 'fileAnswer', request: frame.request, answer: found });
        });
        return;
      case 'archive':
        void work?.logArchive.pack(frame.request, frame.ask).then((archived) => channel.send({ kind: 'archived', request: frame.request, archived }));
        return;
      case 'archiveRecorded':
        return work?.logArchive.recorded(frame.request);
      case 'ask':
        void answerNode(frame.ask).then((found) => channel.send({ kind: 'answer', request: frame.request, answer: found }));
        return;
      case 'leave':
        return leave(0);
    }
  };

  const answerNode = async (ask: NodeAsk): Promise<NodeAnswer> => {
    switch (ask.kind) {
      case 'clock':
        return setClock(ask.offsetMs);
      case 'usage':
        return { kind: 'usage', measures: kept.all(), running: runningOf(work) };
      default:
        return work?.answer(ask) ?? NOT_WELCOMED;
    }
  };

  /** Resolves when what was due by it is over, and reported. */
  const setClock = async (offsetMs: number): Promise<NodeAnswer> => {
    await Promise.all([clock.move(offsetMs), work?.timeMoved()]);
    await nextTurn();
    return { kind: 'clock', nextAt: clock.next, sequence: reports.unacknowledged };
  };

  let leave: (deadlineMs: number) => void = () => {};
  const leaving = new Promise<number>((resolve) => {
    leave = resolve;
  });
  reportEarlierLives(journal, reports);
  const channel = openChannel({
    address: readAddress,
    hello: () => helloOf({ options, sequence: reports.sequence, work, journal }),
    onFrame: receive,
    // What runs here may run elsewhere from now on.
    onLeaseEnd: () => leave(0),
  });
  signal.addEventListener('abort', () => leave(LEAVE_DEADLINE_MS), { once: true });
  if (signal.aborted) leave(LEAVE_DEADLINE_MS);
  const deadlineMs = await leaving;
  say('the agent leaves');
  clearInterval(measureTimer);
  channel.close();
  metadata?.close();
  outside?.close();
  await Promise.race([work?.end(deadlineMs), new Promise((resolve) => setTimeout(resolve, LONGEST_END_MS).unref())]);
  // Of a node that was never welcomed nobody else does.
  removeCgroup(place.nodeCgroup);
  sweepEngine(options.stateDirectory, place.nodeCgroup);
  journal.flush();
  journal.close();
}

function runningOf(work: NodeWork | null): Extract<NodeAnswer, { kind: 'usage' }>['running'] {
  return (work?.attempts.held() ?? []).flatMap(({ state, key: { job, task } }) => (state === 'started' ? [{ job, task }] : []));
}

const NOT_WELCOMED: NodeAnswer = { kind: 'error', code: 'NodeNotReady', message: 'The node is not ready.' };

function instanceFacts({ nodeId, instance = { vmSize: '', image: null }, lowPriority, network, ipAddress }: AgentOptions): InstanceFacts {
  return { ...instance, nodeId, isLowPriority: lowPriority === true, address: network?.address ?? ipAddress, bits: network?.bits ?? LOOPBACK_BITS };
}

/** Whether there is something to do for tasks or clients. */
function isWork(frame: OwnerFrame): boolean {
  return frame.kind === 'commands' || frame.kind === 'file' || (frame.kind === 'ask' && frame.ask.kind !== 'clock') || (frame.kind === 'welcome' && frame.node.startTask !== null);
}

/** Started and not ended: lost. Ended and not acknowledged: said again. */
function reportEarlierLives(journal: Journal, reports: Reports): void {
  for (const end of journal.ended) reports.add({ kind: 'ended', end });
  for (const { key, startedAt } of journal.started) {
    // The owner's time is not known yet: at least it has ended after it began.
    reports.add({ kind: 'ended', end: { key, startedAt, endedAt: Math.max(startedAt, Date.now()), outcome: { kind: 'lost' } } });
  }
}

function helloOf({ options, sequence, work, journal }: { options: AgentOptions; sequence: number; work: NodeWork | null; journal: Journal }): AgentFrame {
  return {
    kind: 'hello',
    protocol: AGENT_PROTOCOL,
    nodeId: options.nodeId,
    sequence,
    archives: true,
    answers: NODE_ASKS,
    report: {
      kind: 'hello',
      life: options.life,
      // As clients are told it (nodeAgentInfo): build metadata of a semantic version.
      version: `${agentVersion}+${options.isolation ?? 'none'}${options.network === undefined ? '' : '.network'}${options.imageRoot === undefined ? '' : '.image'}`,
      ipAddress: nodeAddress(options),
      cores: availableParallelism(),
      held: work?.attempts.held() ?? [],
      // Until it is welcomed, what earlier lives kept.
      jobs: (work?.jobs ?? [...new Set(journal.kept.map(({ owner }) => owner.job))]).slice(0, MOST_JOBS),
      startTask: work?.startTask ?? null,
      ready: work?.isReady ?? false,
      ...work?.installed,
    },
  };
}

async function answer(request: string, ask: FileAsk, rootDirectory: string, { agentUrl, credential, authority, stateDirectory }: AgentOptions): Promise<FileAnswer | null> {
  try {
    if (ask.kind === 'uploadLogs') return await uploadServiceLogs(ask, { stateDirectory, credential, signal: AbortSignal.timeout(UPLOAD_LOGS_MS) });
    if (ask.kind !== 'read') return await answerAsk(rootDirectory, ask);
    return await sendBody(request, ask, { rootDirectory, agentUrl, credential, ...(authority === undefined ? {} : { authority }) });
  } catch (error) {
    return { kind: 'error', code: 'Failed', message: messageOf(error) };
  }
}

interface Place {
  readonly scriptDirectory: string;
  readonly nodeCgroup: Cgroup;
  readonly bounds: ProcessBounds;
  readonly node: NodePlace;
  /** Why the node cannot work; null: it can. */
  readonly unusable: string | null;
}

async function preparePlace(options: AgentOptions, signal: AbortSignal): Promise<Place> {
  const { rootDirectory, stateDirectory } = options;
  await whenRoom(() => mkdirSync(stateDirectory, { recursive: true, mode: 0o711 }), signal);
  await killEnclosure(enclosureOf(leftCgroup(stateDirectory), [], [`${NODE_MARK}=${rootDirectory}`]));
  await removeLeftContainers(stateDirectory, rootDirectory, leftCgroup(stateDirectory)).catch((error: unknown) => say(messageOf(error)));
  // As after a reboot of a real node. What cannot be unmounted stays as it is: nothing here deletes across mounts.
  await unmountBelow(rootDirectory).catch((error: unknown) => say(messageOf(error)));
  const scriptDirectory = join(stateDirectory, 'slots');
  await whenRoom(() => mkdirSync(scriptDirectory, { recursive: true }), signal);
  for (const name of readdirSync(scriptDirectory)) rmSync(join(scriptDirectory, name), { force: true });
  chmodSync(scriptDirectory, 0o700);
  const machine = processBounds();
  const { limits = {} } = options;
  const bounds = { ...machine, perAttempt: options.mostProcesses ?? Math.min(machine.perAttempt, limits.processes ?? Infinity) };
  const nodeCgroup = options.cgroups === false ? NO_CGROUP : openCgroup(cgroupName(options), bounds.allNodes, limits);
  await whenRoom(() => writeFileSync(cgroupFile(stateDirectory), cgroupText(nodeCgroup), { mode: 0o600 }), signal);
  return { scriptDirectory, nodeCgroup, bounds, ...(await entered(options)) };
}

async function entered(options: AgentOptions): Promise<Pick<Place, 'node' | 'unusable'>> {
  try {
    return { node: await enterPlace(options), unusable: null };
  } catch (error) {
    return { node: sharedPlace(options), unusable: messageOf(error) };
  }
}

/**
 * The control groups that the last agent on this state directory used: by them the next life, and the provider, find
 * what that one started.
 */
export function leftCgroup(stateDirectory: string): Cgroup {
  try {
    return readCgroup(readFileSync(cgroupFile(stateDirectory), 'utf8'));
  } catch {
    return NO_CGROUP;
  }
}

function cgroupFile(stateDirectory: string): string {
  return join(stateDirectory, 'cgroup');
}

/** Two services on one machine may both have a node of the same id, not on the same root. */
function cgroupName(options: AgentOptions): string {
  return `linarite-${createHash('sha256').update(options.rootDirectory).digest('hex').slice(0, 12)}-${options.life}`;
}
