import { withoutEndings, type Command, type Decisions } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import type { AttemptKey, JobNumber, JobTaskKey, NodeNumber, TaskNumber } from '../core/keys.ts';
import type { Core } from '../core/port.ts';
import type { FailureInfo, NodeStatus } from '../core/status.ts';
import type { Observation } from '../nodes/provider.ts';
import type { AddedTasks, AttemptSpec } from '../store/ownerStore.ts';
import type { Absent } from './absent.ts';
import { CarefulSteps, type Careful, type Portion } from './careful.ts';
import { Channels } from './channels.ts';
import { dispatch, taskName, type DispatchOptions } from './dispatch.ts';
import { Intake } from './intake.ts';
import { CORE_VERSION, encodeBeginning, encodeInputs, type Beginning } from './journal.ts';
import type { NodeAsks } from './nodeAsks.ts';
import type { NodeSource } from './nodeSource.ts';
import type { OwnerOptions } from './ownerOptions.ts';
import type { Quarantine } from './quarantine.ts';
import { decide } from './rules.ts';
import { Specs } from './specs.ts';
import type { Story } from './story/story.ts';
import type { Sweeps } from './sweeps.ts';
import { TaskEnds } from './taskEnds.ts';

/** What a session works with, and what outlasts it. */
export interface Surroundings {
  readonly options: OwnerOptions;
  readonly source: NodeSource;
  /** Silence goes on whatever is in memory: a lease is counted from when the agent fell silent. */
  readonly absent: Absent;
  readonly asks: NodeAsks;
  /** Callers wait for their numbers, however often the account is loaded. */
  readonly sweeps: Sweeps;
  readonly quarantine: Quarantine;
  readonly story: Story | null;
}

/**
 * An account as it was claimed and loaded. `now`, `snapshot`: what the rules were created with, the account without
 * what is in quarantine.
 */
export interface Loaded extends Beginning {
  readonly epoch: number;
  /** When the claim was begun, on the monotonic clock. */
  readonly claimedAt: number;
  readonly core: Core;
  /** How many nodes the provider has room for; null: it knows no bound. */
  readonly maxNodes: number | null;
  /** What the provider says of each node. */
  readonly truth: Awaited<ReturnType<NodeSource['truth']>>;
  /** null: the rules have not failed. */
  readonly careful: Careful | null;
}

/** What a tick takes. */
export interface Turn {
  readonly portion: Portion;
  readonly events: readonly CoreEvent[];
  /** Inbox entries that its commit removes. */
  readonly entries: readonly number[];
  /** The sweep that is done with it; null: the inbox is not looked at. */
  readonly sweep: number | null;
}

/** What has been decided and committed. */
interface Committed {
  readonly decisions: Decisions;
  readonly specs: ReadonlyMap<string, AttemptSpec>;
  readonly refused: readonly JobNumber[];
}

/**
 * All that an owner has in memory of a loaded account: one epoch, one core, the agents that came since. It is made by
 * loading and is right as long as each of its commits succeeds; after one that did not, it is closed and thrown away as
 * a whole, and the next load makes another. Nothing in it is ever reset. A turn is `deliver` (what the last commit
 * decided), `take`, `commit`, `deliver`.
 */
export class Session {
  readonly epoch: number;
  readonly core: Core;
  /** Connected agents; those of an earlier session have to come again. */
  readonly channels = new Channels();
  readonly specs: Specs;
  readonly taskEnds = new TaskEnds();
  /** When the last heartbeat that succeeded was begun, on the monotonic clock. */
  beatAt: number;
  readonly #around: Surroundings;
  readonly #dispatch: DispatchOptions;
  readonly #intake: Intake;
  readonly #nodes: Map<NodeNumber, NodeStatus>;
  /** What has arrived since the last tick. */
  readonly #events: CoreEvent[] = [];
  /** null: it takes all there is. */
  #steps: CarefulSteps | null;
  /** Numbered from 1 without a gap: a replay sees by that whether the beginning of an epoch is still in the journal. */
  #tick = 0;
  /** What the epoch's first tick goes on from, for the journal; null: it is written, or was too large. */
  #beginning: Uint8Array | null;
  /** Jobs that did not end although the last tick decided so: told before anything else. */
  #refused: readonly JobNumber[] = [];
  /** What the last commit decided, as long as it has not been sent. */
  #undelivered: { readonly commands: readonly Command[]; readonly specs: ReadonlyMap<string, AttemptSpec> } | null = null;
  #isOver = false;

  constructor(around: Surroundings, { epoch, claimedAt, core, now, snapshot, maxNodes, truth, careful }: Loaded) {
    const { options, absent, sweeps, quarantine, story } = around;
    const { store, account, monotonic } = options;
    this.#around = around;
    this.epoch = epoch;
    this.core = core;
    this.beatAt = claimedAt;
    this.specs = new Specs(store);
    this.#beginning = this.#recorded({ now, snapshot });
    this.#dispatch = this.#dispatchOptions();
    this.#steps = careful === null ? null : new CarefulSteps(careful);
    this.#nodes = new Map(snapshot.nodes.map((node) => [node.node, node]));
    this.#intake = new Intake({ store, account: account.number, specs: this.specs, sweeps, admit: (event) => quarantine.admit(event) }, snapshot);
    const running = new Set(truth.filter(({ observed }) => observed.kind === 'running').map(({ node }) => node.node));
    absent.takeOver(snapshot.nodes, (node) => running.has(node), monotonic());
    story?.load(snapshot);
    this.#events.push({ kind: 'room', maxNodes }, ...quarantine.ends(snapshot));
    for (const { node, observed } of truth) if (this.#nodes.has(node.node)) this.#events.push({ kind: 'node', node: node.node, life: node.life, observed });
  }

  /** Its nodes, as the last commit left them. */
  get nodes(): ReadonlyMap<NodeNumber, NodeStatus> {
    return this.#nodes;
  }

  /** The last tick that was handed to the store; 0: none yet. */
  get tick(): number {
    return this.#tick;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a tick that fails now fails on what it took. */
  get isByItself(): boolean {
    return this.#steps?.isByItself === true;
  }

  /** The present life of a node that the account has. */
  lifeOf(node: NodeNumber): number | null {
    return this.#nodes.get(node)?.life ?? null;
  }

  /** The number of an agent's report in its life, 0 for a hello; -1: it is the owner's own. */
  sequenceOf(event: CoreEvent): number {
    return this.channels.sequenceOf(event);
  }

  /** Clients have added tasks: returns whether they will be taken in without a look at the inbox. */
  hand(added: AddedTasks): boolean {
    return this.#steps === null && this.#intake.hand(added);
  }

  /** Whether added tasks were handed over that have not been taken in yet. */
  get isHanded(): boolean {
    return this.#intake.isHanded;
  }

  hasWork(): boolean {
    return this.#intake.hasWork() || this.#events.length > 0;
  }

  push(event: CoreEvent): void {
    if (this.#isOver) return;
    this.#events.push(event);
    this.#around.options.onWork();
  }

  /** The provider has seen it. */
  observe({ node, life, observed }: Observation): void {
    const { absent, options } = this.#around;
    if (this.#isOver || this.lifeOf(node) !== life) return;
    if (observed.kind === 'running' && !this.channels.has(node)) absent.expect(node, options.monotonic());
    this.push({ kind: 'node', node, life, observed });
  }

  /**
   * Sends what the last commit decided. It is durable: if a specification can't be read now, the next tick begins with
   * it, before anything newer is sent.
   */
  async deliver(): Promise<void> {
    if (this.#undelivered === null || this.#isOver) return;
    const { commands, specs } = this.#undelivered;
    await dispatch(commands, specs, this.#dispatch);
    this.#undelivered = null;
  }

  /**
   * What this tick is about; null: the session has ended meanwhile. Throws what the store throws: then nothing has been
   * taken.
   */
  async take(): Promise<Turn | null> {
    const { absent, quarantine, options } = this.#around;
    const portion = this.#steps?.portion(this.#events.length, this.#intake.hasWork()) ?? 'all';
    const asked = portion === 'all' || portion === 'inbox' ? await this.#intake.read(portion === 'all' ? 'all' : 'one') : null;
    if (this.#isOver) return null;
    // What agents said while the inbox was read comes after it: none of it can be about what has only now been asked.
    this.#events.push(...absent.due(options.monotonic()));
    const arrived = this.#events.splice(0, portion === 'all' ? this.#events.length : Number(portion === 'arrived'));
    const events = [...(asked?.events ?? []), ...arrived.flatMap((event) => quarantine.admit(event) ?? [])];
    return { portion, events, entries: asked?.entries ?? [], sweep: asked?.sweep ?? null };
  }

  /**
   * Decides on it and commits that, and then does what follows in memory; what is to be sent waits for `deliver`.
   * Returns what is durable. Throws `RulesFault` and what the store throws: then the session is no longer what the
   * database holds. `enter`: hears when the commit begins, and when it is done.
   */
  async commit(turn: Turn, enter: (part: 'commit' | 'dispatch') => void): Promise<Decisions> {
    const { options } = this.#around;
    const seed = Math.floor(options.random() * 4_294_967_296);
    const events = [...this.#refusals(), ...turn.events];
    const marks = this.channels.applied(this.#events);
    const { decisions, specs, refused } = await this.#decide(seed, events, turn.entries, enter);
    enter('dispatch');
    const durable = withoutEndings(decisions, refused);
    this.#around.story?.tick({ events, decisions: durable, specs: specs.values(), nodes: this.#nodes });
    this.#settle(durable, marks);
    this.#keepGoing(refused);
    this.#undelivered = { commands: decisions.commands, specs };
    return durable;
  }

  /** Full speed again if what was pending has passed with this tick. Returns whether it has. */
  passed({ portion, events }: Turn): boolean {
    const isOver = this.#steps?.passed(portion, {
      events,
      sequenceOf: (event) => this.sequenceOf(event),
      sweep: () => this.#around.sweeps.ask(),
      covered: this.#intake.covered,
      arrived: this.#events.length,
      now: this.#around.options.monotonic(),
    });
    if (isOver === true) this.#steps = null;
    return isOver === true;
  }

  /**
   * The account's last tick before the service ends: its nodes have been, and their tasks go back into the queue.
   * Throws as `commit` does; nothing is sent.
   */
  async shutDown(): Promise<void> {
    const { quarantine, story } = this.#around;
    const events = [...this.#refusals(), ...this.#events.splice(0).flatMap((event) => quarantine.admit(event) ?? []), { kind: 'shutdown' } as const];
    const { decisions, specs, refused } = await this.#decide(0, events, [], () => undefined);
    story?.tick({ events, decisions: withoutEndings(decisions, refused), specs: specs.values(), nodes: this.#nodes });
  }

  /**
   * Throws it away. Agents are told `reason`: they come back and repeat what was not acknowledged. Whoever waits for a
   * task's end gets `error`: the rules would not hear of an end that a commit of unknown outcome holds.
   */
  close(reason: string, error: Error): void {
    this.#isOver = true;
    this.channels.closeAll(reason);
    this.#around.asks.abandonAll();
    this.taskEnds.rejectAll(error);
  }

  #recorded(beginning: Beginning): Uint8Array | null {
    const { log, account } = this.#around.options;
    const encoded = encodeBeginning(beginning);
    if (encoded === null) log.info({ account: account.name, epoch: this.epoch }, 'the account is too large to be written down as it was loaded: the journal of this epoch does not replay');
    return encoded;
  }

  #dispatchOptions(): DispatchOptions {
    const { options, source } = this.#around;
    return {
      specs: this.specs,
      knownJobs: (jobs) => options.store.readKnownJobs(jobs),
      sign: options.sign,
      token: ({ job, task, attempt }) => options.tokens.issue({ account: options.account.number, job, task, attempt }),
      send: (node, commands) => this.channels.send(node, { kind: 'commands', epoch: this.epoch, commands }),
      acquire: (command, spec) => {
        const node = this.#nodes.get(command.node);
        if (node !== undefined) source.acquire(command, node, spec);
      },
      release: ({ node, life, silent }) => source.release(node, life, silent),
      halt: ({ node, life }) => source.restart(node, life),
      refuse: (node, key, failure, error) => this.#refuse(node, key, failure, error),
      refuseJobTask: (node, key, failure, error, offer) => {
        this.#refuseJobTask(node, key, failure, error);
        if (offer !== null) this.push({ kind: 'agent', node, report: { kind: 'revoked', key: offer } });
      },
    };
  }

  async #decide(seed: number, events: readonly CoreEvent[], inboxEntries: readonly number[], enter: (part: 'commit') => void): Promise<Committed> {
    const { options, quarantine } = this.#around;
    const now = options.clock();
    const decisions = decide(this.core, { now, seed, events });
    enter('commit');
    if (inboxEntries.length === 0 && events.length === 0 && decisions.isIdle) return { decisions, specs: new Map(), refused: [] };
    const offered = new Map<string, { job: JobNumber; task: TaskNumber }>();
    for (const command of decisions.commands) {
      if (command.kind === 'offer') offered.set(taskName(command.key), { job: command.key.job, task: command.key.task });
    }
    this.#tick += 1;
    const beginning = this.#beginning;
    this.#beginning = null;
    const { specs, refused } = await options.store.commit({
      account: options.account.number,
      epoch: this.epoch,
      tick: this.#tick,
      now,
      decisions,
      inboxEntries,
      specs: [...offered.values()],
      quarantine: { over: quarantine.over(decisions) },
      // Without events, too: the clock alone decides things, and a replay has to ask the rules at the same instants.
      journal: { coreVersion: CORE_VERSION, seed, inputs: encodeInputs(events), beginning },
    });
    return { decisions, specs: new Map(specs.map((spec) => [taskName(spec), spec])), refused };
  }

  /** The commit is done: what follows from it in memory, and what may be said now. */
  #settle(decisions: Decisions, marks: ReadonlyMap<NodeNumber, number>): void {
    const { absent } = this.#around;
    for (const node of decisions.nodes) {
      // What is counted belongs to a life of the node.
      if (this.lifeOf(node.node) !== node.life) absent.end(node.node);
      if (node.goneAt === null) this.#nodes.set(node.node, node);
      else {
        this.#nodes.delete(node.node);
        absent.end(node.node);
        this.channels.forget(node.node);
      }
    }
    for (const { job, state } of decisions.jobs) if (state === 'completed') this.specs.forgetJob(job);
    for (const job of decisions.gone.jobs) {
      this.#intake.forgetJob(job);
      this.specs.forgetJob(job);
    }
    for (const pool of decisions.gone.pools) this.specs.forgetPool(pool);
    this.channels.acknowledge(marks, this.epoch);
    this.taskEnds.settled(decisions);
  }

  /**
   * Tasks were added to these jobs, or made active again, while they were to end: the rules take that back in the next
   * tick, which brings what the jobs wait for.
   */
  #keepGoing(refused: readonly JobNumber[]): void {
    const { log, account } = this.#around.options;
    this.#refused = refused;
    for (const job of refused) this.#intake.catchUp(job);
    if (refused.length > 0) log.info({ account: account.name, jobs: refused }, 'jobs go on that were about to end: tasks were added to them, or made active again');
  }

  #refusals(): readonly CoreEvent[] {
    const refusals = this.#refused.map((job) => ({ kind: 'endingRefused', job }) as const);
    this.#refused = [];
    return refusals;
  }

  /** What the task asks for can't be put together here: it ends as any task whose inputs can't be had. */
  #refuse(node: NodeNumber, key: AttemptKey, failure: FailureInfo, error: unknown): void {
    const { log, clock } = this.#around.options;
    if (failure.category === 'ServerError') log.error({ error, ...key }, 'a task could not be prepared: it ends as failed');
    this.push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: null, endedAt: clock(), outcome: { kind: 'notStarted', failure } } } });
  }

  /** It ends as one whose inputs can't be had; tasks that were to wait for it come back. */
  #refuseJobTask(node: NodeNumber, key: JobTaskKey, failure: FailureInfo, error: unknown): void {
    const { log, clock } = this.#around.options;
    if (failure.category === 'ServerError') log.error({ error, ...key }, "a job's preparation or release task could not be put together: it ends as failed");
    const now = clock();
    const status = { state: 'completed', startedAt: now, endedAt: now, exitCode: null, failure, retryCount: 0, lastRetryAt: null, result: 'failure' } as const;
    this.push({ kind: 'agent', node, report: { kind: 'jobTask', key, status } });
  }
}
