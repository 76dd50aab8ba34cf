import type { AgentFrame } from '../agent/frames.ts';
import type { Command, Decisions } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import type { AccountNumber, AttemptKey, Instant, JobNumber, NodeNumber, TaskNumber } from '../core/keys.ts';
import type { Core, CreateCore, Random, Reason } from '../core/port.ts';
import type { NodeStatus } from '../core/status.ts';
import type { Observation, PoolProvider } from '../nodes/provider.ts';
import type { AgentChannel, AgentDoor } from '../ports.ts';
import { AccountOwned, Deposed, OWNER_DEAD_AFTER_MS, type AttemptSpec, type OwnerStore } from '../store/ownerStore.ts';
import { listenTo } from './agentDoor.ts';
import { Channels } from './channels.ts';
import type { NodeCredentials } from './credentials.ts';
import { dispatch, taskName, type DispatchOptions } from './dispatch.ts';
import { Intake } from './intake.ts';
import { CORE_VERSION, encodeInputs, seededRandom } from './journal.ts';
import { Leases } from './leases.ts';
import { NodeAsks } from './nodeAsks.ts';
import { Specs } from './specs.ts';
import { nodeSetup, type SignContainer } from './work.ts';

export interface OwnerOptions {
  readonly account: { readonly number: AccountNumber; readonly name: string; readonly url: string };
  /** This service process: a UUID, and where other processes reach it. */
  readonly process: string;
  readonly processUrl: string;
  /** Where agents dial in. */
  readonly agentUrl: string;
  readonly store: OwnerStore;
  readonly provider: PoolProvider;
  readonly createCore: CreateCore;
  readonly credentials: NodeCredentials;
  /** Loaded when first needed: the first task or node that has to be told of anything. */
  readonly signer: () => Promise<SignContainer>;
  readonly clock: () => Instant;
  readonly random: Random;
  /** Called when something has arrived: a tick is due. */
  readonly onWork: () => void;
  /** Called when the rules themselves fail, which is a fault of ours: the owner has ended, the process should, loudly. What the tick was given is in `cause`. */
  readonly onFault: (fault: RulesFault) => void;
  readonly log: OwnerLog;
}

export interface OwnerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The rules threw: with the tick's inputs, which no journal holds since nothing was committed. */
export class RulesFault extends Error {
  constructor(cause: unknown, tick: { readonly now: Instant; readonly seed: number; readonly events: readonly CoreEvent[] }) {
    super(`The rules failed at ${tick.now} with seed ${tick.seed} on ${JSON.stringify(tick.events)}`, { cause });
  }
}

/**
 * - `loading`: nothing is in memory (at first, and after a commit of unknown outcome): the next tick loads the account.
 * - `ready`: events are taken and ticks run.
 * - `ended`: deposed or stopped; never again.
 */
type Phase = 'loading' | 'ready' | 'ended';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** An owner that could not beat for so long lets go before another one may claim: agents that it kept would think their lease renewed. */
const LET_GO_AFTER_MS = OWNER_DEAD_AFTER_MS - 2_000;

/** The owner of one account: see README.md of this folder. Turn it with `tick`, one call at a time. */
export class Owner {
  readonly #options: OwnerOptions;
  readonly #channels = new Channels();
  readonly #specs: Specs;
  readonly asks: NodeAsks;
  #phase: Phase = 'loading';
  #epoch = 0;
  #tick = 0;
  #core: Core | null = null;
  #events: CoreEvent[] = [];
  #waiters: Waiter[] = [];
  readonly #intake: Intake;
  readonly #leases: Leases;
  readonly #dispatch: DispatchOptions;
  readonly #nodes = new Map<NodeNumber, NodeStatus>();
  /** When the last heartbeat that succeeded was begun. */
  #beatAt: Instant = 0;
  #stopWatching: () => void = () => undefined;
  /** What the provider saw while it made its list: newer than the list. */
  readonly #observedMeanwhile = new Map<NodeNumber, Observation>();

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#specs = new Specs(options.store);
    this.#intake = new Intake(options.store, options.account.number, this.#specs);
    this.#leases = new Leases(options.provider.leaseMs);
    this.#dispatch = {
      specs: this.#specs,
      signer: options.signer,
      send: (node, commands) => this.#channels.send(node, { kind: 'commands', epoch: this.#epoch, commands }),
      acquire: (command) => this.#acquire(command),
      release: ({ node, life }) => this.#release(node, life),
      refuse: (node, key, error) => this.#refuse(node, key, error),
    };
    this.asks = new NodeAsks((node, frame) => this.#channels.send(node, { ...frame, epoch: this.#epoch }));
  }

  /** Claims and loads the account, and watches its provider. Throws `AccountOwned`. */
  async start(): Promise<void> {
    this.#stopWatching = this.#options.provider.watch((observation) => this.#observe(observation));
    try {
      await this.#load();
    } catch (error) {
      this.#stopWatching();
      throw error;
    }
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Resolves once a tick has committed that took in everything committed before this call. */
  wake(signal?: AbortSignal): Promise<void> {
    if (this.#phase === 'ended') return Promise.reject(new Error('the owner has ended'));
    const done = new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(new Error('gave up waiting for the owner'));
      });
    });
    this.sweep();
    return done;
  }

  /** Looks at the inbox in the next tick. */
  sweep(): void {
    this.#intake.sweep();
    this.#options.onWork();
  }

  hasWork(): boolean {
    return this.#phase !== 'ended' && (this.#phase === 'loading' || this.#intake.hasWork() || this.#events.length > 0);
  }

  /** When a tick is due though nothing arrives; null: never. */
  nextTimer(): Instant | null {
    const lease = this.#leases.next();
    const core = this.#core?.nextTimer() ?? null;
    return lease === null || core === null ? (lease ?? core) : Math.min(lease, core);
  }

  /**
   * One turn: what arrived -> core -> one commit -> acknowledgements and commands. Throws only what loading throws (the store is away: try again later);
   * a failed commit puts the owner back to `loading`, a newer epoch ends it.
   */
  async tick(): Promise<void> {
    if (this.#phase === 'ended') return;
    if (this.#phase === 'loading' && !(await this.#loadAgain())) return;
    const core = this.#core;
    if (core === null) return;
    const waiters = this.#waiters.splice(0);
    try {
      const asked = await this.#intake.read();
      const now = this.#options.clock();
      const expired = this.#leases.expire(now).map((node) => ({ kind: 'leaseExpired', node }) as const);
      // What agents said while the inbox was read comes after it: none of it can be about what has only now been asked.
      const events = [...asked.events, ...this.#events.splice(0), ...expired];
      const marks = this.#channels.applied();
      const seed = Math.floor(this.#options.random() * 4_294_967_296);
      const decisions = decide(core, { now, seed, events });
      const specs = await this.#commit(now, seed, events, asked.entries, decisions);
      this.#settle(decisions, marks);
      if (asked.more) this.#waiters.unshift(...waiters);
      else for (const waiter of waiters) waiter.resolve();
      await dispatch(decisions.commands, specs, this.#dispatch);
    } catch (error) {
      this.#waiters.unshift(...waiters);
      this.#fail(error);
    }
  }

  /** Says that the process lives; to be called every `OWNER_DEAD_AFTER_MS / 5`. Throws what the store throws. */
  async beat(): Promise<void> {
    const { store, process, account, clock } = this.#options;
    const begunAt = clock();
    const epoch = this.#epoch;
    if (this.#phase === 'ready' && begunAt - this.#beatAt >= LET_GO_AFTER_MS) this.#fail(new Error('no heartbeat reached the database in time'));
    const owned = await store.heartbeat(process);
    if (this.#phase !== 'ready' || this.#epoch !== epoch) return;
    if (owned.some((row) => row.account === account.number && row.epoch === epoch)) this.#beatAt = begunAt;
    else this.#fail(new Deposed(`Epoch ${epoch} no longer rules account ${account.name}.`));
  }

  explain(job: JobNumber, task: TaskNumber): readonly Reason[] {
    return this.#core?.explain(job, task, this.#options.clock()) ?? [];
  }

  /** Lets go of the account; agents and tasks go on. */
  async stop(): Promise<void> {
    this.#end('the service stops');
    await this.#options.store.resign(this.#options.process);
  }

  /** Ends every node and puts their tasks back into the queue, uncounted; then lets go of the account. `tick` must not be running. */
  async shutDown(graceMs: number): Promise<void> {
    const { provider, clock, log } = this.#options;
    this.#stopWatching();
    const ended = await Promise.allSettled([...this.#nodes.values()].map((node) => provider.halt(node.node, node.life, graceMs)));
    for (const result of ended) if (result.status === 'rejected') log.error({ error: result.reason }, 'a node could not be ended');
    const core = this.#core;
    if (this.#phase === 'ready' && core !== null) {
      const now = clock();
      const events = [...this.#events.splice(0), { kind: 'shutdown' } as const];
      await this.#commit(now, 0, events, [], decide(core, { now, seed: 0, events }));
    }
    await this.stop();
  }

  // ---- the agents' door -------------------------------------------------------------------------------------------------

  authenticate(credential: string): ReturnType<AgentDoor['authenticate']> {
    const shown = this.#options.credentials.verify(credential);
    return shown === null ? null : { account: this.#options.account.number, ...shown };
  }

  connect(node: NodeNumber, life: number, channel: AgentChannel): { onFrame(frame: AgentFrame): void; onClose(): void } {
    const known = this.#nodes.get(node);
    // Before the account is loaded nothing can be said of a node: the agent comes back.
    if (this.#phase !== 'ready') channel.close('the owner is not ready');
    else if (known === undefined || known.life !== life) {
      channel.send({ kind: 'leave', epoch: this.#epoch });
      channel.close('this node, or this life of it, is not in the account');
    } else this.#channels.open(node, life, channel);
    return {
      onFrame: listenTo(life, channel, {
        isCurrent: () => this.#channels.isCurrent(node, channel),
        welcome: () => this.#welcome(node, channel),
        said: (report) => {
          this.#leases.end(node);
          this.#push({ kind: 'agent', node, report });
        },
        reports: (frame) => {
          for (const report of this.#channels.fresh(node, frame)) this.#push({ kind: 'agent', node, report });
        },
        answered: ({ request, answer }) => this.asks.answer(request, answer),
      }),
      onClose: () => {
        if (!this.#channels.close(node, channel)) return;
        this.asks.abandon(node);
        this.#leases.silent(node, this.#options.clock());
        this.#push({ kind: 'silent', node });
      },
    };
  }

  async #welcome(node: NodeNumber, channel: AgentChannel): Promise<void> {
    const { account, signer, provider, log } = this.#options;
    try {
      const status = this.#nodes.get(node);
      if (status === undefined) return channel.close('this node has left the account');
      const pool = await this.#specs.pool(status.pool);
      if (pool === undefined) return channel.close('the pool of this node is gone');
      const sign = await signer();
      if (!this.#channels.isCurrent(node, channel)) return;
      const acknowledged = this.#channels.acknowledged(node);
      channel.send({ kind: 'welcome', epoch: this.#epoch, leaseMs: provider.leaseMs, node: nodeSetup(status, pool, account, sign), acknowledged });
    } catch (error) {
      log.warn({ error, node }, 'a node could not be welcomed');
      channel.close('the node cannot be told of its pool now');
    }
  }

  // ---- one turn ---------------------------------------------------------------------------------------------------------

  /** The commit of unknown outcome may still be on its way: only the new epoch of a new claim shuts it out, so that what is loaded then is the truth. */
  async #load(): Promise<void> {
    const { store, account, process, processUrl, clock, createCore, provider, log } = this.#options;
    const begunAt = clock();
    this.#epoch = (await store.claim(account.number, process, processUrl)).epoch;
    this.#beatAt = begunAt;
    const snapshot = await store.load(account.number);
    this.#observedMeanwhile.clear();
    const listed = new Map((await provider.list()).map((observation) => [observation.node, observation]));
    const observed = new Map([...listed, ...this.#observedMeanwhile]);
    if (this.#phase === 'ended') throw new Error('the owner ended while it loaded the account');
    this.#specs.clear();
    this.#nodes.clear();
    this.#events = [];
    for (const node of snapshot.nodes) this.#nodes.set(node.node, node);
    this.#leases.takeOver(snapshot.nodes, (node) => observed.get(node)?.observed.kind === 'running', clock());
    this.#intake.reset(snapshot.jobs.map(({ intent: { job, nextTask }, status }) => ({ job, nextTask, ingested: status?.ingested ?? 0 })));
    this.#core = createCore(snapshot, clock());
    this.#phase = 'ready';
    for (const node of snapshot.nodes) {
      const seen = observed.get(node.node);
      if (seen?.life === node.life) this.#events.push({ kind: 'node', node: node.node, life: node.life, observed: seen.observed });
      else this.#events.push({ kind: 'node', node: node.node, life: node.life, observed: { kind: 'ended', reason: 'the provider does not know it' } });
    }
    for (const { node, life } of observed.values()) {
      if (this.#nodes.get(node)?.life !== life) this.#release(node, life);
    }
    log.info({ account: account.name, epoch: this.#epoch, nodes: this.#nodes.size, jobs: snapshot.jobs.length }, 'account loaded');
  }

  /** Returns whether the account is still ours. */
  async #loadAgain(): Promise<boolean> {
    try {
      await this.#load();
      return true;
    } catch (error) {
      if (!(error instanceof AccountOwned)) throw error;
      this.#fail(error);
      return false;
    }
  }

  async #commit(
    now: Instant,
    seed: number,
    events: readonly CoreEvent[],
    inboxEntries: readonly number[],
    decisions: Decisions,
  ): Promise<ReadonlyMap<string, AttemptSpec>> {
    if (inboxEntries.length === 0 && events.length === 0 && isEmpty(decisions)) return new Map();
    const offered = new Map<string, { job: JobNumber; task: TaskNumber }>();
    for (const command of decisions.commands) {
      if (command.kind === 'offer') offered.set(taskName(command.key), { job: command.key.job, task: command.key.task });
    }
    this.#tick += 1;
    const { specs } = await this.#options.store.commit({
      account: this.#options.account.number,
      epoch: this.#epoch,
      tick: this.#tick,
      now,
      decisions,
      inboxEntries,
      specs: [...offered.values()],
      // Without events, too: the clock alone decides things, and a replay has to ask the rules at the same instants.
      journal: { coreVersion: CORE_VERSION, seed, inputs: encodeInputs(events) },
    });
    return new Map(specs.map((spec) => [taskName(spec), spec]));
  }

  /** The commit is done: what follows from it in memory, and what may be said now. */
  #settle(decisions: Decisions, marks: ReadonlyMap<NodeNumber, number>): void {
    for (const node of decisions.nodes) {
      // A lease belongs to a life of the node.
      if (this.#nodes.get(node.node)?.life !== node.life) this.#leases.end(node.node);
      if (node.goneAt === null) this.#nodes.set(node.node, node);
      else {
        this.#nodes.delete(node.node);
        this.#leases.end(node.node);
        this.#channels.forget(node.node);
      }
    }
    for (const job of decisions.gone.jobs) {
      this.#intake.forgetJob(job);
      this.#specs.forgetJob(job);
    }
    for (const pool of decisions.gone.pools) this.#specs.forgetPool(pool);
    this.#channels.acknowledge(marks, this.#epoch);
  }

  /** What the task asks for can't be put together here (its auto-storage container on an account without storage): it ends as any task whose inputs can't be had. */
  #refuse(node: NodeNumber, key: AttemptKey, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const failure = { category: 'UserError', code: 'ResourceContainerAccessDenied', message, details: [] } as const;
    const endedAt = this.#options.clock();
    this.#push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: null, endedAt, outcome: { kind: 'notStarted', failure } } } });
  }

  #acquire(command: Extract<Command, { kind: 'acquire' }>): void {
    const { provider, credentials, agentUrl, log } = this.#options;
    const node = this.#nodes.get(command.node);
    if (node === undefined) return;
    const { life, pool, dedicated } = command;
    const credential = credentials.issue(node.node, life);
    provider
      .acquire({ node: node.node, nodeId: node.id, life, pool, dedicated, slots: node.slots, agentUrl, credential })
      .catch((error: unknown) => {
        log.warn({ error, node: node.id }, 'the provider did not give a node');
        this.#observe({ node: node.node, life, observed: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) } });
      });
  }

  #release(node: NodeNumber, life: number): void {
    const { provider, log } = this.#options;
    provider.release(node, life, RELEASE_GRACE_MS).catch((error: unknown) => log.error({ error, node }, 'a node could not be released'));
  }

  #observe(observation: Observation): void {
    const { node, life, observed } = observation;
    if (this.#phase === 'loading') this.#observedMeanwhile.set(node, observation);
    if (this.#phase !== 'ready' || this.#nodes.get(node)?.life !== life) return;
    if (observed.kind === 'running' && !this.#channels.has(node)) this.#leases.expect(node, this.#options.clock());
    this.#push({ kind: 'node', node, life, observed });
  }

  #push(event: CoreEvent): void {
    if (this.#phase !== 'ready') return;
    this.#events.push(event);
    this.#options.onWork();
  }

  #fail(error: unknown): void {
    // A heartbeat may have ended it while a tick was under way.
    if (this.#phase === 'ended') return;
    const { log, account } = this.#options;
    if (error instanceof Deposed || error instanceof AccountOwned) {
      log.error({ account: account.name, epoch: this.#epoch }, 'another process owns the account now');
      this.#end('another process owns the account');
      return;
    }
    if (error instanceof RulesFault) {
      log.error({ error, account: account.name }, 'the rules failed');
      this.#end('the rules failed');
      this.#options.onFault(error);
      return;
    }
    log.warn({ error, account: account.name }, 'the outcome of a tick is unknown: loading the account again');
    this.#phase = 'loading';
    this.#core = null;
    this.#channels.closeAll('the owner loads the account again');
    this.#options.onWork();
  }

  #end(reason: string): void {
    this.#phase = 'ended';
    this.#core = null;
    this.#stopWatching();
    this.#channels.closeAll(reason);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error(reason));
  }
}

const RELEASE_GRACE_MS = 2_000;

const decide = (core: Core, tick: { readonly now: Instant; readonly seed: number; readonly events: readonly CoreEvent[] }): Decisions => {
  try {
    for (const event of tick.events) core.apply(event, tick.now);
    return core.decide(tick.now, seededRandom(tick.seed));
  } catch (error) {
    throw new RulesFault(error, tick);
  }
};

const isEmpty = ({ tasks, jobs, pools, nodes, gone, commands }: Decisions): boolean =>
  tasks.length + jobs.length + pools.length + nodes.length + gone.tasks.length + gone.jobs.length + gone.pools.length + commands.length === 0;
