import { describe, expect, test } from 'vitest';
import { AGENT_PROTOCOL, type AgentFrame, type OwnerFrame } from '../../src/agent/frames.ts';
import { decodeBeginning, decodeInputs } from '../../src/control/journal.ts';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { beat as beatOf } from '../../src/control/heartbeat.ts';
import { Owner } from '../../src/control/owner.ts';
import type { Decisions } from '../../src/core/decisions.ts';
import type { CoreEvent, Snapshot } from '../../src/core/events.ts';
import type { Core } from '../../src/core/port.ts';
import type { NodeStatus } from '../../src/core/status.ts';
import type { Observation, PoolProvider } from '../../src/nodes/provider.ts';
import type { TurnFigures } from '../../src/control/figures/counted.ts';
import type { CommitNews } from '../../src/ports.ts';
import { type AttemptSpec, AccountOwned, Deposed, NoRoom, Refused, type InboxBatch, type OwnerStore, type TickCommit } from '../../src/store/ownerStore.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { jobIntent } from '../support/intents.ts';
import { endingOf } from '../support/statuses.ts';

const nothing: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

const node: NodeStatus = {
  node: 7,
  pool: 1,
  id: 'tvmps_00_d',
  dedicated: true,
  state: 'idle',
  since: 0,
  scheduling: 'enabled',
  life: 2,
  allocatedAt: 0,
  bootedAt: 0,
  slots: 4,
  runningTasks: 0,
  runningSlots: 0,
  totalTasksRun: 0,
  totalTasksSucceeded: 0,
  recentTasks: [],
  offers: [],
  startTask: null,
  errors: [],
  retainUntil: 0,
  agent: null,
  goneAt: null,
};
const POOL = { pool: 1, id: 'p', createdAt: 0, targetDedicated: 1, targetLowPriority: 0, resizeTimeoutMs: 900_000, nodeDeallocation: 'requeue', resizeSequence: 1, resizeRequestedAt: 0, stopSequence: 0, taskSlotsPerNode: 4, fillType: 'pack', jobOrder: 'none', startTask: null, unavailable: null, isAuto: false, deletedAt: null } as const;
const snapshot: Snapshot = { pools: [{ intent: POOL, status: null }], nodes: [node], nextNode: 8, jobs: [], jobNodes: [], tasks: [], satisfied: [] };

/**
 * An owner whose core writes down what it is told and decides what the test says, on a store that the test can break.
 */
function scripted(options: { readonly aheadFrom?: number } = {}) {
  const told: CoreEvent[] = [];
  const commits: TickCommit[] = [];
  const faults: Error[] = [];
  const lines: object[] = [];
  const news: CommitNews[] = [];
  const turns: TurnFigures[] = [];
  const releases: (readonly [node: number, life: number])[] = [];
  const script = { isOpen: true, knownJobs: [] as number[], refused: [] as number[], job: null as InboxBatch['jobs'][number] | null, askedAlso: [] as (readonly number[])[], decisions: nothing, failure: null as Error | null, fault: null as Error | null, claimFailure: null as Error | null, whileCommitting: (): Promise<void> => Promise.resolve(), whileListing: (): void => undefined, whileReadingPool: Promise.resolve(), specFailure: null as Error | null, specs: [] as AttemptSpec[], jobSpecs: [] as { job: number; id: string; spec: unknown }[], inboxFailure: null as Error | null, beatFailure: null as Error | null, releaseFailure: null as Error | null, owned: null as { account: number; epoch: number }[] | null, epoch: 0 };
  const core: Core = {
    apply: (event) => void told.push(event),
    decide: () => {
      if (script.fault !== null) throw script.fault;
      return script.decisions;
    },
    nextTimer: () => null,
    underWay: () => [],
    isOpen: () => script.isOpen,
    explain: () => [],
    explainJob: () => null, explainPool: () => null, explainNode: () => null, poolCensus: () => [],
    image: () => {
      throw new Error('no image was expected');
    },
  };
  const store: OwnerStore = {
    claim: () => {
      if (script.claimFailure !== null) return Promise.reject(script.claimFailure);
      script.epoch += 1;
      return Promise.resolve({ epoch: script.epoch });
    },
    heartbeat: () => (script.beatFailure === null ? Promise.resolve(script.owned ?? [{ account: 1, epoch: script.epoch }]) : Promise.reject(script.beatFailure)),
    resign: () => Promise.resolve(),
    load: () => Promise.resolve(snapshot),
    readInbox: (_account, _limit, also = []) => {
      script.askedAlso.push(also);
      if (script.inboxFailure !== null) return Promise.reject(script.inboxFailure);
      return Promise.resolve({ entries: [], pools: [], jobs: script.job === null || also.length === 0 ? [] : [script.job], schedules: [], nodes: [], jobsWithNewTasks: [], tasks: [], more: false, newest: 0 });
    },
    readTasks: () => Promise.resolve({ through: 0, newest: 0, tasks: [] }),
    commit: async (tick) => {
      commits.push(tick);
      await script.whileCommitting();
      return script.failure === null ? Promise.resolve({ specs: script.specs, refused: script.refused }) : Promise.reject(script.failure);
    },
    readSatisfied: () => Promise.resolve([]),
    readJobSpecs: () => (script.specFailure === null ? Promise.resolve(script.jobSpecs) : Promise.reject(script.specFailure)),
    readKnownJobs: (jobs) => Promise.resolve(jobs.filter((job) => script.knownJobs.includes(job))),
    readPoolSpecs: async () => {
      await script.whileReadingPool;
      return [{ pool: 1, id: 'p', spec: { id: 'p', vmSize: 'standard_a1' }, certificates: [] }];
    },
    readPackages: () => Promise.resolve([]),
    readQuarantine: () => Promise.resolve([]),
  };
  const watchers = new Set<(observation: Observation) => void>();
  const provider: PoolProvider = {
    kind: 'simulated',
    probe: () => Promise.resolve({ maxNodes: null, lowPriority: true, limits: [] }),
    acquire: () => Promise.resolve(),
    release: (released, life) => {
      releases.push([released, life]);
      return script.releaseFailure === null ? Promise.resolve() : Promise.reject(script.releaseFailure);
    },
    halt: () => Promise.resolve(),
    list: () => {
      script.whileListing();
      return Promise.resolve([{ node: 7, life: 2, observed: { kind: 'running' } }]);
    },
    watch: (callback) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    leaseOf: () => 60_000,
  };
  const clock = { now: 1_000, wallAhead: 0 };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const owner = new Owner({
    account: { number: 1, name: 'a', url: 'http://a' },
    process: 'p',
    processUrl: 'http://p',
    agentUrl: 'ws://p',
    store,
    provider,
    createCore: () => core,
    credentials: nodeCredentials(new Uint8Array(32)),
    tokens: taskTokens(new Uint8Array(32)),
    sign: { container: (name) => name, url: () => null, endpoint: (account) => account }, secrets: createSealing(new Uint8Array(32)),
    clock: () => clock.now + clock.wallAhead,
    monotonic: () => clock.now,
    random: () => 0.5,
    ...options,
    onWork: () => undefined,
    onFault: (fault) => void faults.push(fault),
    onDeposed: () => undefined,
    log,
    onCommit: (heard) => void news.push(heard),
    onTurn: (turn) => void turns.push(turn),
    story: { tasks: false, tell: ({ message, fields }) => void lines.push({ message, ...fields }) },
  });
  const connect = (life = 2) => {
    const sent: OwnerFrame[] = [];
    const closed: string[] = [];
    const link = owner.connect(7, life, { send: (frame) => void sent.push(frame), close: (reason) => void closed.push(reason) });
    return { ...link, sent, closed, kinds: () => sent.map((frame) => frame.kind) };
  };
  const observe = (observation: Observation): void => watchers.forEach((watcher) => watcher(observation));
  const beat = (): Promise<void> => beatOf({ owners: () => [owner], store, process: 'p' });
  return { owner, beat, script, told, commits, releases, faults, lines, news, turns, clock, connect, observe };
}

const hello: AgentFrame = {
  kind: 'hello',
  protocol: 1,
  nodeId: 'tvmps_00_d',
  sequence: 0,
  report: { kind: 'hello', life: 2, version: '1', ipAddress: '127.0.0.1', held: [], startTask: null, ready: true },
};
function started(first: number): AgentFrame {
  return {
    kind: 'reports',
    first,
    reports: [{ kind: 'started', key: { job: 1, task: first, attempt: 1, instance: 0 }, at: 5 }],
  };
}
function kinds(events: readonly CoreEvent[]): readonly string[] {
  return events.map((event) => (event.kind === 'agent' ? event.report.kind : event.kind));
}
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Starts the owner, whose node's agent says hello; the owner has taken that in. */
async function greeted(owner: ReturnType<typeof scripted>['owner'], connect: ReturnType<typeof scripted>['connect']) {
  await owner.start();
  await owner.tick();
  const agent = connect();
  agent.onFrame(hello);
  await turnOfTheLoop();
  await owner.tick();
  return agent;
}

describe('an owner', () => {
  const completed = { job: 1, task: 2, state: 'completed' } as unknown as Decisions['tasks'][number];

  test('tells who waits for the end of a task once it is committed, and not before', async () => {
    const { owner, script } = scripted();
    await owner.start();
    let told = false;
    const ended = owner.ended(1, 2, new AbortController().signal).then(() => (told = true));
    const other = new AbortController();
    const never = owner.ended(1, 3, other.signal);
    let commit: () => void = () => undefined;
    script.whileCommitting = () => new Promise((resolve) => (commit = resolve));
    script.decisions = { ...nothing, tasks: [completed] };
    const ticked = owner.tick();
    await turnOfTheLoop();
    expect(told).toBe(false);
    commit();
    await ticked;
    await ended;
    other.abort();
    await expect(never).rejects.toThrow('gave up');
  });

  test('tells of a task that is gone, and at its next sweep of one that had ended before', async () => {
    const { owner, script } = scripted();
    await owner.start();
    const gone = owner.ended(1, 2, new AbortController().signal);
    script.decisions = { ...nothing, gone: { ...nothing.gone, tasks: [{ job: 1, task: 2 }] } };
    await owner.tick();
    await gone;
    script.decisions = nothing;
    script.isOpen = false;
    const before = owner.ended(1, 2, new AbortController().signal);
    await owner.tick();
    await before;
  });

  test.each(['failure', 'claimFailure'] as const)('lets nobody wait while there is no room, and says so until it has written (%s)', async (kind) => {
    const { owner, script } = scripted();
    await owner.start();
    script.failure = new Error('connection lost');
    await owner.tick();
    const waiting = [owner.wake(), owner.ended(1, 2, new AbortController().signal)];
    expect(owner.noRoom).toBeNull();
    const noRoom = new NoRoom('could not extend file: No space left on device');
    script[kind] = noRoom;
    await owner.tick().catch(() => undefined);
    for (const wait of waiting) await expect(wait).rejects.toBe(noRoom);
    await expect(owner.wake()).rejects.toBe(noRoom);
    await expect(owner.ended(1, 2, new AbortController().signal)).rejects.toBe(noRoom);
    expect([owner.phase, owner.noRoom]).toEqual(['loading', noRoom]);
    [script.failure, script.claimFailure] = [null, null];
    await owner.tick();
    expect([owner.phase, owner.noRoom]).toEqual(['ready', null]);
    const woken = owner.wake();
    await owner.tick();
    await woken;
  });

  test.each([
    ['stops', 'the service stops', (owner: Owner) => owner.stop(), null],
    ['loses the account to another', 'another process owns the account', (owner: Owner) => owner.tick(), new Deposed('epoch 9')],
    ['has to load the account again', 'the account is loaded again', (owner: Owner) => owner.tick(), new Error('connection lost')],
  ] as const)('that %s keeps nobody waiting for the end of a task', async (_what, reason, happen, failure) => {
    const { owner, script } = scripted();
    await owner.start();
    const { signal } = new AbortController();
    const waiting = [owner.ended(1, 2, signal), owner.ended(1, 2, signal), owner.ended(1, 3, signal)].map((ended) => expect(ended).rejects.toThrow(reason));
    script.failure = failure;
    await happen(owner);
    await Promise.all(waiting);
    const later = owner.ended(1, 2, signal);
    if (owner.phase === 'ended') {
      await expect(later).rejects.toThrow('the owner has ended');
      return;
    }
    // What the commit of unknown outcome held is known when the account has been loaded.
    script.failure = null;
    script.isOpen = false;
    await owner.tick();
    await turnOfTheLoop();
    await owner.tick();
    await later;
  });

  test('welcomes an agent before it acts on anything the agent says', async () => {
    const { owner, script, told, connect } = scripted();
    await owner.start();
    await owner.tick();
    told.length = 0;
    let poolIsRead: () => void = () => undefined;
    script.whileReadingPool = new Promise((resolve) => (poolIsRead = resolve));
    const agent = connect();
    agent.onFrame(hello);
    agent.onFrame(started(1));
    await owner.tick();
    expect([agent.kinds(), kinds(told)]).toEqual([[], []]);
    poolIsRead();
    await turnOfTheLoop();
    expect(agent.kinds()).toEqual(['welcome']);
    await owner.tick();
    expect(kinds(told)).toEqual(['hello', 'started']);
  });

  test('asks an agent only what its hello says that it answers; one that is away, or goes before it answers, is not ready', async () => {
    const { owner, connect } = scripted();
    const ask = (request: string) => owner.nodeAsks.ask(7, request, { kind: 'deleteUser', name: 'alice' }, new AbortController().signal);
    expect(await ask('early')).toMatchObject({ code: 'NodeNotReady' });
    const older = await greeted(owner, connect);
    expect(await ask('old')).toMatchObject({ code: 'UnknownAsk', message: expect.stringContaining('earlier version') });
    expect(older.kinds()).not.toContain('ask');

    const agent = connect();
    agent.onFrame({ ...hello, answers: ['deleteUser'] } as AgentFrame);
    await turnOfTheLoop();
    const answered = ask('first');
    expect(agent.sent.at(-1)).toEqual({ kind: 'ask', epoch: 1, request: 'first', ask: { kind: 'deleteUser', name: 'alice' } });
    agent.onFrame({ kind: 'answer', request: 'first', answer: { kind: 'done' } });
    expect(await answered).toEqual({ kind: 'done' });
    const abandoned = ask('second');
    agent.onClose(0);
    expect(await abandoned).toMatchObject({ code: 'NodeNotReady' });
  });

  test('acknowledges a report after the commit that holds it, and applies a repeated one once', async () => {
    const { owner, told, connect } = scripted();
    await owner.start();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    agent.onFrame(started(41));
    agent.onFrame(started(41));
    expect(agent.kinds()).toEqual(['welcome']);
    await owner.tick();
    expect(agent.sent.at(-1)).toEqual({ kind: 'acknowledge', epoch: 1, sequence: 41 });
    expect(kinds(told).filter((kind) => kind === 'started')).toHaveLength(1);
  });

  test('sends no command of a tick whose commit failed, claims and loads again, and lets agents repeat themselves', async () => {
    const { owner, script, told, commits, connect } = scripted();
    await owner.start();
    await owner.tick();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    script.failure = new Error('connection lost during commit');
    script.decisions = { ...nothing, commands: [{ kind: 'revoke', node: 7, key: { job: 1, task: 1, attempt: 1, instance: 0 } }] };
    await owner.tick();
    expect(agent.kinds()).toEqual(['welcome']);
    expect(agent.closed).toHaveLength(1);
    expect(owner.phase).toBe('loading');
    script.failure = null;
    told.length = 0;
    await owner.tick();
    expect(owner.phase).toBe('ready');
    expect(commits.at(-1)?.epoch).toBe(2);
    expect(kinds(told)).toEqual(['room', 'node']);
  });

  test('goes on when the end of a job is refused: nothing is loaded again, agents stay, the rules hear of it first, with all that was asked of the job', async () => {
    const { owner, script, told, commits, connect } = scripted();
    await owner.start();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    await owner.tick();
    const { row, guards } = endingOf(5);
    script.decisions = { ...nothing, jobs: [row], guards };
    script.refused = [5];
    const woken = owner.wake();
    await owner.tick();
    await woken;
    script.decisions = nothing;
    script.refused = [];
    script.job = { intent: { ...jobIntent(), job: 5, nextTask: 3, reactivations: 1 }, status: null };
    script.inboxFailure = new Error('the database is away');
    told.length = 0;
    expect(owner.hasWork()).toBe(true);
    await expect(owner.tick()).rejects.toThrow('away');
    script.inboxFailure = null;
    agent.onFrame(started(1));
    await owner.tick();
    expect([owner.phase, script.epoch, agent.closed, kinds(told)]).toEqual(['ready', 1, [], ['endingRefused', 'job', 'started']]);
    expect(told[0]).toEqual({ kind: 'endingRefused', job: 5 });
    expect(decodeInputs(commits.at(-1)?.journal?.inputs ?? new Uint8Array())).toEqual(told);
    told.length = 0;
    owner.sweep();
    await owner.tick();
    expect([kinds(told), script.askedAlso.slice(-3)]).toEqual([[], [[5], [5], []]]);
  });

  test('writes down with the first tick of each epoch what it was loaded with, and when, and with no other', async () => {
    const { owner, script, commits, clock, observe } = scripted();
    const tick = async (): Promise<void> => {
      clock.now += 10;
      observe({ node: 7, life: 2, observed: { kind: 'running' } });
      await owner.tick();
    };
    await owner.start();
    await tick();
    await tick();
    script.failure = new Error('the connection was lost');
    await tick();
    script.failure = null;
    await tick();
    await tick();
    const beginnings = commits.map(({ epoch, tick: number, journal }) => [epoch, number, journal?.beginning === null || journal?.beginning === undefined ? null : decodeBeginning(journal.beginning)]);
    expect(beginnings).toEqual([[1, 1, { now: 1_000, snapshot }], [1, 2, null], [1, 3, null], [2, 1, { now: 1_040, snapshot }], [2, 2, null]]);
  });

  test('wakes its callers after the commit, not before', async () => {
    const { owner, script, commits } = scripted();
    await owner.start();
    await owner.tick();
    script.decisions = { ...nothing, pools: [] };
    const woken: string[] = [];
    const waiting = owner.wake().then(() => woken.push('woken'));
    script.failure = new Error('away');
    script.decisions = { ...nothing, gone: { tasks: [], jobs: [], pools: [9] } };
    await owner.tick();
    await turnOfTheLoop();
    expect([commits.length > 0, woken]).toEqual([true, []]);
    script.failure = null;
    await owner.tick();
    await waiting;
    expect(woken).toEqual(['woken']);
  });

  test('ends when another epoch rules, and says so to those who wait', async () => {
    const { owner, script } = scripted();
    await owner.start();
    await owner.tick();
    const waiting = owner.wake();
    script.decisions = { ...nothing, gone: { tasks: [], jobs: [], pools: [9] } };
    script.failure = new Deposed('epoch 9');
    await owner.tick();
    await expect(waiting).rejects.toThrow('another process owns the account');
    expect(owner.phase).toBe('ended');
  });

  test('ends when the account was taken while it could not reach the store', async () => {
    const { owner, script } = scripted();
    await owner.start();
    await owner.tick();
    script.failure = new Error('connection lost');
    script.decisions = { ...nothing, gone: { tasks: [], jobs: [], pools: [9] } };
    await owner.tick();
    script.claimFailure = new AccountOwned('http://other');
    await owner.tick();
    expect(owner.phase).toBe('ended');
  });

  test('ends when a heartbeat shows that another process has the account, though it has nothing to commit', async () => {
    const { owner, beat, script, connect } = scripted();
    await owner.start();
    const agent = connect();
    await beat();
    expect(owner.phase).toBe('ready');
    script.owned = [];
    await beat();
    expect([owner.phase, agent.closed.length]).toEqual(['ended', 1]);
  });

  test('that has ended stays so, whatever becomes of the tick that was under way', async () => {
    const { owner, beat, script } = scripted();
    await owner.start();
    script.decisions = { ...nothing, gone: { tasks: [], jobs: [], pools: [9] } };
    script.failure = new Error('connection lost');
    script.owned = [];
    script.whileCommitting = () => beat();
    await owner.tick();
    expect(owner.phase).toBe('ended');
  });

  test('that loses the account while it commits does nothing more to its nodes: what it decided is for the next owner to see', async () => {
    const { owner, beat, script, releases } = scripted();
    await owner.start();
    script.decisions = { ...nothing, commands: [{ kind: 'release', node: 7, life: 2, silent: false }] };
    script.owned = [];
    script.whileCommitting = () => beat();
    await owner.tick();
    expect([owner.phase, releases]).toEqual(['ended', []]);
  });

  test('hears of a node that ends while the list of nodes is on its way', async () => {
    const { owner, script, told, observe } = scripted();
    script.whileListing = () => observe({ node: 7, life: 2, observed: { kind: 'ended', reason: 'killed' } });
    await owner.start();
    await owner.tick();
    expect(told).toEqual([{ kind: 'room', maxNodes: null }, { kind: 'node', node: 7, life: 2, observed: { kind: 'ended', reason: 'killed' } }]);
  });

  test('lets its agents go when it could not beat for so long that another process may have the account, and claims again', async () => {
    const { owner, beat, script, connect, clock } = scripted();
    await owner.start();
    const agent = connect();
    script.beatFailure = new Error('the database is away');
    clock.now += 4_000;
    await expect(beat()).rejects.toThrow('away');
    expect([owner.phase, agent.closed.length]).toEqual(['ready', 0]);
    clock.now += 2_000;
    await expect(beat()).rejects.toThrow('away');
    expect([owner.phase, agent.closed.length]).toEqual(['loading', 1]);
    script.beatFailure = null;
    await owner.tick();
    expect(owner.phase).toBe('ready');
  });

  test('counts the lease of a node that it has not heard of since it took over', async () => {
    const { owner, told, clock } = scripted();
    await owner.start();
    clock.now += 62_000;
    await owner.tick();
    expect(kinds(told)).toContain('leaseExpired');
  });

  test('ends loudly, with the inputs of the tick, when the rules fail on nothing that was asked or reported', async () => {
    const { owner, script, commits, faults } = scripted();
    await owner.start();
    await owner.tick();
    const before = commits.length;
    script.fault = new Error('a slot is used twice');
    owner.sweep();
    await owner.tick();
    // Loaded again: they fail on the time alone, and then on an empty account.
    expect([owner.phase, faults]).toEqual(['loading', []]);
    await owner.tick();
    expect([owner.phase, faults]).toEqual(['loading', []]);
    await owner.tick();
    expect(owner.phase).toBe('ended');
    expect(commits).toHaveLength(before);
    expect(faults.map(({ message, cause }) => [message, cause])).toEqual([[expect.stringContaining('at 1000 with seed'), script.fault]]);
  });

  test('reads the inbox right after a tick in which the rules asked for something: it stands there by then', async () => {
    const { owner, script } = scripted();
    await owner.start();
    await owner.tick();
    const before = script.askedAlso.length;
    await owner.tick();
    expect(script.askedAlso).toHaveLength(before);
    script.decisions = { ...nothing, requests: [{ kind: 'addJob', schedule: 1, run: 1, id: 's:job-1' }] };
    await owner.tick();
    script.decisions = nothing;
    expect(owner.isAsked()).toBe(true);
    await owner.tick();
    expect(script.askedAlso).toHaveLength(before + 1);
  });

  test('does not wait for ever for the first word of a node that the provider sees run', async () => {
    const { owner, script, told, clock, observe } = scripted();
    await owner.start();
    script.decisions = { ...nothing, nodes: [{ ...node, node: 9, life: 1, state: 'creating' }] };
    await owner.tick();
    script.decisions = nothing;
    observe({ node: 9, life: 1, observed: { kind: 'running' } });
    clock.now += 62_000;
    await owner.tick();
    expect(told).toContainEqual({ kind: 'leaseExpired', node: 9 });
  });

  test('ends a task as failed of which what is stored cannot be read, and sends the others their offers', async () => {
    const { owner, script, told, connect } = scripted();
    const agent = await greeted(owner, connect);
    const offer = (task: number) => ({ kind: 'offer', node: 7, key: { job: 1, task, attempt: 1, instance: 0 }, slots: 1 }) as const;
    script.jobSpecs = [{ job: 1, id: 'j', spec: { id: 'j' } }];
    script.specs = [{ job: 1, task: 1, id: 'a', spec: 'no object' }, { job: 1, task: 2, id: 'b', spec: { commandLine: 'true', outputFiles: [{}] } }, { job: 1, task: 3, id: 'c', spec: { commandLine: 'true' } }];
    script.decisions = { ...nothing, commands: [offer(1), offer(2), offer(3)] };
    owner.sweep();
    await owner.tick();
    const sent = agent.sent.flatMap((frame) => (frame.kind === 'commands' ? frame.commands : []));
    expect(sent.map((command) => (command.kind === 'offer' ? command.key.task : null))).toEqual([3]);
    script.decisions = nothing;
    await owner.tick();
    const ends = told.flatMap((event) => (event.kind === 'agent' && event.report.kind === 'ended' ? [event.report.end] : []));
    expect(ends.map(({ key, outcome }) => [key.task, outcome])).toEqual([1, 2].map((task) => [task, { kind: 'notStarted', failure: expect.objectContaining({ category: 'ServerError', code: 'UnknownError' }) }]));
    expect(owner.phase).toBe('ready');
  });

  test('ends loudly when the store refuses what the rules decided, instead of loading it again for ever', async () => {
    const { owner, script, faults } = scripted();
    await owner.start();
    await owner.tick();
    script.failure = new Refused('integer out of range');
    script.decisions = { ...nothing, gone: { tasks: [], jobs: [], pools: [9] } };
    owner.sweep();
    await owner.tick();
    for (let tick = 0; tick < 4; tick += 1) await owner.tick();
    expect([owner.phase, faults]).toEqual(['ended', [script.failure]]);
  });

  test('hangs up on an agent that reports what no agent of ours says', async () => {
    const { owner, told, connect } = scripted();
    await owner.start();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    await owner.tick();
    told.length = 0;
    const key = { job: 1, task: 1, attempt: 1, instance: 0 };
    agent.onFrame({ kind: 'reports', first: 1, reports: [{ kind: 'ended', end: { key, startedAt: 1, endedAt: 2, outcome: { kind: 'exited', exitCode: 99_999_999_999 } } }] });
    await owner.tick();
    expect(agent.closed).toEqual(['no frame of this protocol']);
    expect(kinds(told)).not.toContain('ended');
  });

  test.each([AGENT_PROTOCOL - 1, AGENT_PROTOCOL + 1])('takes an agent of protocol %i, which is one apart, whatever else it says of itself', async (protocol) => {
    const { owner, told, connect } = scripted();
    await owner.start();
    await owner.tick();
    const agent = connect();
    agent.onFrame({ ...hello, protocol, ofAnotherRelease: { x: 1 }, report: { ...hello.report, ofAnotherRelease: [2] } } as AgentFrame);
    await turnOfTheLoop();
    agent.onFrame({ ...started(1), ofAnotherRelease: true } as unknown as AgentFrame);
    await owner.tick();
    expect(agent.kinds()).toContain('welcome');
    expect(agent.closed).toEqual([]);
    expect(kinds(told).slice(-2)).toEqual(['hello', 'started']);
  });

  test.each([AGENT_PROTOCOL - 2, AGENT_PROTOCOL + 2])('sends an agent of protocol %i away, which is two apart, and its node shows why, once', async (protocol) => {
    const { owner, told, connect } = scripted();
    await owner.start();
    await owner.tick();
    const from = told.length;
    const agent = connect();
    // Its reports may have another shape as well.
    agent.onFrame({ kind: 'hello', protocol, report: { life: 2, version: '9.0.0', ipAddress: '10.0.0.4', held: 'all' } } as unknown as AgentFrame);
    agent.onClose(0);
    await owner.tick();
    expect(agent.kinds()).toEqual([]);
    expect(agent.closed).toEqual([`The agent speaks protocol ${protocol}, this service ${AGENT_PROTOCOL}: they may be one apart.`]);
    expect(told.slice(from)).toMatchObject([
      { kind: 'agent', report: { kind: 'hello', life: 2, version: '9.0.0', held: [], ready: false } },
      { kind: 'agent', report: { kind: 'unusable', errors: [{ code: 'NodeAgentNotSupported', message: expect.stringContaining(`protocol ${protocol}`) }] } },
      { kind: 'silent' },
    ]);
  });

  test('gives up a node whose agent comes again and again and is sent away, when its lease is over', async () => {
    const { owner, told, connect, clock } = scripted();
    await owner.start();
    await owner.tick();
    for (let minute = 0; minute < 2; minute++) {
      const agent = connect();
      agent.onFrame({ ...hello, protocol: AGENT_PROTOCOL + 2 } as AgentFrame);
      agent.onClose(0);
      clock.now += 40_000;
      await owner.tick();
    }
    expect(kinds(told)).toContain('leaseExpired');
  });

  test('tells an agent to leave that still speaks when the engine says that its node has ended', async () => {
    const { owner, connect, observe } = scripted();
    await owner.start();
    const agent = connect();
    observe({ node: 7, life: 1, observed: { kind: 'ended', reason: 'the life before' } });
    expect(agent.kinds()).not.toContain('leave');
    observe({ node: 7, life: 2, observed: { kind: 'ended', reason: 'its machine is lost' } });
    expect(agent.kinds()).toContain('leave');
  });

  test('sends an agent away whose life of the node is over', async () => {
    const { owner, connect } = scripted();
    await owner.start();
    const agent = connect(1);
    expect(agent.kinds()).toEqual(['leave']);
    expect(agent.closed).toHaveLength(1);
  });

  test('releases a node again and again, ever later, until its provider has done so, however often it is woken', async () => {
    const { owner, script, releases, clock } = scripted();
    const attendFor = async (ms: number): Promise<void> => {
      for (const until = clock.now + ms; clock.now < until; clock.now += 100) {
        owner.attend();
        await turnOfTheLoop();
      }
    };
    await owner.start();
    script.releaseFailure = new Error('the engine is away');
    script.decisions = { ...nothing, commands: [{ kind: 'release', node: 7, life: 2, silent: false }] };
    await owner.tick();
    script.decisions = nothing;
    await turnOfTheLoop();
    expect(releases).toEqual([[7, 2]]);
    // A client's wake-up is no reason to ask the engine again, nor are rules that want the same once more.
    clock.now += 1_000;
    owner.sweep();
    await turnOfTheLoop();
    script.decisions = { ...nothing, commands: [{ kind: 'release', node: 7, life: 2, silent: false }] };
    await owner.tick();
    script.decisions = nothing;
    await turnOfTheLoop();
    expect(releases).toEqual([[7, 2]]);
    await attendFor(2_000);
    expect(releases).toHaveLength(2);
    await attendFor(60_000);
    expect(releases).toHaveLength(6);
    script.releaseFailure = null;
    await attendFor(600_000);
    expect(releases).toEqual(Array.from({ length: 7 }, () => [7, 2]));
  });

  test('lets a silent node keep its tasks until the lease and a margin are over', async () => {
    const { owner, told, clock, connect } = scripted();
    await owner.start();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    await owner.tick();
    agent.onClose(0);
    clock.now += 60_000;
    await owner.tick();
    expect(kinds(told)).not.toContain('leaseExpired');
    clock.now += 2_000;
    expect(owner.dueInMs()).toBeLessThanOrEqual(0);
    await owner.tick();
    expect(kinds(told)).toContain('leaseExpired');
  });

  test.each([3_600_000, -3_600_000])('counts a lease, and how long it could not beat, by a clock of its own: the wall clock is set by %i ms', async (jump) => {
    const { owner, beat, told, clock, connect } = scripted();
    await owner.start();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    await owner.tick();
    agent.onClose(0);
    clock.wallAhead = jump;
    await beat();
    expect(owner.phase).toBe('ready');
    await owner.tick();
    expect(kinds(told)).not.toContain('leaseExpired');
    expect(owner.dueInMs(), 'the first step of its silence').toBe(30_000);
    clock.now += 62_000;
    await owner.tick();
    expect(kinds(told)).toContain('leaseExpired');
  });

  test('keeps the commands of a committed tick when a specification can not be read, and sends them before anything newer; the account stays loaded', async () => {
    const { owner, script, commits, connect } = scripted();
    const agent = await greeted(owner, connect);
    const key = { job: 1, task: 1, attempt: 1, instance: 0 };
    script.decisions = { ...nothing, commands: [{ kind: 'offer', node: 7, key, slots: 1 }, { kind: 'revoke', node: 7, key }] };
    script.specFailure = new Error('the database is away');
    owner.sweep();
    const woken = owner.wake();
    await expect(owner.tick()).rejects.toThrow('away');
    await woken;
    script.decisions = nothing;
    const before = commits.length;
    await expect(owner.tick()).rejects.toThrow('away');
    expect([owner.phase, agent.closed.length, commits.length, script.epoch]).toEqual(['ready', 0, before, 1]);
    expect(agent.kinds()).not.toContain('commands');
    script.specFailure = null;
    await owner.tick();
    expect(agent.sent.filter(({ kind }) => kind === 'commands')).toMatchObject([{ commands: [{ kind: 'revoke', key }] }]);
    await owner.tick();
    expect(agent.kinds().filter((kind) => kind === 'commands')).toHaveLength(1);
  });

  test('tells a node to discard what it has of jobs that are gone, and asks the store which are', async () => {
    const { owner, script, connect } = scripted();
    await owner.start();
    await owner.tick();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    script.knownJobs = [2];
    script.decisions = { ...nothing, commands: [{ kind: 'discardGoneJobs', node: 7, jobs: [1, 2, 3] }] };
    await owner.tick();
    expect(agent.sent.filter(({ kind }) => kind === 'commands')).toMatchObject([{ commands: [{ kind: 'discardJob', job: 1 }, { kind: 'discardJob', job: 3 }] }]);
  });

  test('that can not read its inbox keeps what it holds, and reads again', async () => {
    const { owner, script, told, connect } = scripted();
    await owner.start();
    await owner.tick();
    const agent = connect();
    agent.onFrame(hello);
    await turnOfTheLoop();
    told.length = 0;
    script.inboxFailure = new Error('the database is away');
    const woken = owner.wake();
    await expect(owner.tick()).rejects.toThrow('away');
    expect([owner.phase, owner.hasWork(), agent.closed.length, kinds(told)]).toEqual(['ready', true, 0, []]);
    script.inboxFailure = null;
    await owner.tick();
    await woken;
    expect(kinds(told)).toEqual(['hello']);
  });

  test('has its next tick wait for longer after one that took in much', async () => {
    const { owner, connect } = scripted();
    expect(owner.paceMs).toBe(16);
    const agent = await greeted(owner, connect);
    for (let number = 1; number <= 8; number += 1) agent.onFrame(started(number));
    await turnOfTheLoop();
    await owner.tick();
    expect(owner.paceMs).toBe(32);
    await owner.tick();
    expect(owner.paceMs).toBe(16);
  });

  describe('while a commit is under way', () => {
    /** Two reports are enough to be decided. Each commit waits for the test. */
    const held = async () => {
      const it = scripted({ aheadFrom: 2 });
      const agent = await greeted(it.owner, it.connect);
      const ends: ((error?: Error) => void)[] = [];
      it.script.whileCommitting = () => new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))));
      it.commits.length = 0;
      const acknowledged = (): readonly number[] => agent.sent.flatMap((frame) => (frame.kind === 'acknowledge' ? [frame.sequence] : []));
      const end = async (place: number, error?: Error): Promise<void> => {
        ends[place]?.(error);
        await turnOfTheLoop();
      };
      const report = async (first: number): Promise<void> => {
        agent.onFrame(started(first));
        await turnOfTheLoop();
      };
      return { ...it, agent, end, report, acknowledged };
    };

    test('decides what arrives once it is enough, one commit ahead; what follows from each waits for its own commit, in order', async () => {
      const { owner, commits, end, report, acknowledged } = await held();
      await report(1);
      const turn = owner.tick();
      await turnOfTheLoop();
      await report(2);
      expect(commits.map(({ tick }) => tick)).toEqual([3]);
      await report(3);
      expect(commits.map(({ tick }) => tick)).toEqual([3, 4]);
      await report(4);
      await report(5);
      expect(commits).toHaveLength(2);
      await end(1);
      expect(acknowledged()).toEqual([]);
      await end(0);
      expect(acknowledged()).toEqual([1, 3]);
      expect(commits.map(({ tick }) => tick)).toEqual([3, 4, 5]);
      await end(2);
      await turn;
      expect(acknowledged()).toEqual([1, 3, 5]);
    });

    test('lets what clients ask for wait behind nothing else', async () => {
      const { owner, commits, end, report } = await held();
      await report(1);
      const turn = owner.tick();
      await turnOfTheLoop();
      owner.sweep();
      await report(2);
      await report(3);
      expect(commits).toHaveLength(1);
      await end(0);
      await turn;
      expect(commits).toHaveLength(1);
    });

    test.each([
      ['a job ends by itself', { guards: endingOf(1).guards }],
      ['the rules ask for something themselves', { requests: [{ kind: 'addPool' as const, job: 1, id: 'A' }] }],
      ['a node goes', { nodes: [{ ...node, goneAt: 1 }] }],
      ['a node begins another life', { nodes: [{ ...node, life: 3 }] }],
    ])('decides nothing in which %s before that is over', async (_what, decisions) => {
      const { owner, script, commits, end, report } = await held();
      await report(1);
      script.decisions = { ...nothing, ...decisions };
      const turn = owner.tick();
      await turnOfTheLoop();
      await report(2);
      await report(3);
      expect(commits).toHaveLength(1);
      await end(0);
      await turn;
      expect(commits).toHaveLength(1);
    });

    test('that fails forgets what was decided after it, whatever becomes of that', async () => {
      const { owner, commits, agent, end, report, acknowledged } = await held();
      await report(1);
      const turn = owner.tick();
      await turnOfTheLoop();
      await report(2);
      await report(3);
      expect(commits).toHaveLength(2);
      await end(0, new Error('connection lost'));
      await turn;
      await end(1);
      expect([owner.phase, acknowledged(), agent.closed]).toEqual(['loading', [], ['the owner loads the account again']]);
    });

    test('does not let rules that fail on what comes next undo it', async () => {
      const { owner, script, end, report, acknowledged } = await held();
      await report(1);
      const turn = owner.tick();
      await turnOfTheLoop();
      script.fault = new Error('the rules fail');
      await report(2);
      await report(3);
      await end(0);
      await turn;
      expect([owner.phase, acknowledged()]).toEqual(['loading', [1]]);
    });
  });

  test('tells what it committed, and of a tick that took long', async () => {
    const { owner, script, lines, turns, clock } = scripted();
    await owner.start();
    script.decisions = { ...nothing, nodes: [{ ...node, goneAt: 1_000 }] };
    script.whileCommitting = () => {
      clock.now += 1_500;
      return Promise.resolve();
    };
    await owner.tick();
    expect(lines).toMatchObject([
      { message: 'node gone', poolId: 'p', nodeId: 'tvmps_00_d' },
      { message: 'slow tick', account: 'a', tick: 1, tickMs: 1_500, commitMs: 1_500 },
    ]);
    expect(turns.at(-1)).toMatchObject({ ticks: 1, ms: 1_500 });
    script.failure = new Error('the outcome is unknown');
    script.decisions = { ...nothing, nodes: [node] };
    lines.length = 0;
    await owner.tick();
    expect(lines).toMatchObject([{ message: 'slow tick', commitMs: 1_500 }]);
  });

  test('lets listeners hear of each commit once it is made, as it was made, and of each load', async () => {
    const { owner, script, news } = scripted();
    await owner.start();
    const { row, guards } = endingOf(1);
    script.decisions = { ...nothing, jobs: [row], guards };
    script.refused = [1];
    script.whileCommitting = async () => expect(news).toEqual([{ kind: 'loaded', epoch: 1 }]);
    await owner.tick();
    expect(news.slice(1)).toMatchObject([{ kind: 'tick', epoch: 1, tick: 1, at: 1_000, decisions: { jobs: [{ job: 1, state: 'active' }] } }]);
    script.whileCommitting = () => Promise.resolve();
    script.refused = [];
    script.decisions = nothing;
    script.failure = new Error('the outcome is unknown');
    await owner.tick();
    script.failure = null;
    await owner.tick();
    expect(news.slice(2)).toMatchObject([{ kind: 'loaded', epoch: 2 }, { kind: 'tick', epoch: 2, tick: 1 }]);
  });

  test('knows its own nodes by their credentials alone', () => {
    const credentials = nodeCredentials(new Uint8Array(32).fill(1));
    expect(credentials.verify(credentials.issue(7, 2))).toEqual({ node: 7, life: 2 });
    expect(credentials.verify(credentials.issue(7, 2).replace('7.2', '7.3'))).toBeNull();
    expect(nodeCredentials(new Uint8Array(32)).verify(credentials.issue(7, 2))).toBeNull();
    expect(credentials.verify('7.2.')).toBeNull();
  });
});
