import { isAgentFrame } from '../agent/frameCheck.ts';
import { type AgentFrame, speaksWith } from '../agent/frames.ts';
import type { NodeNumber } from '../core/keys.ts';
import { MEASURE_EVERY_MS } from '../core/tunables.ts';
import type { AgentChannel } from '../ports.ts';
import { AGENT_NOT_SUPPORTED, reportsOf, whyNotSupported } from './otherProtocol.ts';
import { applicationsIn, packageSource } from './packages.ts';
import type { Session } from './session.ts';
import type { Surroundings } from './surroundings.ts';
import { nodeSetup, openedPool } from './work.ts';

/** What becomes of what an agent says, and of its connection. `unheardMs`: how long nothing had been heard over it. */
export interface AgentConnection {
  onFrame(frame: AgentFrame): void;
  onClose(unheardMs: number): void;
}

/**
 * The agent of this life of a node has come over this channel. One that has no business here is sent away, or told to
 * come again.
 */
export function connectAgent(session: Session, around: Surroundings, node: NodeNumber, life: number, channel: AgentChannel): AgentConnection {
  const { channels } = session;
  const { options, absent, fileAsks, nodeAsks, archive, quarantine } = around;
  const { log } = options;
  if (quarantine.keepsOut(node, life)) channel.close('this node, or its pool, is in quarantine');
  else if (session.lifeOf(node) !== life) {
    channel.send({ kind: 'leave', epoch: session.epoch });
    channel.close('this node, or this life of it, is not in the account');
  } else channels.open(node, life, channel);
  let isRefused = false;
  return {
    onFrame: listenTo(life, channel, {
      isCurrent: () => channels.isCurrent(node, channel),
      refuse: (hello) => {
        isRefused = true;
        const known = session.nodes.get(node);
        // It comes again and again.
        if (known?.errors.some(({ code }) => code === AGENT_NOT_SUPPORTED) !== true) {
          log.warn({ node, nodeId: known?.id, protocol: hello.protocol }, 'an agent was sent away: its protocol is more than one apart from that of this service');
          for (const report of reportsOf(hello, life)) session.push({ kind: 'agent', node, report });
        }
        channel.close(whyNotSupported(hello));
      },
      welcome: (hello) => {
        channels.learn(node, hello.answers ?? []);
        return welcome(session, options, node, channel);
      },
      said: ({ report, archives }) => {
        absent.end(node);
        if (archives === true) archive?.connected(node);
        session.push({ kind: 'agent', node, report });
      },
      reports: (frame) => {
        for (const report of channels.fresh(node, frame)) {
          const event = { kind: 'agent', node, report } as const;
          if (!quarantine.hasReport(life, channels.sequenceOf(event), event)) session.push(event);
          // Only its acknowledgement is left to do, which comes with a tick.
          else options.onWork();
        }
      },
      measured: ({ measure }) => {
        const status = session.nodes.get(node);
        if (status !== undefined) session.measures.ingest(status.pool, measure, options.monotonic());
      },
      answered: (frame) => {
        if (frame.kind === 'fileAnswer') fileAsks.answer(frame.request, frame.answer);
        else nodeAsks.answer(frame.request, frame.answer);
      },
      archived: ({ request, archived }) => archive?.answered(node, request, archived),
    }),
    onClose: (unheardMs) => {
      if (!channels.close(node, channel)) return;
      fileAsks.abandon(node);
      nodeAsks.abandon(node);
      archive?.closed(node);
      // A connection of an earlier life says nothing of this one.
      if (session.lifeOf(node) !== life) return;
      // One that is sent away each time is given up like one that never comes.
      if (isRefused) absent.expect(node, options.monotonic());
      else absent.silent(node, options.monotonic(), unheardMs);
      session.push({ kind: 'silent', node });
    },
  };
}

/** Tells the agent of its node. */
async function welcome({ nodes, specs, channels, epoch }: Session, { account, store, sign, secrets, provider, log, measureEveryMs = MEASURE_EVERY_MS, clock, clockOffsetMs, agentLeaseMs }: Surroundings['options'], node: NodeNumber, channel: AgentChannel): Promise<void> {
  try {
    const status = nodes.get(node);
    if (status === undefined) return channel.close('this node has left the account');
    const pool = await specs.pool(status.pool);
    if (pool === undefined) return channel.close('the pool of this node is gone');
    const packages = { ...(await packageSource({ account, store }, applicationsIn(pool.spec.applicationPackageReferences ?? []))), sign };
    if (!channels.isCurrent(node, channel)) return;
    const ahead: { readonly clockOffsetMs?: number } = clockOffsetMs === undefined ? {} : { clockOffsetMs: clockOffsetMs() };
    const ofEngine = provider.leaseOf(node);
    const leaseMs = ofEngine ?? agentLeaseMs ?? null;
    // Where a death can be proved, the agent is on our own machine.
    const now = ofEngine === null ? {} : { now: clock() - (ahead.clockOffsetMs ?? 0) };
    channel.send({ kind: 'welcome', epoch, leaseMs, node: nodeSetup(status, openedPool(pool, secrets), account, { sign, packages }), acknowledged: channels.acknowledged(node), ...ahead, ...now, measureEveryMs });
  } catch (error) {
    log.warn({ error, nodeId: nodes.get(node)?.id, node }, 'a node could not be welcomed');
    channel.close('the node cannot be told of its pool now');
  }
}

interface ListenOptions {
  isCurrent(): boolean;
  /** It is of another protocol: nothing else of what it says can be relied on. */
  refuse(hello: Extract<AgentFrame, { kind: 'hello' }>): void;
  /** Tells the agent of its node; resolves also if it could not and closed the channel. */
  welcome(hello: Extract<AgentFrame, { kind: 'hello' }>): Promise<void>;
  said(hello: Extract<AgentFrame, { kind: 'hello' }>): void;
  reports(frame: Extract<AgentFrame, { kind: 'reports' }>): void;
  measured(frame: Extract<AgentFrame, { kind: 'measured' }>): void;
  answered(frame: Extract<AgentFrame, { kind: 'fileAnswer' | 'answer' }>): void;
  archived(frame: Extract<AgentFrame, { kind: 'archived' }>): void;
}

/**
 * Hands on what one connected agent says. It is welcomed before anything it says leads to a command: what follows its
 * hello waits for that.
 */
function listenTo(life: number, channel: AgentChannel, options: ListenOptions): (frame: AgentFrame) => void {
  let waiting: AgentFrame[] | null = null;
  const greet = async (hello: Extract<AgentFrame, { kind: 'hello' }>): Promise<void> => {
    const held: AgentFrame[] = [];
    waiting = held;
    await options.welcome(hello);
    waiting = null;
    if (!options.isCurrent()) return;
    options.said(hello);
    for (const later of held) receive(later);
  };
  const receive = (frame: AgentFrame): void => {
    if (!options.isCurrent()) return;
    if (frame.kind === 'hello' && Number.isSafeInteger(frame.protocol) && !speaksWith(frame.protocol)) return options.refuse(frame);
    if (!isAgentFrame(frame)) return channel.close('no frame of this protocol');
    if (waiting !== null) {
      waiting.push(frame);
      return;
    }
    switch (frame.kind) {
      case 'hello':
        if (frame.report.life !== life) return channel.close('the credential is that of another life');
        void greet(frame);
        return;
      case 'reports':
        return options.reports(frame);
      case 'measured':
        return options.measured(frame);
      case 'fileAnswer':
      case 'answer':
        return options.answered(frame);
      case 'archived':
        return options.archived(frame);
    }
  };
  return receive;
}

