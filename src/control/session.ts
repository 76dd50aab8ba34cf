import { withoutEndings, type Command, type Decisions } from '../core/decisions.ts';
import type { CoreEvent, Snapshot } from '../core/events.ts';
import type { JobNumber, NodeNumber, TaskNumber } from '../core/keys.ts';
import type { Core } from '../core/port.ts';
import type { NodeStatus } from '../core/status.ts';
import { durableTransitions, NO_TRANSITIONS, TransitionTracker } from '../core/transitions/tracker.ts';
import type { Observation } from '../nodes/provider.ts';
import type { AddedTasks, AttemptSpec } from '../store/ownerStore.ts';
import { CarefulSteps, type Careful, type Portion } from './careful.ts';
import { Channels } from './channels.ts';
import { dispatch, taskName, type DispatchOptions } from './dispatch.ts';
import { Intake, type Ingested } from './intake.ts';
import type { Beginning } from './journal.ts';
import { Measures } from './measures.ts';
import type { NodeSource } from './nodeSource.ts';
import { outgoing } from './outgoing.ts';
import { PACE_MS, paceAfter } from './pace.ts';
import { Recorder } from './recorder.ts';
import { decide, roomOf } from './rules.ts';
import { Specs } from './specs.ts';
import { tellStory } from './story/story.ts';
import type { Surroundings } from './surroundings.ts';
import { TaskEnds } from './taskEnds.ts';
import { type Decided, NOTHING_SAID, type Outcome, type Turn } from './turn.ts';

/**
 * An account as it was claimed and loaded. `now`, `snapshot`: what the rules were created with, the account without
 * what is in quarantine.
 */
export interface Loaded extends Beginning {
  readonly epoch: number;
  /** When the claim was begun, on the monotonic clock. */
  readonly claimedAt: number;
  readonly core: Core;
  /** With what is in quarantine. */
  readonly whole: Snapshot;
  /** How many nodes the provider has room for; null: it knows no bound. */
  readonly maxNodes: number | null;
  /** What the provider says of each node. */
  readonly truth: Awaited<ReturnType<NodeSource['truth']>>;
  /** null: the rules have not failed. */
  readonly careful: Careful | null;
}

/**
 * So much, and as much as that tick took, has to have arrived to be a tick of its own beside one whose commit is under
 * way. Otherwise it waits for that commit: commits of an account are made one after another all the same, and smaller
 * ones cost more for each thing in them. Without this bound they were two thirds as large, and what a busy owner got
 * done in a second went down.
 */
const AHEAD_FROM = 100;

/**
 * All that an owner has in memory of a loaded account: one epoch, one core, the agents that came since. It is made by
 * loading and is right as long as each of its commits succeeds; after one that did not, it is closed and thrown away
 * as a whole, and the next load makes another. Nothing in it is ever reset. A turn is `deliver` (what the last commit
 * decided), `ingest`, `decide`, `settle`, `deliver`. While a commit is under way another turn may be decided, of what
 * has arrived (`ingestArrived`): nothing is read from the database before all that was decided is in it. Turns are
 * settled and delivered in their order.
 */
export class Session {
  readonly epoch: number;
  readonly core: Core;
  /** Connected agents; those of an earlier session have to come again. */
  readonly channels = new Channels();
  readonly specs: Specs;
  readonly taskEnds = new TaskEnds();
  readonly measures = new Measures();
  /** When the last heartbeat that succeeded was begun, on the monotonic clock. */
  beatAt: number;
  readonly #around: Surroundings;
  readonly #dispatch: DispatchOptions;
  readonly #intake: Intake;
  readonly #nodes: Map<NodeNumber, NodeStatus>;
  /** Of what was decided, whether it is committed or not. */
  readonly #tracker: TransitionTracker;
  /** What has arrived since the last tick. */
  readonly #events: CoreEvent[] = [];
  /** null: it takes all there is. */
  #steps: CarefulSteps | null;
  /** Numbered from 1 without a gap: a replay sees by that whether the beginning of an epoch is still in the journal. */
  #tick = 0;
  readonly #recorder: Recorder;
  /** Jobs that did not end although the last tick decided so: told before anything else. */
  #refused: readonly JobNumber[] = [];
  /** How many events the last tick decided on. */
  #lastTook = 0;
  #paceMs = PACE_MS;
  /** What commits have decided, as long as it has not been sent. */
  readonly #undelivered: { readonly commands: readonly Command[]; readonly specs: ReadonlyMap<string, AttemptSpec> }[] = [];
  /** Who waits until so much has arrived that it is worth a tick. */
  #onEnough = (): void => {};
  #isOver = false;

  constructor(around: Surroundings, { epoch, claimedAt, core, now, snapshot, whole, maxNodes, truth, careful }: Loaded) {
    const { options, absent, sweeps, quarantine } = around;
    const { store, account, monotonic } = options;
    this.#around = around;
    this.epoch = epoch;
    this.core = core;
    this.beatAt = claimedAt;
    this.specs = new Specs(store);
    this.#recorder = new Recorder({ now, snapshot }, () =>
      options.log.info({ account: account.name, epoch }, 'the account is too large to be written down as it was loaded: its journal replays from when it is smaller'));
    this.#dispatch = outgoing(this, around);
    this.#steps = careful === null ? null : new CarefulSteps(careful);
    this.#nodes = new Map(snapshot.nodes.map((node) => [node.node, node]));
    this.#intake = new Intake({ store, account: account.number, specs: this.specs, sweeps, admit: (event) => quarantine.admit(event) }, snapshot);
    const running = new Set(truth.filter(({ observed }) => observed.kind === 'running').map(({ node }) => node.node));
    absent.reconcile(snapshot.nodes, (node) => running.has(node), monotonic());
    this.#tracker = new TransitionTracker(whole);
    this.#events.push(roomOf(options, maxNodes), ...quarantine.ends(snapshot));
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

  /** The present life of a node that the account has; null: it has no such node, or one that is deallocated. */
  lifeOf(node: NodeNumber): number | null {
    const status = this.#nodes.get(node);
    return status === undefined || status.state === 'deallocated' ? null : status.life;
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

  /** Nothing waits here: all that arrived is decided on, and what was decided has been sent. */
  get isSettled(): boolean {
    return !this.hasWork() && this.#undelivered.length === 0;
  }

  hasWork(): boolean {
    return this.#intake.hasWork() || this.#events.length > 0;
  }

  /** How far apart ticks begin that nobody waits for. */
  get paceMs(): number {
    return this.#paceMs;
  }

  push(event: CoreEvent): void {
    if (this.#isOver) return;
    this.#events.push(event);
    if (this.#hasEnough) this.#onEnough();
    this.#around.options.onWork();
  }

  /** The provider has seen it. */
  observe({ node, life, observed }: Observation): void {
    const { absent, options } = this.#around;
    if (this.#isOver || this.lifeOf(node) !== life) return;
    if (observed.kind === 'running' && !this.channels.has(node)) absent.expect(node, options.monotonic());
    // An engine that has lost a machine may be wrong about what runs there: that is others' from now on.
    if (observed.kind === 'ended' || observed.kind === 'preempted') this.channels.send(node, { kind: 'leave', epoch: this.epoch });
    this.push({ kind: 'node', node, life, observed });
  }

  /**
   * Sends what has been committed, one call at a time. It is durable: if a specification can't be read now, the next
   * call begins with it, before anything newer is sent.
   */
  async deliver(): Promise<void> {
    for (let next = this.#undelivered[0]; next !== undefined && !this.#isOver; next = this.#undelivered[0]) {
      await dispatch(next.commands, next.specs, this.#dispatch);
      this.#undelivered.shift();
    }
  }

  /**
   * What this tick is about; null: the session has ended meanwhile. Throws what the store throws: then nothing has been
   * taken. To be called when all that was decided is settled.
   */
  async ingest(): Promise<Turn | null> {
    const portion = this.#steps?.portion(this.#events.length, this.#intake.hasWork()) ?? 'all';
    const asked = portion === 'all' || portion === 'inbox' ? await this.#intake.read(portion === 'all' ? 'all' : 'one') : null;
    return this.#isOver ? null : this.#turnOf(portion, asked);
  }

  /**
   * Resolves once so much has arrived that it is worth a tick beside the one that is under way; never for one who asked
   * before.
   */
  enough(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnough = resolve;
      if (this.#hasEnough) resolve();
    });
  }

  /**
   * What has arrived, if a tick may take it while others are under way; null: they have to be settled first. Nobody who
   * waits for what he asked for is to wait behind it.
   */
  ingestArrived(): Turn | null {
    const isAllowed = !this.#isOver && this.#hasEnough && this.#steps === null && !this.#intake.hasWork();
    return isAllowed ? this.#turnOf('all', null) : null;
  }

  #turnOf(portion: Portion, asked: Ingested | null): Turn {
    const { absent, quarantine, options } = this.#around;
    // What agents said while the inbox was read comes after it: none of it can be about what has only now been asked.
    this.#events.push(...absent.due(options.monotonic()), ...this.measures.due(options.monotonic()));
    const arrived = this.#events.splice(0, portion === 'all' ? this.#events.length : Number(portion === 'arrived'));
    const events = [...(asked?.events ?? []), ...arrived.flatMap((event) => quarantine.admit(event) ?? [])];
    return { portion, events, entries: asked?.entries ?? [], sweep: asked?.sweep ?? null };
  }

  get #hasEnough(): boolean {
    return this.#events.length >= (this.#around.options.aheadFrom ?? Math.max(AHEAD_FROM, this.#lastTook));
  }

  /**
   * Decides on it and hands that to the store. Throws `RulesFault`: then the session is no longer what the database
   * will hold. `enter`: hears when it is decided.
   */
  decide(turn: Turn, enter: (part: 'commit') => void): Decided {
    const seed = Math.floor(this.#around.options.random() * 4_294_967_296);
    const events = [...this.#refusals(), ...turn.events];
    this.#lastTook = events.length;
    this.#paceMs = paceAfter(events);
    const marks = this.channels.marks(this.#events);
    return { turn, events, marks, ...this.#commit(seed, events, turn.entries, enter) };
  }

  /**
   * Waits for its commit, and then does what follows in memory; what is to be sent waits for `deliver`. Returns what is
   * durable. To be called in the order of deciding. Throws what the store throws: then the session is no longer what
   * the database holds.
   */
  async settle(decided: Decided): Promise<Decisions> {
    const { decisions, marks } = decided;
    const { specs, refused } = await decided.outcome;
    const durable = withoutEndings(decisions, refused);
    this.#tell(decided, durable, { specs, refused });
    this.#settle(durable, marks);
    this.#keepGoing(refused);
    this.#undelivered.push({ commands: decisions.commands, specs });
    return durable;
  }

  /** Whoever shows or logs what was committed hears of it. */
  #tell({ events, committed, transitions: told }: Pick<Decided, 'events' | 'committed' | 'transitions'>, decisions: Decisions, { specs, refused }: Outcome): void {
    const { options, story } = this.#around;
    this.#tracker.named(specs.values());
    if (refused.length > 0) this.#tracker.refused(decisions.jobs.filter(({ job }) => refused.includes(job)));
    if (committed === null) return;
    const transitions = durableTransitions(told, refused);
    if (story !== null) tellStory(story, { events, decisions, transitions, tracker: this.#tracker, nodes: this.#nodes });
    options.onCommit?.({ kind: 'tick', epoch: this.epoch, ...committed, decisions, transitions, ends: () => events.flatMap((event) => (event.kind === 'agent' && event.report.kind === 'ended' ? [event.report.end] : [])) });
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
    const { quarantine } = this.#around;
    const events = [...this.#refusals(), ...this.#events.splice(0).flatMap((event) => quarantine.admit(event) ?? []), { kind: 'shutdown' } as const];
    const decided = this.#commit(0, events, [], () => undefined);
    const outcome = await decided.outcome;
    this.#tell({ events, ...decided }, withoutEndings(decided.decisions, outcome.refused), outcome);
  }

  /**
   * Throws it away. Agents are told `reason`: they come back and repeat what was not acknowledged. Whoever waits for a
   * task's end gets `error`: the rules would not hear of an end that a commit of unknown outcome holds.
   */
  close(reason: string, error: Error): void {
    this.#isOver = true;
    this.channels.closeAll(reason);
    this.#around.fileAsks.abandonAll();
    this.#around.nodeAsks.abandonAll();
    this.#around.archive?.closedAll();
    this.taskEnds.rejectAll(error);
  }

  #commit(seed: number, events: readonly CoreEvent[], inboxEntries: readonly number[], enter: (part: 'commit') => void): Pick<Decided, 'decisions' | 'transitions' | 'committed' | 'outcome' | 'isBarrier'> {
    const { options, quarantine } = this.#around;
    const now = options.clock();
    this.#recorder.before(now, this.core);
    const decisions = decide(this.core, { now, seed, events });
    enter('commit');
    const isBarrier = this.#isBarrier(decisions);
    if (inboxEntries.length === 0 && events.length === 0 && decisions.isIdle) return { decisions, transitions: NO_TRANSITIONS, committed: null, outcome: Promise.resolve(NOTHING_SAID), isBarrier };
    const offered = new Map<string, { job: JobNumber; task: TaskNumber }>();
    for (const command of decisions.commands) {
      if (command.kind === 'offer') offered.set(taskName(command.key), { job: command.key.job, task: command.key.task });
    }
    this.#tick += 1;
    const transitions = this.#tracker.tick(events, decisions, now);
    const outcome = options.store.commit({
      account: options.account.number,
      epoch: this.epoch,
      tick: this.#tick,
      now,
      decisions,
      inboxEntries,
      transitions,
      specs: [...offered.values()],
      quarantine: { over: quarantine.over(decisions) },
      // Without events, too: the clock alone decides things, and a replay has to ask the rules at the same instants.
      journal: this.#recorder.entry(now, seed, events),
    }).then(({ specs, refused }) => ({ specs: new Map(specs.map((spec) => [taskName(spec), spec])), refused }));
    // Nobody hears of one that comes after a failed one.
    outcome.catch(() => undefined);
    return { decisions, transitions, committed: { tick: this.#tick, at: now }, outcome, isBarrier };
  }

  /**
   * The store may refuse a job's end, which the next tick begins with; and a node that goes, is deallocated, or begins
   * another life, is expected to say nothing any more: that it does not must not be told of what comes next. What the
   * rules asked for stands in the inbox once it is committed: the next tick begins with reading it.
   */
  #isBarrier({ guards, nodes, requests = [] }: Decisions): boolean {
    return guards.length > 0 || requests.length > 0 || nodes.some(({ node, life, state, goneAt }) => goneAt !== null || state === 'deallocated' || this.lifeOf(node) !== life);
  }

  /** The commit is done: what follows from it in memory, and what may be said now. */
  #settle(decisions: Decisions, marks: ReadonlyMap<NodeNumber, number>): void {
    const { absent } = this.#around;
    for (const node of decisions.nodes) {
      // What is counted belongs to a life of the node.
      if (this.lifeOf(node.node) !== node.life || node.state === 'deallocated') absent.end(node.node);
      if (node.goneAt === null) this.#nodes.set(node.node, node);
      else {
        this.#nodes.delete(node.node);
        absent.end(node.node);
        this.channels.forget(node.node);
      }
    }
    if (decisions.requests !== undefined && decisions.requests.length > 0) this.#around.sweeps.ask();
    for (const { job, state } of decisions.jobs) if (state === 'completed') this.specs.forgetJob(job);
    for (const job of decisions.gone.jobs) {
      this.#intake.forgetJob(job);
      this.specs.forgetJob(job);
    }
    for (const pool of decisions.gone.pools) this.specs.forgetPool(pool);
    this.channels.acknowledge(marks, this.epoch);
    this.taskEnds.settled(decisions);
    this.#around.archive?.settled(decisions);
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

}
