import { createAttempts } from '../../src/agent/attempts.ts';
import { openChannel } from '../../src/agent/channel.ts';
import { AGENT_PROTOCOL, type AgentCommand, type NodeSetup, type OwnerFrame, type Work } from '../../src/agent/frames.ts';
import { createJobTasks } from '../../src/agent/jobTasks.ts';
import { createReports } from '../../src/agent/reports.ts';
import type { AttemptOutcome } from '../../src/core/events.ts';
import type { NodeRequest } from '../../src/nodes/provider.ts';

/** What becomes of each attempt, as soon as it has its slots. */
export type Script = (work: Work) => AttemptOutcome | Promise<AttemptOutcome>;

export interface Scripted {
  end(): void;
}

/**
 * An agent over a real connection, with the real one's queue of offers, outbox and frames; an attempt is no process but
 * what the script says, and nothing is kept on disk.
 */
export function startAgent({ nodeId, life, slots, agentUrl, credential }: NodeRequest, script: Script): Scripted {
  const reports = createReports({ recordStarted: () => undefined, recordEnded: () => undefined, recordAcknowledged: () => undefined }, flushSoon);
  const ending = new AbortController();
  const jobTasks = createJobTasks({
    start: (_key, _retry, work) => ({ done: Promise.resolve(script(work)), end: () => undefined }),
    report: reports.add,
    now: Date.now,
    signal: ending.signal,
    onEnded: () => undefined,
  });
  const attempts = createAttempts({
    slots,
    start: (_key, work) => ({ done: Promise.resolve(script(work)), end: () => undefined }),
    prepare: jobTasks.prepare,
    report: reports.add,
    begun: reports.begun,
    now: Date.now,
    onEnded: () => undefined,
  });
  let sent = 0;
  let isFlushing = false;
  let node: NodeSetup | null = null;
  let measuring: NodeJS.Timeout | undefined;
  const channel = openChannel({
    address: () => ({ agentUrl, credential }),
    hello: () => ({
      kind: 'hello',
      protocol: AGENT_PROTOCOL,
      nodeId,
      sequence: reports.sequence,
      report: { kind: 'hello', life, version: 'bench', ipAddress: '127.0.0.1', held: attempts.held(), jobs: [], startTask: null, ready: node !== null },
    }),
    onFrame: receive,
    onLeaseEnd: () => undefined,
  });

  function receive(frame: OwnerFrame): void {
    switch (frame.kind) {
      case 'welcome':
        if (node === null) {
          ({ node } = frame);
          reports.add({ kind: 'ready' });
          attempts.open();
          measureEach(frame.measureEveryMs);
        }
        reports.acknowledge(frame.acknowledged);
        sent = 0;
        return flushSoon();
      case 'acknowledge':
        return reports.acknowledge(frame.sequence);
      case 'commands':
        for (const command of frame.commands) obey(command);
        return;
      case 'file':
        return channel.send({ kind: 'fileAnswer', request: frame.request, answer: { kind: 'error', code: 'FileNotFound', message: 'a scripted agent has no files' } });
      case 'leave':
        return channel.close();
    }
  }

  /** What an idle node uses is said as often as the real agent says it. */
  function measureEach(everyMs: number | undefined): void {
    if (everyMs === undefined) return;
    const measure = { overMs: everyMs, cpu: { ms: 1, cores: 2 }, memoryBytes: 90_000_000, diskBytes: 1_000_000, io: { readBytes: 0, writeBytes: 4_096, readOps: 0, writeOps: 1 } };
    measuring = setInterval(() => {
      if (channel.isOpen) channel.send({ kind: 'measured', measure });
    }, everyMs);
  }

  function obey(command: AgentCommand): void {
    switch (command.kind) {
      case 'offer':
      case 'revoke':
      case 'end':
        return attempts.command(command);
      case 'releaseJob':
        return jobTasks.release(command.key, command.work);
      case 'endJobTask':
        return jobTasks.end(command.key);
      case 'discard':
      case 'discardJob':
        return;
    }
  }

  /** What happened in a turn goes out in one frame, as the real agent's. */
  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(() => {
      isFlushing = false;
      while (channel.isOpen) {
        const next = reports.frameAfter(sent);
        if (next === null) return;
        channel.sendText(next.text);
        sent = next.frame.first + next.frame.reports.length - 1;
      }
    });
  }

  return {
    end: () => {
      ending.abort();
      clearInterval(measuring);
      channel.close();
    },
  };
}
