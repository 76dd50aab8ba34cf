import type { AgentFrame } from '../agent/frames.ts';
import { withoutEndings, type Command, type Decisions } from '../core/decisions.ts';
import type { CoreEvent, Snapshot } from '../core/events.ts';
import type { AttemptKey, Instant, JobNumber, NodeNumber, TaskNumber } from '../core/keys.ts';
import type { Core, JobExplanation } from '../core/port.ts';
import type { Reason } from '../core/reasons.ts';
import type { FailureInfo, NodeStatus } from '../core/status.ts';
import type { Observation } from '../nodes/provider.ts';
import type { AgentChannel, AgentDoor } from '../ports.ts';
import { AccountOwned, Deposed, NoRoom, OWNER_DEAD_AFTER_MS, Refused, type AttemptSpec, type QuarantineChange } from '../store/ownerStore.ts';
import { Absent } from './absent.ts';
import { listenTo } from './agentDoor.ts';
import { Careful, type Portion } from './careful.ts';
import { Channels } from './channels.ts';
import { dispatch, taskName, type DispatchOptions } from './dispatch.ts';
import { Intake, type Taken } from './intake.ts';
import { type Beginning, CORE_VERSION, encodeBeginning, encodeInputs, seededRandom } from './journal.ts';
import { NodeAsks } from './nodeAsks.ts';
import { loadedOf, poisonOf } from './leaveOut.ts';
import { NodeSource } from './nodeSource.ts';
import { RulesFault, type OwnerOptions } from './ownerOptions.ts';
import { Quarantine } from './quarantine.ts';
import { SILENCE_BOUNDS } from './silence.ts';
import { Specs } from './specs.ts';
import { type CommittedTick, Story } from './story/story.ts';
import { TaskEnds } from './taskEnds.ts';
import { TickTimes } from './tickTimes.ts';
import { Waiters } from './waiters.ts';
import { nodeSetup } from './work.ts';

/**
 * - `loading`: nothing is in memory (at first, and after a commit of unknown outcome): the next tick loads the account.
 * - `ready`: events are taken and ticks run.
 * - `ended`: deposed or stopped; never again.
 */
type Phase = 'loading' | 'ready' | 'ended';

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
  /** What the epoch's first tick goes on from, for the journal; null: it is written, or was too large. */
  #beginning: Uint8Array | null = null;
  #core: Core | null = null;
  #events: CoreEvent[] = [];
  #noRoom: NoRoom | null = null;
  /** Jobs that did not end although the last tick decided so: told before anything else. */
  #refused: readonly JobNumber[] = [];
  /** What the last commit decided, as long as it has not been sent. */
  #undelivered: { readonly commands: readonly Command[]; readonly specs: ReadonlyMap<string, AttemptSpec> } | null = null;
  readonly #waiters = new Waiters();
  readonly #taskEnds = new TaskEnds();
  readonly #story: Story | null;
  readonly #intake: Intake;
  readonly #absent: Absent;
  readonly #dispatch: DispatchOptions;
  readonly #nodes = new Map<NodeNumber, NodeStatus>();
  /** When the last heartbeat that succeeded was begun, on the monotonic clock. */
  #beatAt = 0;
  readonly #source: NodeSource;
  readonly #careful = new Careful();
  readonly #quarantine: Quarantine;

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#specs = new Specs(options.store);
    this.#story = options.story === undefined ? null : new Story(options.story);
    this.#quarantine = new Quarantine({
      account: options.account.number,
      store: options.store,
      log: options.log,
      commit: (change, entries) => this.#commitQuarantine(change, entries),
      lifeOf: (node) => this.#nodes.get(node)?.life ?? null,
      sequenceOf: (event) => this.#channels.sequenceOf(event),
    });
    this.#intake = new Intake(options.store, options.account.number, this.#specs, (event) => this.#quarantine.admit(event));
    this.#absent = new Absent(options.provider.leaseMs, options.silence ?? SILENCE_BOUNDS);
    this.#source = new NodeSource(options, (observation) => this.#observe(observation), (node) => this.#nodes.get(node)?.id ?? null);
    this.#dispatch = {
      specs: this.#specs,
      sign: options.sign,
      send: (node, commands) => this.#channels.send(node, { kind: 'commands', epoch: this.#epoch, commands }),
      acquire: (command) => {
        const node = this.#nodes.get(command.node);
        if (node !== undefined) this.#source.acquire(command, node);
      },
      release: ({ node, life, silent }) => this.#source.release(node, life, silent),
      halt: ({ node, life }) => this.#source.restart(node, life),
      refuse: (node, key, failure, error) => this.#refuse(node, key, failure, error),
    };
    this.asks = new NodeAsks((node, frame) => this.#channels.send(node, { ...frame, epoch: this.#epoch }));
  }

  /** Claims and loads the account, and watches its provider. Throws `AccountOwned`. */
  async start(): Promise<void> {
    this.#source.watch();
    try {
      await this.#load();
    } catch (error) {
      this.#source.stopWatching();
      throw error;
    }
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** What the store said when it found no room for what the owner wants to write; null again once it has. */
  get noRoom(): NoRoom | null {
    return this.#noRoom;
  }

  /**
   * Resolves once everything committed before this call has been taken in and that is committed. Rejects when the owner ends, when too many wait (`MOST_WAITERS`),
   * when `signal` aborts, and at once while there is no room: then what was asked for is taken in some time.
   */
  wake(signal?: AbortSignal): Promise<void> {
    if (this.#phase === 'ended') return Promise.reject(new Error('the owner has ended'));
    if (this.#noRoom !== null) return Promise.reject(this.#noRoom);
    const done = this.#waiters.wait(this.#intake.sweep(), signal);
    this.#options.onWork();
    return done;
  }

  /**
   * Resolves once the task has ended, or is gone, and that is committed. What the rules hold to be ended already may still be on its way to the database: the next
   * sweep comes after it. Rejects as `wake` does, and when the account has to be loaded again: the rules would not hear of an end that a commit of unknown outcome holds.
   */
  async ended(job: JobNumber, task: TaskNumber, signal: AbortSignal): Promise<void> {
    if (this.#noRoom !== null) throw this.#noRoom;
    while (this.#core === null) await this.wake(signal);
    if (!this.#core.isOpen(job, task)) await this.wake(signal);
    else await this.#taskEnds.wait(job, task, signal);
  }

  /** Looks at the inbox in the next tick; nobody waits for it. */
  sweep(): void {
    this.#intake.sweep();
    this.#options.onWork();
  }

  /** What is to be done each second: looks at the inbox, and asks the provider again for what it failed to do. */
  attend(): void {
    this.#source.endAgain();
    this.sweep();
  }

  hasWork(): boolean {
    return this.#phase !== 'ended' && (this.#phase === 'loading' || this.#intake.hasWork() || this.#events.length > 0);
  }

  /** Whether a `wake` waits for the next tick. */
  isAwaited(): boolean {
    return this.#waiters.count > 0;
  }

  /** Whether it goes on one thing a tick, since the rules have failed: then no tick is to wait for more. */
  get isCareful(): boolean {
    return this.#careful.isOn;
  }

  /** In how many milliseconds a tick is due though nothing arrives; null: in none. May be asked again before that. */
  dueInMs(): number | null {
    const { clock, monotonic } = this.#options;
    const lease = this.#absent.next(monotonic());
    const timer = this.#core?.nextTimer() ?? null;
    if (lease === null && timer === null) return null;
    return Math.min(lease === null ? Number.POSITIVE_INFINITY : lease - monotonic(), timer === null ? Number.POSITIVE_INFINITY : timer - clock());
  }

  /**
   * One turn: what arrived -> core -> one commit -> acknowledgements and commands. Throws what loading and other reads throw (the store is away: try again later);
   * a failed commit puts the owner back to `loading`, a newer epoch ends it.
   */
  async tick(): Promise<void> {
    const times = new TickTimes(this.#options.monotonic);
    try {
      await this.#turn(times);
    } finally {
      const slow = times.slow();
      if (slow !== null) this.#options.story?.tell({ level: 'warn', message: 'slow tick', fields: { account: this.#options.account.name, tick: this.#tick, ...slow } });
    }
  }

  async #turn(times: TickTimes): Promise<void> {
    if (this.#phase === 'ended') return;
    if (this.#phase === 'loading' && !(await this.#loadAgain())) return;
    times.enter('dispatch');
    await this.#deliver();
    times.enter('read');
    const turn = await this.#take();
    times.enter('decide');
    const core = this.#core;
    if (core === null || turn === null) return;
    try {
      const now = this.#options.clock();
      const events = [...this.#refusals(), ...turn.unit];
      const marks = this.#channels.applied(this.#events);
      const seed = Math.floor(this.#options.random() * 4_294_967_296);
      const decisions = decide(core, { now, seed, events });
      times.enter('commit');
      const { specs, refused } = await this.#commit(now, seed, events, turn.entries, decisions);
      times.enter('dispatch');
      this.#noRoom = null;
      const durable = withoutEndings(decisions, refused);
      this.#settle({ events, decisions: durable, specs: specs.values() }, marks);
      this.#keepGoing(refused);
      if (turn.sweep !== null) this.#waiters.done(turn.sweep);
      this.#undelivered = { commands: decisions.commands, specs };
      this.#passed(turn, durable);
    } catch (error) {
      if ((error instanceof RulesFault || error instanceof Refused) && this.#goesOn(error, turn)) this.#reload('the rules failed');
      else this.#fail(error);
      return;
    }
    await this.#deliver();
  }

  /** What this tick is about. Null: the owner has failed. */
  async #take(): Promise<Turn | null> {
    const portion = this.#careful.portion(this.#events.length, this.#intake.hasWork());
    const isRead = portion === 'all' || portion === 'inbox';
    const asked = isRead ? await this.#read(portion === 'all' ? 'all' : 'one') : null;
    if (isRead && asked === null) return null;
    // What agents said while the inbox was read comes after it: none of it can be about what has only now been asked.
    this.#events.push(...this.#absent.due(this.#options.monotonic()));
    const arrived = this.#events.splice(0, portion === 'all' ? this.#events.length : Number(portion === 'arrived'));
    const unit = [...(asked?.events ?? []), ...arrived.flatMap((event) => this.#quarantine.admit(event) ?? [])];
    return { portion, unit, entries: asked?.entries ?? [], sweep: asked?.sweep ?? null };
  }

  /** What a committed tick means for what is in quarantine, and for carefulness. */
  #passed({ portion, unit: events }: Turn, decisions: Decisions): void {
    const { log, account, monotonic } = this.#options;
    const over = this.#careful.passed(portion, {
      events,
      sequenceOf: (event) => this.#channels.sequenceOf(event),
      sweep: () => this.#intake.sweep(),
      covered: this.#intake.covered,
      arrived: this.#events.length,
      now: monotonic(),
    });
    if (over) log.info({ account: account.name }, 'what was pending has passed: full speed again');
    if (!this.#quarantine.left(this.#quarantine.over(decisions))) return;
    log.warn({ account: account.name }, 'a pool with nodes in quarantine is gone: loading the account again, which releases them');
    this.#reload('a pool with nodes in quarantine is gone');
  }

  /**
   * The rules failed, or decided what the store refuses: a fault of ours. Carefully from now on, so that what they failed on is found by itself, and put into quarantine.
   * Returns false where that leads nowhere.
   */
  #goesOn(error: RulesFault | Refused, { unit: events, entries }: Turn): boolean {
    const { log, account, clock, monotonic } = this.#options;
    if (!this.#careful.isOn) {
      const marks = this.#channels.applied();
      const heard = events.flatMap((event) => (event.kind === 'agent' ? [[event.node, marks.get(event.node) ?? 0] as const] : []));
      this.#careful.begin(new Map(heard), monotonic());
      log.error({ error, account: account.name, epoch: this.#epoch }, 'a fault of ours: loading the account again, and going on one thing at a time');
      return true;
    }
    const where = { epoch: this.#epoch, tick: this.#tick + 1, at: clock() };
    const subject = this.#careful.isByItself ? this.#quarantine.blame({ events, entries }, error, where) : null;
    if (subject === null) {
      log.error({ error, account: account.name, epoch: this.#epoch }, 'a fault of ours, on nothing that was asked or reported: looking for the pool or job that it is about');
      return this.#careful.search();
    }
    if (subject.kind === 'report') this.#careful.heard(subject.node, subject.sequence ?? 0);
    log.error({ error, account: account.name, epoch: this.#epoch, subject, unit: events }, 'a fault of ours: this goes into quarantine, and the account goes on without it');
    return true;
  }

  /** Nothing has been decided yet: a store that is away is asked again in the next tick, and what is in memory stays. Null: the owner has failed. */
  async #read(amount: 'all' | 'one'): Promise<Taken | null> {
    try {
      return await this.#intake.read(amount);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#fail(error);
      return null;
    }
  }

  /** Sends what the last commit decided. It is durable: if a specification can't be read now, the next tick begins with it, before anything newer is sent. */
  async #deliver(): Promise<void> {
    if (this.#undelivered === null) return;
    const { commands, specs } = this.#undelivered;
    await dispatch(commands, specs, this.#dispatch);
    this.#undelivered = null;
  }

  /** Says that the process lives; to be called every `OWNER_DEAD_AFTER_MS / 5`. Throws what the store throws. */
  async beat(): Promise<void> {
    const { store, process, account, monotonic } = this.#options;
    const begunAt = monotonic();
    const epoch = this.#epoch;
    if (this.#phase === 'ready' && begunAt - this.#beatAt >= LET_GO_AFTER_MS) this.#fail(new Error('no heartbeat reached the database in time'));
    const owned = await store.heartbeat(process);
    if (this.#phase !== 'ready' || this.#epoch !== epoch) return;
    if (owned.some((row) => row.account === account.number && row.epoch === epoch)) this.#beatAt = begunAt;
    else this.#fail(new Deposed(`Epoch ${epoch} no longer rules account ${account.name}.`));
  }

  /** Undefined while the account is not loaded. */
  explain(job: JobNumber, task: TaskNumber): readonly Reason[] | undefined {
    const reason = this.#quarantine.reason(job, task);
    return reason === null || this.#core === null ? this.#core?.explain(job, task, this.#options.clock()) : [reason];
  }

  /** Undefined while the account is not loaded; null for a job that is not open. */
  explainJob(job: JobNumber): JobExplanation | null | undefined {
    const explanation = this.#core?.explainJob(job, this.#options.clock());
    return explanation === undefined ? undefined : this.#quarantine.explained(job, explanation);
  }

  /** Lets go of the account; agents and tasks go on. */
  async stop(): Promise<void> {
    this.#end('the service stops');
    await this.#options.store.resign(this.#options.process);
  }

  /** Ends every node and puts their tasks back into the queue, uncounted; then lets go of the account. `tick` must not be running. */
  async shutDown(graceMs: number): Promise<void> {
    const { clock, log } = this.#options;
    this.#source.stopWatching();
    await this.#source.halt([...this.#nodes.values(), ...this.#quarantine.nodes], graceMs);
    const core = this.#core;
    if (this.#phase === 'ready' && core !== null) {
      const now = clock();
      const events = [...this.#refusals(), ...this.#events.splice(0).flatMap((event) => this.#quarantine.admit(event) ?? []), { kind: 'shutdown' } as const];
      try {
        const decisions = decide(core, { now, seed: 0, events });
        const { specs, refused } = await this.#commit(now, 0, events, [], decisions);
        this.#story?.tick({ events, decisions: withoutEndings(decisions, refused), specs: specs.values(), nodes: this.#nodes });
      } catch (error) {
        // What could not be said now is found out by the next owner: the nodes are gone.
        log.error({ error }, 'the last tick was not committed');
      }
    }
    await this.stop();
  }

  authenticate(credential: string): ReturnType<AgentDoor['authenticate']> {
    const shown = this.#options.credentials.verify(credential);
    return shown === null ? null : { account: this.#options.account.number, ...shown };
  }

  connect(node: NodeNumber, life: number, channel: AgentChannel): { onFrame(frame: AgentFrame): void; onClose(unheardMs: number): void } {
    const known = this.#nodes.get(node);
    // Before the account is loaded nothing can be said of a node: the agent comes back.
    if (this.#phase !== 'ready') channel.close('the owner is not ready');
    else if (this.#quarantine.keepsOut(node, life)) channel.close('this node, or its pool, is in quarantine');
    else if (known === undefined || known.life !== life) {
      channel.send({ kind: 'leave', epoch: this.#epoch });
      channel.close('this node, or this life of it, is not in the account');
    } else this.#channels.open(node, life, channel);
    return {
      onFrame: listenTo(life, channel, {
        isCurrent: () => this.#channels.isCurrent(node, channel),
        welcome: () => this.#welcome(node, channel),
        said: (report) => {
          this.#absent.end(node);
          this.#push({ kind: 'agent', node, report });
        },
        reports: (frame) => {
          for (const report of this.#channels.fresh(node, frame)) {
            const event = { kind: 'agent', node, report } as const;
            if (!this.#quarantine.hasReport(life, this.#channels.sequenceOf(event), event)) this.#push(event);
            // Only its acknowledgement is left to do, which comes with a tick.
            else this.#options.onWork();
          }
        },
        answered: ({ request, answer }) => this.asks.answer(request, answer),
      }),
      onClose: (unheardMs) => {
        if (!this.#channels.close(node, channel)) return;
        this.asks.abandon(node);
        // A connection of an earlier life says nothing of this one.
        if (this.#nodes.get(node)?.life !== life) return;
        this.#absent.silent(node, this.#options.monotonic(), unheardMs);
        this.#push({ kind: 'silent', node });
      },
    };
  }

  async #welcome(node: NodeNumber, channel: AgentChannel): Promise<void> {
    const { account, sign, provider, log } = this.#options;
    try {
      const status = this.#nodes.get(node);
      if (status === undefined) return channel.close('this node has left the account');
      const pool = await this.#specs.pool(status.pool);
      if (pool === undefined) return channel.close('the pool of this node is gone');
      if (!this.#channels.isCurrent(node, channel)) return;
      const acknowledged = this.#channels.acknowledged(node);
      channel.send({ kind: 'welcome', epoch: this.#epoch, leaseMs: provider.leaseMs, node: nodeSetup(status, pool, account, sign), acknowledged });
    } catch (error) {
      log.warn({ error, nodeId: this.#nodes.get(node)?.id, node }, 'a node could not be welcomed');
      channel.close('the node cannot be told of its pool now');
    }
  }

  /** The commit of unknown outcome may still be on its way: only the new epoch of a new claim shuts it out, so that what is loaded then is the truth. */
  async #load(): Promise<void> {
    const { store, account, process, processUrl, monotonic, log } = this.#options;
    const begunAt = monotonic();
    this.#epoch = (await store.claim(account.number, process, processUrl)).epoch;
    // Numbered from 1 without a gap: a replay sees by that whether the beginning of an epoch is still in the journal.
    this.#tick = 0;
    this.#beatAt = begunAt;
    await this.#quarantine.open();
    const whole = await store.load(account.number);
    const maxNodes = await this.#source.room();
    const { core, now, snapshot } = await this.#createCore(whole, maxNodes);
    this.#beginning = this.#recorded({ now, snapshot });
    const truth = await this.#source.truth([...snapshot.nodes, ...this.#quarantine.nodes]);
    if (this.#phase === 'ended') throw new Error('the owner ended while it loaded the account');
    this.#specs.clear();
    this.#nodes.clear();
    this.#events = [{ kind: 'room', maxNodes }];
    this.#refused = [];
    this.#undelivered = null;
    for (const node of snapshot.nodes) this.#nodes.set(node.node, node);
    const running = new Set(truth.filter(({ observed }) => observed.kind === 'running').map(({ node }) => node.node));
    this.#absent.takeOver(snapshot.nodes, (node) => running.has(node), monotonic());
    this.#intake.reset(snapshot.jobs);
    this.#core = core;
    this.#story?.load(snapshot);
    this.#careful.beginAgain();
    this.#phase = 'ready';
    this.#events.push(...this.#quarantine.ends(snapshot));
    for (const { node, observed } of truth) if (this.#nodes.has(node.node)) this.#events.push({ kind: 'node', node: node.node, life: node.life, observed });
    log.info({ account: account.name, epoch: this.#epoch, nodes: this.#nodes.size, jobs: snapshot.jobs.length }, 'account loaded');
  }

  /** Returns whether the account is still ours. */
  async #loadAgain(): Promise<boolean> {
    try {
      await this.#load();
      return true;
    } catch (error) {
      if (error instanceof NoRoom) this.#starve(error);
      if (!(error instanceof AccountOwned || error instanceof Deposed || error instanceof RulesFault || error instanceof Refused)) throw error;
      this.#fail(error);
      return false;
    }
  }

  /**
   * The rules with all that can be loaded. What they fail on as it is loaded, or as soon as time passes, is put into quarantine. Throws `RulesFault` if that is no pool and
   * no job, and what the store throws.
   */
  async #createCore(whole: Snapshot, maxNodes: number | null): Promise<Beginning & { readonly core: Core }> {
    const { createCore, clock, log, account } = this.#options;
    const isSearch = this.#careful.isSearchDue;
    for (let found = 0; ; found += 1) {
      const now = clock();
      const snapshot = this.#quarantine.leaveOut(whole);
      const tried = (part: Snapshot): void => void decide(loaded(createCore, part, now), { now, seed: 0, events: [{ kind: 'room', maxNodes }] });
      try {
        if (isSearch) tried(snapshot);
        const core = loaded(createCore, snapshot, now);
        if (isSearch) this.#careful.searched(found > 0);
        return { core, now, snapshot };
      } catch (error) {
        if (!(error instanceof RulesFault)) throw error;
        const subject = poisonOf(snapshot, tried);
        log.error({ error, account: account.name, subject }, 'a fault of ours: the account cannot be loaded as it is');
        const where = { epoch: this.#epoch, tick: -found, at: now };
        if (subject === null || !(await this.#quarantine.putAside(subject, loadedOf(snapshot, subject), error, where))) throw error;
      }
    }
  }

  #recorded(beginning: Beginning): Uint8Array | null {
    const { log, account } = this.#options;
    const encoded = encodeBeginning(beginning);
    if (encoded === null) log.info({ account: account.name, epoch: this.#epoch }, 'the account is too large to be written down as it was loaded: the journal of this epoch does not replay');
    return encoded;
  }

  async #commitQuarantine(quarantine: QuarantineChange, inboxEntries: readonly number[]): Promise<void> {
    const { store, account, clock } = this.#options;
    await store.commit({ account: account.number, epoch: this.#epoch, tick: 0, now: clock(), decisions: NOTHING_DECIDED, inboxEntries, specs: [], journal: null, quarantine });
  }

  async #commit(
    now: Instant,
    seed: number,
    events: readonly CoreEvent[],
    inboxEntries: readonly number[],
    decisions: Decisions,
  ): Promise<{ readonly specs: ReadonlyMap<string, AttemptSpec>; readonly refused: readonly JobNumber[] }> {
    if (inboxEntries.length === 0 && events.length === 0 && decisions.isIdle) return { specs: new Map(), refused: [] };
    const offered = new Map<string, { job: JobNumber; task: TaskNumber }>();
    for (const command of decisions.commands) {
      if (command.kind === 'offer') offered.set(taskName(command.key), { job: command.key.job, task: command.key.task });
    }
    this.#tick += 1;
    const beginning = this.#beginning;
    this.#beginning = null;
    const { specs, refused } = await this.#options.store.commit({
      account: this.#options.account.number,
      epoch: this.#epoch,
      tick: this.#tick,
      now,
      decisions,
      inboxEntries,
      specs: [...offered.values()],
      quarantine: { over: this.#quarantine.over(decisions) },
      // Without events, too: the clock alone decides things, and a replay has to ask the rules at the same instants.
      journal: { coreVersion: CORE_VERSION, seed, inputs: encodeInputs(events), beginning },
    });
    return { specs: new Map(specs.map((spec) => [taskName(spec), spec])), refused };
  }

  /** Tasks were added to these jobs, or made active again, while they were to end: the rules take that back in the next tick, which brings what the jobs wait for. */
  #keepGoing(refused: readonly JobNumber[]): void {
    this.#refused = refused;
    for (const job of refused) this.#intake.catchUp(job);
    if (refused.length > 0) this.#options.log.info({ account: this.#options.account.name, jobs: refused }, 'jobs go on that were about to end: tasks were added to them, or made active again');
  }

  #refusals(): readonly CoreEvent[] {
    const refusals = this.#refused.map((job) => ({ kind: 'endingRefused', job }) as const);
    this.#refused = [];
    return refusals;
  }

  /** The commit is done: what follows from it in memory, and what may be said now. */
  #settle(tick: Omit<CommittedTick, 'nodes'>, marks: ReadonlyMap<NodeNumber, number>): void {
    const { decisions } = tick;
    this.#story?.tick({ ...tick, nodes: this.#nodes });
    for (const node of decisions.nodes) {
      // What is counted belongs to a life of the node.
      if (this.#nodes.get(node.node)?.life !== node.life) this.#absent.end(node.node);
      if (node.goneAt === null) this.#nodes.set(node.node, node);
      else {
        this.#nodes.delete(node.node);
        this.#absent.end(node.node);
        this.#channels.forget(node.node);
      }
    }
    for (const { job, state } of decisions.jobs) if (state === 'completed') this.#specs.forgetJob(job);
    for (const job of decisions.gone.jobs) {
      this.#intake.forgetJob(job);
      this.#specs.forgetJob(job);
    }
    for (const pool of decisions.gone.pools) this.#specs.forgetPool(pool);
    this.#channels.acknowledge(marks, this.#epoch);
    this.#taskEnds.settled(decisions);
  }

  /** What the task asks for can't be put together here: it ends as any task whose inputs can't be had. */
  #refuse(node: NodeNumber, key: AttemptKey, failure: FailureInfo, error: unknown): void {
    if (failure.category === 'ServerError') this.#options.log.error({ error, ...key }, 'a task could not be prepared: it ends as failed');
    const endedAt = this.#options.clock();
    this.#push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: null, endedAt, outcome: { kind: 'notStarted', failure } } } });
  }

  #observe({ node, life, observed }: Observation): void {
    if (this.#phase !== 'ready' || this.#nodes.get(node)?.life !== life) return;
    if (observed.kind === 'running' && !this.#channels.has(node)) this.#absent.expect(node, this.#options.monotonic());
    this.#push({ kind: 'node', node, life, observed });
  }

  #push(event: CoreEvent): void {
    if (this.#phase !== 'ready') return;
    this.#events.push(event);
    this.#options.onWork();
  }

  /** Nobody is kept waiting for what may take hours. */
  #starve(error: NoRoom): void {
    this.#noRoom = error;
    this.#waiters.rejectAll(error);
    this.#taskEnds.rejectAll(error);
  }

  #fail(error: unknown): void {
    // A heartbeat may have ended it while a tick was under way.
    if (this.#phase === 'ended') return;
    const { log, account } = this.#options;
    if (error instanceof Deposed || error instanceof AccountOwned) {
      log.error({ account: account.name, epoch: this.#epoch }, 'another process owns the account now');
      this.#end('another process owns the account');
      this.#options.onDeposed();
      return;
    }
    if (error instanceof RulesFault || error instanceof Refused) {
      log.error({ error, account: account.name }, 'a fault of ours');
      this.#end('a fault of ours');
      this.#options.onFault(error);
      return;
    }
    if (error instanceof NoRoom) this.#starve(error);
    log.warn({ error, account: account.name }, 'the outcome of a tick is unknown: loading the account again');
    this.#reload('the owner loads the account again');
  }

  #reload(reason: string): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'loading';
    this.#core = null;
    this.#channels.closeAll(reason);
    this.asks.abandonAll();
    this.#taskEnds.rejectAll(new Error('the account is loaded again'));
    this.#options.onWork();
  }

  #end(reason: string): void {
    this.#phase = 'ended';
    this.#core = null;
    this.#source.stopWatching();
    this.#channels.closeAll(reason);
    this.asks.abandonAll();
    this.#waiters.rejectAll(new Error(reason));
    this.#taskEnds.rejectAll(new Error(reason));
  }
}

/** What a tick takes. */
interface Turn {
  readonly portion: Portion;
  readonly unit: readonly CoreEvent[];
  readonly entries: readonly number[];
  /** The sweep that is done with it; null: the inbox is not looked at. */
  readonly sweep: number | null;
}

const NOTHING_DECIDED: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: true };

const loaded = (createCore: OwnerOptions['createCore'], snapshot: Parameters<OwnerOptions['createCore']>[0], now: Instant): Core => {
  try {
    return createCore(snapshot, now);
  } catch (error) {
    throw new RulesFault(error, { now, seed: 0, events: [] });
  }
};

const decide = (core: Core, tick: { readonly now: Instant; readonly seed: number; readonly events: readonly CoreEvent[] }): Decisions => {
  try {
    for (const event of tick.events) core.apply(event, tick.now);
    return core.decide(tick.now, seededRandom(tick.seed));
  } catch (error) {
    throw new RulesFault(error, tick);
  }
};
