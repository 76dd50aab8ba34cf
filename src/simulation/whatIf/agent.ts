import { createAttempts } from '../../agent/attempts.ts';
import type { AttemptJournal } from '../../agent/journal.ts';
import { createReports } from '../../agent/reports.ts';
import type { AgentReport, AttemptOutcome } from '../../core/events.ts';
import type { Command } from '../../core/decisions.ts';
import type { AttemptKey, Instant, NodeNumber } from '../../core/keys.ts';
import { addressOf } from '../agent.ts';
import type { World } from '../world.ts';

/** What a run of an attempt will be. */
interface Fate {
  readonly durationMs: number;
  readonly exitCode: number;
}

export interface AgentOptions {
  readonly world: World;
  readonly node: NodeNumber;
  readonly life: number;
  readonly slots: number;
  readonly cores: number;
  /** From start to end of the start task; null: there is none. */
  readonly startTask: { readonly ms: number; readonly waitForSuccess: boolean } | null;
  /** A promise is resolved, which somebody waits for. */
  readonly resolves: () => void;
  /** How long its words are under way. */
  readonly reportMs: () => number;
  /** The owner hears it. */
  readonly tell: (reports: readonly AgentReport[]) => void;
  readonly fate: (key: AttemptKey) => Fate;
  readonly started: (key: AttemptKey, slots: number) => void;
  /** `outcome`: null, it was cut short with its node. */
  readonly ended: (key: AttemptKey, slots: number, startedAt: Instant, outcome: AttemptOutcome | null) => void;
}

export type AttemptCommand = Extract<Command, { readonly kind: 'offer' | 'proceed' | 'revoke' | 'end' }>;

export interface WhatIfAgent {
  readonly life: number;
  readonly command: (command: AttemptCommand) => void;
  /** Nothing of it goes on. */
  readonly die: () => void;
}

/** What an attempt runs, as far as it matters here. */
interface Work {
  readonly slots: number;
  /** Of an instance of a multi-instance task. */
  readonly isOfGang: boolean;
}

/** Lines do not break and agents do not start again: what they would need for that is not kept. */
const NO_JOURNAL: AttemptJournal = { recordStarted: () => undefined, recordEnded: () => undefined, recordAcknowledged: () => undefined };

/**
 * A node's agent in virtual time: which offer starts when, and what the owner is told of it, is the real agent's code
 * (`attempts.ts`, `reports.ts`); what runs takes as long as the load says. A coordination command takes no time.
 */
export function whatIfAgent(options: AgentOptions): WhatIfAgent {
  const { world, node, slots } = options;
  const running = new Map<AttemptKey, { readonly work: Work; readonly startedAt: Instant }>();
  let alive = true;
  let isFlushing = false;

  const unlessDead = (ms: number, act: () => void): (() => void) => {
    let isOff = false;
    world.after(ms, () => {
      if (alive && !isOff) act();
    });
    return () => {
      isOff = true;
    };
  };

  const reports = createReports(NO_JOURNAL, flushSoon, unlessDead);

  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    unlessDead(options.reportMs(), () => {
      isFlushing = false;
      for (let next = reports.listAfter(0); next.reports.length > 0; next = reports.listAfter(0)) {
        options.tell(next.reports);
        reports.acknowledge(next.first + next.reports.length - 1);
      }
    });
  }

  const run = (key: AttemptKey, work: Work) => {
    running.set(key, { work, startedAt: world.now() });
    options.started(key, work.slots);
    let settle: (outcome: AttemptOutcome) => void = () => undefined;
    const done = new Promise<AttemptOutcome>((resolve) => {
      settle = (outcome) => {
        const mine = running.get(key);
        if (mine === undefined) return;
        running.delete(key);
        options.ended(key, work.slots, mine.startedAt, outcome);
        resolve(outcome);
        options.resolves();
      };
    });
    const endByItself = (): void => {
      const { durationMs, exitCode } = options.fate(key);
      unlessDead(durationMs, () => settle({ kind: 'exited', exitCode }));
    };
    if (work.isOfGang) reports.add({ kind: 'coordinated', key });
    else endByItself();
    return {
      done,
      isCoordinated: work.isOfGang,
      end: () => settle({ kind: 'killed', exitCode: work.isOfGang && key.instance > 0 ? 0 : null }),
      proceed: endByItself,
    };
  };

  const attempts = createAttempts<Work>({ slots, start: run, prepare: () => true, report: reports.add, begun: reports.begun, now: world.now, onEnded: () => undefined });

  const open = (): void => {
    reports.add({ kind: 'ready' });
    attempts.open();
  };

  const runStartTask = ({ ms, waitForSuccess }: NonNullable<AgentOptions['startTask']>): void => {
    const startedAt = world.now();
    const begun = { startedAt, failure: null, retryCount: 0, lastRetryAt: null } as const;
    reports.add({ kind: 'startTask', status: { ...begun, state: 'running', endedAt: null, exitCode: null, result: null } });
    if (!waitForSuccess) open();
    unlessDead(ms, () => {
      reports.add({ kind: 'startTask', status: { ...begun, state: 'completed', endedAt: world.now(), exitCode: 0, result: 'success' } });
      if (waitForSuccess) open();
    });
  };

  options.tell([{ kind: 'hello', life: options.life, version: 'what-if', ipAddress: addressOf(node), cores: options.cores, held: [], jobs: [], startTask: null, ready: false }]);
  if (options.startTask === null) open();
  else runStartTask(options.startTask);

  return {
    life: options.life,
    command: (command) => {
      if (!alive) return;
      if (command.kind === 'offer') attempts.command({ kind: 'offer', key: command.key, work: { slots: command.slots, isOfGang: command.hosts !== undefined } });
      else attempts.command(command);
    },
    die: () => {
      alive = false;
      for (const [key, { work, startedAt }] of running) options.ended(key, work.slots, startedAt, null);
      running.clear();
    },
  };
}
