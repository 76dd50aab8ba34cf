import { createAttempts, type Attempts, type TaskRun } from '../agent/attempts.ts';
import { createJobTasks, type JobTasks } from '../agent/jobTasks.ts';
import { AGENT_PROTOCOL, type AgentCommand, type GangWork, type NodeSetup, type OwnerFrame, type Work } from '../agent/frames.ts';
import type { AttemptJournal } from '../agent/journal.ts';
import { LEAVE_DEADLINE_MS } from '../agent/options.ts';
import { createReports } from '../agent/reports.ts';
import type { AttemptEnd, AttemptOutcome } from '../core/events.ts';
import { type AttemptKey, type Instant, type JobNumber, type JobTaskKey, jobTaskName, type NodeNumber, attemptName } from '../core/keys.ts';
import type { AgentFrame } from '../ports.ts';
import type { StartTaskStatus } from '../core/status.ts';
import type { Truth } from './truth.ts';
import type { World } from './world.ts';

/** The agent's end of one connection. */
export interface Line {
  send(frame: AgentFrame): void;
  close(): void;
}

export interface AgentOptions {
  readonly world: World;
  readonly truth: Truth;
  readonly node: NodeNumber;
  readonly nodeId: string;
  readonly life: number;
  /** Outlasts lives of the node. */
  readonly disk: Disk;
  /** Dials whoever answers; `opened` is called once the line is up, `closed` when it is down or none was to be had. */
  readonly dial: (callbacks: { readonly opened: (line: Line) => void; readonly onFrame: (frame: OwnerFrame) => void; readonly closed: () => void }) => void;
  /** What an attempt does: how long it takes and how it ends. */
  readonly work: (key: AttemptKey, work: Work) => { readonly durationMs: number; readonly outcome: AttemptOutcome };
  /** What the coordination command of an instance does. */
  readonly coordination: (key: AttemptKey) => { readonly durationMs: number; readonly outcome: AttemptOutcome };
  /** What a try at a job's preparation or release does. */
  readonly jobTask: (key: JobTaskKey, retry: number) => { readonly durationMs: number; readonly outcome: AttemptOutcome };
  /** Whether a start task that ends now has failed. */
  readonly startTaskFails: () => boolean;
  /** The agent and all it started are dead. */
  readonly onGone: () => void;
}

export interface SimulatedAgent {
  readonly life: number;
  readonly isAlive: boolean;
  /** `kill -9` of the machine: nothing of it goes on, nobody is told. */
  die(): void;
  /** The provider ends it in good order. */
  leave(): void;
  /** It hears and does nothing for so long (null: for good), and lives; what it runs goes on. */
  hang(forMs: number | null): void;
  readonly hangs: boolean;
  /** Jobs of which something lies on its node. */
  readonly holds: ReadonlySet<JobNumber>;
}

/** What is left on a node's disk by one life for the next, as agent/journal.ts keeps it. */
export interface Disk {
  readonly started: Map<string, { readonly key: AttemptKey; readonly startedAt: Instant }>;
  readonly ended: Map<string, AttemptEnd>;
  /** Of which tasks have left directories. */
  readonly jobs: Set<JobNumber>;
}
export function emptyDisk(): Disk {
  return { started: new Map(), ended: new Map(), jobs: new Set() };
}

const RETRY_MS = [50, 2_000] as const;
const KILL_MS = [1, 60] as const;
/** Pings go out this often; the lease counts from the last one answered. */
const PING_SHARE = 4;

/**
 * An agent in virtual time. Which attempts run is decided by the real agent's code (`attempts.ts`, `reports.ts`);
 * connection, processes and disk are simulated, with the real one's rules: frames of an older epoch are dropped,
 * reports are repeated until acknowledged, an ended lease ends everything.
 */
export function simulatedAgent(options: AgentOptions): SimulatedAgent {
  const { world, truth, disk } = options;
  const reports = createReports(memoryJournal(disk, truth), () => flushSoon(), (ms, act) => afterUnless(ms, act));
  const running = new Map<string, AttemptKey | JobTaskKey>();
  const ending = new AbortController();
  const discarded = new Set<JobNumber>();
  let alive = true;
  let leaving = false;
  /** What would have happened while it hung. */
  let held: (() => void)[] | null = null;
  const whenAwake = (act: () => void): void => {
    if (held === null) act();
    else held.push(act);
  };
  const after = (ms: number, act: () => void): void => world.after(ms, () => whenAwake(act));
  const afterUnless = (ms: number, act: () => void): (() => void) => {
    let isOff = false;
    after(ms, () => {
      if (alive && !isOff) act();
    });
    return () => {
      isOff = true;
    };
  };
  let line: Line | null = null;
  let welcomed = false;
  let retryMs: number = RETRY_MS[0];
  let epoch = -1;
  let sent = 0;
  let flushing = false;
  let node: { readonly setup: NodeSetup; readonly attempts: Attempts; readonly jobTasks: JobTasks } | null = null;
  let startTask: StartTaskStatus | null = null;
  let ready = false;
  let lease: { readonly ms: number; until: Instant } | null = null;

  for (const end of disk.ended.values()) reports.add({ kind: 'ended', end });
  for (const { key, startedAt } of disk.started.values()) {
    reports.add({ kind: 'ended', end: { key, startedAt, endedAt: world.now(), outcome: { kind: 'lost' } } });
  }

  const dial = (): void => {
    if (!alive || leaving) return;
    let saidHelloAt = world.now();
    const mine: { line: Line | null } = { line: null };
    const ends: Parameters<AgentOptions['dial']>[0] = {
      opened: (opened) => {
        if (!alive || leaving) return opened.close();
        mine.line = opened;
        line = opened;
        saidHelloAt = world.now();
        opened.send({
          kind: 'hello',
          protocol: AGENT_PROTOCOL,
          nodeId: options.nodeId,
          sequence: reports.sequence,
          report: { kind: 'hello', life: options.life, version: 'simulated', ipAddress: addressOf(options.node), cores: 1, held: node?.attempts.held() ?? [], jobs: [...disk.jobs], startTask, ready },
        });
      },
      onFrame: (frame) => {
        if (alive && mine.line !== null && mine.line === line) receive(frame, saidHelloAt);
      },
      closed: () => {
        if (mine.line !== null && line !== mine.line) return;
        // The last answered ping was some time ago.
        if (welcomed && lease !== null) lease.until = world.now() - world.between(0, lease.ms / PING_SHARE) + lease.ms;
        line = null;
        welcomed = false;
        after(retryMs, dial);
        retryMs = Math.min(retryMs * 2, RETRY_MS[1]);
      },
    };
    options.dial({
      opened: (opened) => whenAwake(() => ends.opened(opened)),
      onFrame: (frame) => whenAwake(() => ends.onFrame(frame)),
      closed: () => whenAwake(ends.closed),
    });
  };

  const receive = (frame: OwnerFrame, saidHelloAt: Instant): void => {
    if (frame.epoch < epoch) {
      if (frame.kind === 'welcome') line?.close();
      return;
    }
    ({ epoch } = frame);
    switch (frame.kind) {
      case 'welcome':
        welcomed = true;
        [retryMs] = RETRY_MS;
        lease = frame.leaseMs === null ? null : { ms: frame.leaseMs, until: saidHelloAt + frame.leaseMs };
        watchLease();
        node ??= prepare(frame.node);
        reports.acknowledge(frame.acknowledged);
        sent = frame.acknowledged;
        return flush();
      case 'acknowledge':
        return reports.acknowledge(frame.sequence);
      case 'commands':
        for (const command of frame.commands) obey(command);
        return;
      case 'file':
        return;
      case 'leave':
        return leave();
    }
  };

  const obey = (command: AgentCommand): void => {
    if (!welcomed || command.kind === 'discard') return;
    switch (command.kind) {
      case 'preempt':
        return told(command.notBefore);
      case 'discardJob':
        node?.jobTasks.forgetJob(command.job);
        return discardJob(command.job);
      case 'releaseJob':
        return node?.jobTasks.release(command.key, command.work);
      case 'endJobTask':
        return node?.jobTasks.end(command.key);
      case 'offer':
      case 'proceed':
      case 'revoke':
      case 'end':
        return node?.attempts.command(command);
    }
  };

  /** A program on the node may let go of it before its time. */
  const told = (notBefore: Instant): void => {
    if (world.chance(0.3)) after(world.between(0, Math.max(0, notBefore - world.now())), () => (alive ? reports.add({ kind: 'letGo' }) : undefined));
  };

  /** What runs ends first. */
  const discardJob = (job: JobNumber): void => {
    if (isRunning(job)) discarded.add(job);
    else disk.jobs.delete(job);
  };
  const isRunning = (job: JobNumber): boolean => [...running.values()].some((key) => key.job === job);

  const watchLease = (): void => {
    if (lease === null || !alive) return;
    const watched = lease;
    after(watched.until - world.now(), () => {
      if (!alive || lease !== watched) return;
      if (welcomed) watched.until = world.now() + watched.ms;
      else if (watched.until <= world.now()) return die();
      watchLease();
    });
  };

  function flushSoon(): void {
    if (flushing) return;
    flushing = true;
    after(0, () => {
      flushing = false;
      flush();
    });
  }
  function flush(): void {
    if (!alive || !welcomed) return;
    for (;;) {
      const next = reports.frameAfter(sent);
      if (next === null) return;
      line?.send(next.frame);
      sent = next.frame.first + next.frame.reports.length - 1;
    }
  }

  const prepare = (setup: NodeSetup) => {
    const jobTasks = createJobTasks({ start: runJobTask, report: reports.add, now: world.now, signal: ending.signal, pause: (ms) => world.sleep(ms), onEnded: () => undefined });
    const attempts = createAttempts({ slots: setup.slots, start: run, prepare: (preparation) => jobTasks.prepare(preparation), report: reports.add, begun: reports.begun, now: world.now, onEnded: () => undefined });
    after(world.between(1, 200), () => becomeReady(setup, attempts));
    return { setup, attempts, jobTasks };
  };

  const becomeReady = (setup: NodeSetup, attempts: Attempts): void => {
    if (!alive) return;
    const open = (): void => {
      if (!alive) return;
      ready = true;
      reports.add({ kind: 'ready' });
      attempts.open();
    };
    if (setup.startTask === null) return open();
    const startedAt = world.now();
    startTask = { state: 'running', startedAt, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };
    reports.add({ kind: 'startTask', status: startTask });
    if (!setup.startTask.waitForSuccess) open();
    const { waitForSuccess } = setup.startTask;
    after(world.between(10, 3_000), () => {
      if (!alive || startTask === null) return;
      const fails = options.startTaskFails();
      const failure = { category: 'UserError', code: 'FailureExitCode', message: 'The simulated start task exited with 1.' } as const;
      startTask = { ...startTask, state: 'completed', endedAt: world.now(), ...(fails ? { exitCode: 1, failure, result: 'failure' } : { exitCode: 0, result: 'success' }) };
      reports.add({ kind: 'startTask', status: startTask });
      if (waitForSuccess && !fails) open();
    });
  };

  const run = (key: AttemptKey, work: Work): TaskRun => {
    truth.started({ key, node: options.node, life: options.life, slots: work.slots, startedAt: world.now() });
    const { gang } = work;
    const onEnd = (how: AttemptOutcome): void => truth.ended(key, world.now(), how);
    return gang === undefined ? begin(attemptName(key), key, options.work(key, work), onEnd) : runInstance(key, work, gang, onEnd);
  };

  /** Its coordination command runs, then the primary when it is told to; other instances until they are ended. */
  const runInstance = (key: AttemptKey, work: Work, gang: GangWork, onEnd: (how: AttemptOutcome) => void): TaskRun => {
    truth.told(key, gang);
    const coordination = options.coordination(key);
    const fails = coordination.outcome.kind !== 'exited' || coordination.outcome.exitCode !== 0;
    const run = begin(attemptName(key), key, fails ? coordination : { durationMs: null, outcome: coordination.outcome }, onEnd);
    const state = { isCoordinated: false, proceeds: false };
    if (!fails) {
      after(coordination.durationMs, () => {
        if (!alive || !running.has(attemptName(key))) return;
        state.isCoordinated = true;
        truth.coordinated(key);
        reports.add({ kind: 'coordinated', key });
      });
    }
    return {
      done: run.done,
      end: () => run.killed(state.isCoordinated ? 0 : null),
      proceed: () => {
        if (state.proceeds || key.instance > 0) return;
        state.proceeds = true;
        truth.proceeded(key);
        const { durationMs, outcome } = options.work(key, work);
        world.after(durationMs, () => run.finish(outcome));
      },
      get isCoordinated() {
        return state.isCoordinated;
      },
    };
  };

  const runJobTask = (key: JobTaskKey, retry: number): TaskRun => {
    const { node: number, life } = options;
    truth.jobTaskStarted(key, number);
    return begin(`${jobTaskName(key)}.${retry}`, key, options.jobTask(key, retry), (how) => truth.jobTaskEnded(key, number, life, how));
  };

  /** `durationMs`: null, it does not end by itself. */
  const begin = (
    name: string,
    key: AttemptKey | JobTaskKey,
    { durationMs, outcome }: { readonly durationMs: number | null; readonly outcome: AttemptOutcome },
    onEnd: (how: AttemptOutcome) => void,
  ): TaskRun & { finish(outcome: AttemptOutcome): void; killed(exitCode: number | null): void } => {
    running.set(name, key);
    disk.jobs.add(key.job);
    let end: (outcome: AttemptOutcome) => void = () => undefined;
    const done = new Promise<AttemptOutcome>((resolve) => {
      end = (how) => {
        if (!running.delete(name)) return;
        onEnd(how);
        if (discarded.has(key.job) && !isRunning(key.job)) disk.jobs.delete(key.job);
        whenAwake(() => resolve(how));
      };
    });
    // A process ends by itself, whether its agent hangs or not.
    if (durationMs !== null) world.after(durationMs, () => end(outcome));
    // It obeys SIGTERM: a deadline makes no difference.
    const killed = (exitCode: number | null): void => after(world.between(...KILL_MS), () => end({ kind: 'killed', exitCode }));
    return { done, finish: end, killed, end: () => killed(null) };
  };

  const die = (): void => {
    if (!alive) return;
    alive = false;
    for (const key of running.values()) if ('task' in key) truth.ended(key, world.now(), { kind: 'lost' });
    running.clear();
    ending.abort();
    line?.close();
    options.onGone();
  };

  const leave = (): void => {
    if (!alive || leaving) return;
    leaving = true;
    ending.abort();
    line?.close();
    line = null;
    welcomed = false;
    void (node?.attempts.shut(LEAVE_DEADLINE_MS) ?? Promise.resolve()).then(die);
  };

  const hang = (forMs: number | null): void => {
    held ??= [];
    if (forMs !== null) world.after(forMs, wake);
  };
  const wake = (): void => {
    const missed = alive ? (held ?? []) : [];
    held = null;
    for (const act of missed) whenAwake(act);
  };

  dial();
  return {
    life: options.life,
    get isAlive() {
      return alive;
    },
    die,
    leave,
    hang,
    holds: disk.jobs,
    get hangs() {
      return held !== null;
    },
  };
}

/** Of each node its own. */
export function addressOf(node: NodeNumber): string {
  return `127.0.${(node >> 8) % 256}.${node % 256}`;
}

function memoryJournal(disk: Disk, truth: Truth): AttemptJournal {
  return {
    recordStarted: (key, startedAt) => void disk.started.set(attemptName(key), { key, startedAt }),
    recordEnded: (end) => {
      disk.started.delete(attemptName(end.key));
      disk.ended.set(attemptName(end.key), end);
    },
    recordAcknowledged: (key) => {
      disk.ended.delete(attemptName(key));
      truth.acknowledged(key);
    },
  };
}
