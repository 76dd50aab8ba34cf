import type { AgentFrame, AgentCommand } from '../agent/frames.ts';
import type { Command, Decisions } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import { attemptName, type AccountNumber, type AttemptKey, type Instant, type JobNumber, type NodeNumber, type TaskNumber } from '../core/keys.ts';
import type { Core, CreateCore, Random, Reason } from '../core/port.ts';
import type { NodeStatus } from '../core/status.ts';
import type { Observation, PoolProvider } from '../nodes/provider.ts';
import type { AgentChannel, AgentDoor } from '../ports.ts';
import { AccountOwned, Deposed, OWNER_DEAD_AFTER_MS, type AttemptSpec, type OwnerStore } from '../store/ownerStore.ts';
import type { TaskAdd } from '../wire/types.generated.ts';
import { Channels } from './channels.ts';
import type { NodeCredentials } from './credentials.ts';
import { CORE_VERSION, encodeInputs, seededRandom } from './journal.ts';
import { NodeAsks } from './nodeAsks.ts';
import { Specs } from './specs.ts';
import { nodeSetup, taskWork, type SignContainer } from './work.ts';

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
  readonly log: OwnerLog;
}

export interface OwnerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
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

const INBOX_ENTRIES_A_TICK = 1_000;
const NEW_TASKS_A_TICK = 5_000;
/** An owner that could not beat for so long lets go before another one may claim: agents that it kept would think their lease renewed. */
const LET_GO_AFTER_MS = OWNER_DEAD_AFTER_MS - 2_000;
/** The owner counts a lease by its own clock and a little longer than the agent does. */
const LEASE_MARGIN_MS = 2_000;

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
  #inboxDirty = true;
  #waiters: Waiter[] = [];
  /** Jobs with committed tasks that have not been taken in, and up to where each job's have. */
  readonly #unread = new Set<JobNumber>();
  readonly #ingested = new Map<JobNumber, TaskNumber>();
  readonly #nodes = new Map<NodeNumber, NodeStatus>();
  readonly #leases = new Map<NodeNumber, Instant>();
  /** When the last heartbeat that succeeded was begun. */
  #beatAt: Instant = 0;
  #stopWatching: () => void = () => undefined;
  /** What the provider saw while it made its list: newer than the list. */
  readonly #observedMeanwhile = new Map<NodeNumber, Observation>();

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#specs = new Specs(options.store);
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
    this.#inboxDirty = true;
    this.#options.onWork();
  }

  hasWork(): boolean {
    return this.#phase !== 'ended' && (this.#phase === 'loading' || this.#inboxDirty || this.#unread.size > 0 || this.#events.length > 0);
  }

  /** When a tick is due though nothing arrives; null: never. */
  nextTimer(): Instant | null {
    const times = [...this.#leases.values()];
    const core = this.#core?.nextTimer() ?? null;
    if (core !== null) times.push(core);
    return times.length === 0 ? null : Math.min(...times);
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
      const inbox = await this.#readInbox();
      const now = this.#options.clock();
      this.#expireLeases(now);
      const events = this.#events.splice(0);
      const marks = this.#channels.applied();
      for (const event of events) core.apply(event, now);
      const seed = Math.floor(this.#options.random() * 4_294_967_296);
      const decisions = core.decide(now, seededRandom(seed));
      const specs = await this.#commit(now, seed, events, inbox.entries, decisions);
      this.#settle(decisions, marks);
      if (inbox.more) this.#waiters.unshift(...waiters);
      else for (const waiter of waiters) waiter.resolve();
      await this.#carryOut(decisions.commands, specs);
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
      for (const event of events) core.apply(event, now);
      await this.#commit(now, 0, events, [], core.decide(now, seededRandom(0)));
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
    // An agent is welcomed before anything it says leads to a command: what follows its hello waits for that.
    let waiting: AgentFrame[] | null = null;
    const receive = (frame: AgentFrame): void => {
      if (!this.#channels.isCurrent(node, channel)) return;
      if (waiting !== null) {
        waiting.push(frame);
        return;
      }
      if (frame.kind !== 'hello') return this.#receive(node, frame);
      if (frame.report.life !== life) return channel.close('the credential is that of another life');
      waiting = [];
      void this.#welcome(node, channel).then(() => {
        const held = waiting ?? [];
        waiting = null;
        if (!this.#channels.isCurrent(node, channel)) return;
        this.#leases.delete(node);
        this.#push({ kind: 'agent', node, report: frame.report });
        for (const later of held) receive(later);
      });
    };
    return {
      onFrame: receive,
      onClose: () => {
        if (!this.#channels.close(node, channel)) return;
        this.asks.abandon(node);
        const { leaseMs } = this.#options.provider;
        if (leaseMs !== null) this.#leases.set(node, this.#options.clock() + leaseMs + LEASE_MARGIN_MS);
        this.#push({ kind: 'silent', node });
      },
    };
  }

  #receive(node: NodeNumber, frame: Exclude<AgentFrame, { kind: 'hello' }>): void {
    switch (frame.kind) {
      case 'reports':
        for (const report of this.#channels.fresh(node, frame)) this.#push({ kind: 'agent', node, report });
        return;
      case 'fileAnswer':
        this.asks.answer(frame.request, frame.answer);
        return;
    }
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
    this.#unread.clear();
    this.#ingested.clear();
    this.#events = [];
    for (const node of snapshot.nodes) this.#nodes.set(node.node, node);
    this.#countLeases(snapshot.nodes);
    for (const { intent, status } of snapshot.jobs) this.#expectTasks(intent.job, intent.nextTask, status?.ingested ?? 0);
    this.#core = createCore(snapshot, clock());
    this.#phase = 'ready';
    this.#inboxDirty = true;
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

  /** Agents that do not come back after we took over are silent from now on, if not from before. */
  #countLeases(nodes: readonly NodeStatus[]): void {
    const { provider, clock } = this.#options;
    const before = new Map(this.#leases);
    this.#leases.clear();
    if (provider.leaseMs === null) return;
    const until = clock() + provider.leaseMs + LEASE_MARGIN_MS;
    for (const { node, state } of nodes) if (state !== 'creating') this.#leases.set(node, before.get(node) ?? until);
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

  #expectTasks(job: JobNumber, nextTask: TaskNumber, ingested: TaskNumber): void {
    if (!this.#ingested.has(job)) this.#ingested.set(job, ingested);
    if (nextTask - 1 > (this.#ingested.get(job) ?? 0)) this.#unread.add(job);
  }

  async #readInbox(): Promise<{ entries: readonly number[]; more: boolean }> {
    const { store, account } = this.#options;
    let entries: readonly number[] = [];
    let more = false;
    if (this.#inboxDirty) {
      this.#inboxDirty = false;
      const batch = await store.readInbox(account.number, INBOX_ENTRIES_A_TICK);
      entries = batch.entries;
      more = batch.more;
      for (const intent of batch.pools) {
        this.#specs.forgetPool(intent.pool);
        this.#events.push({ kind: 'pool', intent });
      }
      for (const { intent, status } of batch.jobs) {
        this.#specs.forgetJob(intent.job);
        this.#events.push({ kind: 'job', intent, status });
        this.#expectTasks(intent.job, intent.nextTask, status?.ingested ?? 0);
      }
      for (const job of batch.jobsWithNewTasks) this.#unread.add(job);
      await this.#readNewTasks();
      // A task not taken in yet comes with its job's new tasks as it is by then.
      for (const { job, task } of batch.tasks) {
        if (task.intent.task <= (this.#ingested.get(job) ?? 0)) this.#events.push({ kind: 'task', job, task });
      }
    } else await this.#readNewTasks();
    if (more) this.#inboxDirty = true;
    return { entries, more: more || this.#unread.size > 0 };
  }

  async #readNewTasks(): Promise<void> {
    let room = NEW_TASKS_A_TICK;
    for (const job of this.#unread) {
      if (room <= 0) return;
      const after = this.#ingested.get(job) ?? 0;
      const page = await this.#options.store.readTasks(job, after, room);
      if (page.through > after) {
        this.#ingested.set(job, page.through);
        this.#events.push({ kind: 'tasks', job, through: page.through, tasks: page.tasks });
      }
      room -= page.tasks.length;
      if (room > 0) this.#unread.delete(job);
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
      if (node.goneAt === null) this.#nodes.set(node.node, node);
      else {
        this.#nodes.delete(node.node);
        this.#leases.delete(node.node);
        this.#channels.forget(node.node);
      }
    }
    for (const job of decisions.gone.jobs) {
      this.#ingested.delete(job);
      this.#unread.delete(job);
      this.#specs.forgetJob(job);
    }
    for (const pool of decisions.gone.pools) this.#specs.forgetPool(pool);
    this.#channels.acknowledge(marks, this.#epoch);
  }

  async #carryOut(commands: readonly Command[], specs: ReadonlyMap<string, AttemptSpec>): Promise<void> {
    if (commands.length === 0) return;
    const jobs = await this.#specs.jobs(commands.flatMap((command) => (command.kind === 'offer' ? [command.key.job] : [])));
    const sign = await this.#options.signer();
    const byNode = new Map<NodeNumber, AgentCommand[]>();
    const tell = (node: NodeNumber, command: AgentCommand): void => {
      const list = byNode.get(node);
      if (list === undefined) byNode.set(node, [command]);
      else list.push(command);
    };
    for (const command of commands) {
      switch (command.kind) {
        case 'offer': {
          const spec = specs.get(taskName(command.key));
          const job = jobs.get(command.key.job);
          if (spec === undefined || job === undefined) break;
          try {
            tell(command.node, { kind: 'offer', key: command.key, work: taskWork({ ...(spec.spec as TaskAdd), id: spec.id }, job, sign) });
          } catch (error) {
            this.#refuse(command.node, command.key, error);
          }
          break;
        }
        case 'acquire':
          this.#acquire(command);
          break;
        case 'release':
          this.#release(command.node, command.life);
          break;
        case 'revoke':
        case 'end':
        case 'discard':
        case 'discardJob': {
          const { node, ...rest } = command;
          tell(node, rest);
          break;
        }
      }
    }
    for (const [node, list] of byNode) this.#channels.send(node, { kind: 'commands', epoch: this.#epoch, commands: list });
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
    else if (this.#nodes.get(node)?.life === life) this.#push({ kind: 'node', node, life, observed });
  }

  #expireLeases(now: Instant): void {
    for (const [node, until] of this.#leases) {
      if (until > now) continue;
      this.#leases.delete(node);
      this.#events.push({ kind: 'leaseExpired', node });
    }
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

const taskName = ({ job, task }: { readonly job: JobNumber; readonly task: TaskNumber }): string => attemptName({ job, task, attempt: 0, instance: 0 });

const isEmpty = ({ tasks, jobs, pools, nodes, gone, commands }: Decisions): boolean =>
  tasks.length + jobs.length + pools.length + nodes.length + gone.tasks.length + gone.jobs.length + gone.pools.length + commands.length === 0;
