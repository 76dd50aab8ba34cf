import type { FileAnswer, FileAsk, NodeAnswer, NodeAsk, OwnerFrame, WithoutEpoch } from '../agent/frames.ts';
import type { Decisions } from '../core/decisions.ts';
import type { JobNumber, NodeNumber, PoolNumber, TaskNumber } from '../core/keys.ts';
import { accountOf } from '../core/node/numbers.ts';
import type { JobExplanation } from '../core/port.ts';
import type { Reason } from '../core/reasons.ts';
import type { NodeStatus } from '../core/status.ts';
import type { AccountFigures, AgentChannel, AgentDoor } from '../ports.ts';
import { AccountOwned, Deposed, NoRoom, OWNER_DEAD_AFTER_MS, Refused, type AddedTasks, type QuarantineChange } from '../store/ownerStore.ts';
import { Absent } from './absent.ts';
import { connectAgent, type AgentConnection } from './agentDoor.ts';
import { Careful } from './careful.ts';
import { loadRules } from './loadRules.ts';
import { LogArchive } from './logArchive.ts';
import { FILES_NOT_READY, NODE_NOT_READY, NodeAsks, UNKNOWN_ASK } from './nodeAsks.ts';
import { NodeSource } from './nodeSource.ts';
import { Passage } from './passage.ts';
import { RulesFault, type OwnerOptions } from './ownerOptions.ts';
import { PACE_MS } from './pace.ts';
import { Quarantine } from './quarantine.ts';
import { Session } from './session.ts';
import { SILENCE_BOUNDS } from './silence.ts';
import type { Surroundings } from './surroundings.ts';
import { Sweeps } from './sweeps.ts';
import { TickTimes } from './tickTimes.ts';
import type { Turn } from './turn.ts';
import { turnSession, type Turning } from './turning.ts';
import { Waiters } from './waiters.ts';

/**
 * An owner begins `loading`: nothing of the account is in memory. Loading claims the account under a new epoch, which
 * shuts out every commit under an older one that may still be on its way; reads all that is in the database; asks the
 * provider what is true of the nodes; and makes a session of that: the owner is `ready`.
 *
 * A `ready` owner ticks. The session is what the database holds as long as every commit succeeds. When one does not,
 * its outcome is unknown, and nothing in memory can be trusted: the session is closed and thrown away, agents are sent
 * off (they come back and repeat what was not acknowledged), and the owner is `loading` again. The same happens when
 * the rules fail (the owner then goes on carefully, see `careful.ts`), when no heartbeat reaches the database in time,
 * and when nodes leave the quarantine. A read that fails changes nothing: the session stays, and the next tick reads
 * again.
 *
 * `ended` is the last state: another process has the account, the service stops, or a fault of ours leads nowhere.
 *
 * What is not in the session outlasts it: callers and the sweeps they wait for, how long agents have been silent, what
 * is in quarantine, why the owner is careful.
 */
type State = { readonly phase: 'loading' } | { readonly phase: 'ready'; readonly session: Session } | { readonly phase: 'ended' };

const LOADING: State = { phase: 'loading' };
const ENDED: State = { phase: 'ended' };

/**
 * An owner that could not beat for so long lets go before another one may claim: agents that it kept would think their
 * lease renewed.
 */
const LET_GO_AFTER_MS = OWNER_DEAD_AFTER_MS - 2_000;

/** The owner of one account: see README.md of this folder. Turn it with `tick`, one call at a time. */
export class Owner {
  readonly fileAsks: NodeAsks<FileAsk, FileAnswer>;
  readonly nodeAsks: NodeAsks<NodeAsk, NodeAnswer>;
  /** How time passes here, where users set the clock. */
  readonly passage: Passage;
  readonly #options: OwnerOptions;
  #state: State = LOADING;
  #noRoom: NoRoom | null = null;
  readonly #waiters = new Waiters();
  readonly #sweeps = new Sweeps();
  readonly #absent: Absent;
  readonly #source: NodeSource;
  readonly #quarantine: Quarantine;
  readonly #archive: LogArchive | null;
  /** null: the rules have not failed, or what was pending since has passed. */
  #careful: Careful | null = null;
  readonly #around: Surroundings;

  constructor(options: OwnerOptions) {
    this.#options = options;
    const { account, store, log } = options;
    const send = (node: NodeNumber, frame: WithoutEpoch<OwnerFrame>): boolean => {
      const session = this.#session;
      return session !== null && session.channels.send(node, { ...frame, epoch: session.epoch });
    };
    this.fileAsks = new NodeAsks<FileAsk, FileAnswer>((node, request, ask) => (send(node, { kind: 'file', request, ask }) ? 'sent' : FILES_NOT_READY), FILES_NOT_READY);
    this.nodeAsks = new NodeAsks<NodeAsk, NodeAnswer>((node, request, ask) => {
      const channels = this.#session?.channels;
      if (channels?.has(node) === true && !channels.knows(node, ask.kind)) return UNKNOWN_ASK;
      return send(node, { kind: 'ask', request, ask }) ? 'sent' : NODE_NOT_READY;
    }, NODE_NOT_READY);
    this.passage = new Passage({ options, nodeAsks: this.nodeAsks, session: () => this.#session, wake: (signal) => this.wake(signal), onWork: options.onWork });
    this.#archive = options.archive === undefined ? null : new LogArchive(options.archive, { account, clock: options.clock, monotonic: options.monotonic, log, send });
    this.#quarantine = new Quarantine({ account: account.number, store, log, commit: (epoch, change, entries) => this.#commitQuarantine(epoch, change, entries) });
    this.#absent = new Absent((node) => options.provider.leaseOf(node), options.silence ?? SILENCE_BOUNDS);
    this.#source = new NodeSource(options, (observation) => this.#session?.observe(observation), (node) => this.#session?.nodes.get(node)?.id ?? null);
    this.#around = { options, source: this.#source, absent: this.#absent, fileAsks: this.fileAsks, nodeAsks: this.nodeAsks, archive: this.#archive, sweeps: this.#sweeps, quarantine: this.#quarantine, story: options.story ?? null };
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

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  get #session(): Session | null {
    return this.#state.phase === 'ready' ? this.#state.session : null;
  }

  /** What the store said when it found no room for what the owner wants to write; null again once it has. */
  get noRoom(): NoRoom | null {
    return this.#noRoom;
  }

  /**
   * Resolves once everything committed before this call has been taken in and that is committed. Rejects when the owner
   * ends, when too many wait (`MOST_WAITERS`), when `signal` aborts, and at once while there is no room: then what was
   * asked for is taken in some time.
   */
  wake(signal?: AbortSignal): Promise<void> {
    if (this.phase === 'ended') return Promise.reject(new Error('the owner has ended'));
    if (this.#noRoom !== null) return Promise.reject(this.#noRoom);
    const done = this.#waiters.wait(this.#sweeps.ask(), signal);
    this.#options.onWork();
    return done;
  }

  /**
   * Resolves once the task has ended, or is gone, and that is committed. What the rules hold to be ended already may
   * still be on its way to the database: the next sweep comes after it. Rejects as `wake` does, and when the account
   * has to be loaded again: the rules would not hear of an end that a commit of unknown outcome holds.
   */
  async ended(job: JobNumber, task: TaskNumber, signal: AbortSignal): Promise<void> {
    if (this.#noRoom !== null) throw this.#noRoom;
    let session = this.#session;
    while (session === null) {
      await this.wake(signal);
      session = this.#session;
    }
    if (session.core.isOpen(job, task)) await session.taskEnds.wait(job, task, signal);
    else await this.wake(signal);
  }

  /**
   * Looks at the inbox in the next tick, or takes in what was `added` as far as that can be done without; nobody waits
   * for it.
   */
  sweep(added?: AddedTasks): void {
    if (added === undefined || this.#session?.hand(added) !== true) this.#sweeps.ask();
    this.#options.onWork();
  }

  /**
   * What is to be done each second: looks at the inbox, asks the provider again for what it failed to do, and archives
   * what lies on idle nodes.
   */
  attend(): void {
    this.#source.endAgain();
    const session = this.#session;
    if (session !== null) {
      const nodes = (): readonly NodeStatus[] => [...session.nodes.values(), ...this.#quarantine.nodes];
      this.#source.askAway(nodes).catch((error: unknown) => this.#options.log.error({ error }, 'what is true of the nodes could not be asked'));
      this.#archive?.attend(session.nodes.values());
    }
    this.sweep();
  }

  hasWork(): boolean {
    return this.phase === 'loading' || this.#session?.hasWork() === true;
  }

  /** Whether somebody waits for the next tick. */
  isAwaited(): boolean {
    return this.#waiters.count > 0 || this.passage.isAwaited;
  }

  /** Whether somebody has asked for something that stands in the inbox, though nobody may wait for it. */
  isAsked(): boolean {
    return this.#sweeps.isDue || this.#session?.isHanded === true;
  }

  /** Whether it goes on one thing a tick, since the rules have failed: then no tick is to wait for more. */
  get isCareful(): boolean {
    return this.#careful !== null;
  }

  /** How far apart its ticks begin that nobody waits for. */
  get paceMs(): number {
    return this.#session?.paceMs ?? PACE_MS;
  }

  /** In how many milliseconds a tick is due though nothing arrives; null: in none. May be asked again before that. */
  dueInMs(): number | null {
    const { clock, monotonic } = this.#options;
    const lease = this.#absent.next(monotonic());
    const timer = this.#session?.core.nextTimer() ?? null;
    if (lease === null && timer === null) return null;
    return Math.min(lease === null ? Number.POSITIVE_INFINITY : lease - monotonic(), timer === null ? Number.POSITIVE_INFINITY : timer - clock());
  }

  /**
   * One turn: what arrived -> core -> one commit -> acknowledgements and commands; while the commit is under way and
   * enough arrives, the same again, one commit ahead. Resolves when all of it is settled. Throws what loading and other
   * reads throw (the store is away: try again later); a failed commit puts the owner back to `loading`, a newer epoch
   * ends it.
   */
  async tick(): Promise<void> {
    if (this.phase === 'ended') return;
    const { monotonic, story, account } = this.#options;
    const times = new TickTimes(monotonic);
    let session = this.#session;
    try {
      session ??= await this.#loadAgain();
      if (session !== null) await turnSession(session, times, this.#turning);
    } finally {
      this.#options.onTurn?.(times.figures());
      const slow = times.slow();
      if (slow !== null) story?.tell({ level: 'warn', message: 'slow tick', fields: { account: account.name, tick: session?.tick ?? 0, ...slow } });
      this.passage.turned();
    }
  }

  #broken(session: Session, error: unknown, turn: Turn): void {
    if ((error instanceof RulesFault || error instanceof Refused) && this.#goesOn(session, error, turn)) this.#reload('the rules failed');
    else this.#fail(error);
  }

  readonly #turning: Turning = {
    onSettled: (session, turn, decisions) => {
      this.#noRoom = null;
      if (turn.sweep !== null) this.#waiters.done(turn.sweep);
      this.#passed(session, turn, decisions);
    },
    onBroken: (session, error, turn) => this.#broken(session, error, turn),
    onRefused: (error) => this.#fail(error),
  };

  /** What a committed tick means for what is in quarantine, and for carefulness. */
  #passed(session: Session, turn: Turn, decisions: Decisions): void {
    const { log, account } = this.#options;
    if (session.passed(turn)) {
      this.#careful = null;
      log.info({ account: account.name }, 'what was pending has passed: full speed again');
    }
    if (!this.#quarantine.left(this.#quarantine.over(decisions))) return;
    log.warn({ account: account.name }, 'a pool with nodes in quarantine is gone: loading the account again, which releases them');
    this.#reload('a pool with nodes in quarantine is gone');
  }

  /**
   * The rules failed, or decided what the store refuses: a fault of ours. Carefully from now on, so that what they
   * failed on is found by itself, and put into quarantine. Returns false where that leads nowhere.
   */
  #goesOn(session: Session, error: RulesFault | Refused, { events, entries }: Turn): boolean {
    const { log, account, clock, monotonic } = this.#options;
    const { epoch } = session;
    if (this.#careful === null) {
      const heard = events.flatMap((event) => (event.kind === 'agent' ? [[event.node, session.channels.applied(event.node)] as const] : []));
      this.#careful = new Careful(new Map(heard), monotonic());
      log.error({ error, account: account.name, epoch }, 'a fault of ours: loading the account again, and going on one thing at a time');
      return true;
    }
    const where = { epoch, tick: session.tick + 1, at: clock() };
    const subject = session.isByItself ? this.#quarantine.blame({ events, entries }, session, error, where) : null;
    if (subject === null) {
      log.error({ error, account: account.name, epoch }, 'a fault of ours, on nothing that was asked or reported: looking for the pool or job that it is about');
      return this.#careful.search();
    }
    if (subject.kind === 'report') this.#careful.heard(subject.node, subject.sequence ?? 0);
    log.error({ error, account: account.name, epoch, subject, unit: events }, 'a fault of ours: this goes into quarantine, and the account goes on without it');
    return true;
  }

  /**
   * To be called when the process is about to say that it lives (`heartbeat.ts`); what is returned, with the accounts
   * that it has, as soon as it has been heard. An owner whose process could not be heard for long lets go.
   */
  beginBeat(): (owned: Awaited<ReturnType<OwnerOptions['store']['heartbeat']>>) => void {
    const { account, monotonic } = this.#options;
    const begunAt = monotonic();
    const session = this.#session;
    if (session !== null && begunAt - session.beatAt >= LET_GO_AFTER_MS) this.#fail(new Error('no heartbeat reached the database in time'));
    return (owned) => {
      if (session === null || session.isOver) return;
      const { epoch } = session;
      if (owned.some((row) => row.account === account.number && row.epoch === epoch)) session.beatAt = begunAt;
      else this.#fail(new Deposed(`Epoch ${epoch} no longer rules account ${account.name}.`));
    };
  }

  /** Undefined while the account is not loaded. */
  explain(job: JobNumber, task: TaskNumber): readonly Reason[] | undefined {
    const session = this.#session;
    if (session === null) return undefined;
    const reason = this.#quarantine.reason(job, task);
    return reason === null ? session.core.explain(job, task, this.#options.clock()) : [reason];
  }

  /** Undefined while the account is not loaded; null for a job that is not open. */
  explainJob(job: JobNumber): JobExplanation | null | undefined {
    const session = this.#session;
    return session === null ? undefined : this.#quarantine.explained(job, session.core.explainJob(job, this.#options.clock()));
  }

  /** Undefined while the account is not loaded; null for a pool that it has not, or goes on without. */
  explainPool(pool: PoolNumber): readonly Reason[] | null | undefined {
    return this.#session?.core.explainPool(pool);
  }

  /** Likewise of a node. */
  explainNode(node: NodeNumber): readonly Reason[] | null | undefined {
    return this.#session?.core.explainNode(node);
  }

  /** What the account has now; null while it is not loaded. */
  figures(): AccountFigures | null {
    const session = this.#session;
    return session === null ? null : { account: this.#options.account.name, pools: session.core.poolCensus(), connectedAgents: session.channels.connected };
  }

  /** Lets go of the account; agents and tasks go on. */
  async stop(): Promise<void> {
    this.#end('the service stops');
    const { store, account, process } = this.#options;
    await store.resign(account.number, process);
  }

  /**
   * Ends every node and puts their tasks back into the queue, uncounted; then lets go of the account. `tick` must not
   * be running.
   */
  async shutDown(graceMs: number): Promise<void> {
    this.#source.stopWatching();
    await this.#source.halt([...(this.#session?.nodes.values() ?? []), ...this.#quarantine.nodes], graceMs);
    try {
      await this.#session?.shutDown();
    } catch (error) {
      // What could not be said now is found out by the next owner: the nodes are gone.
      this.#options.log.error({ error }, 'the last tick was not committed');
    }
    await this.stop();
  }

  authenticate(credential: string): ReturnType<AgentDoor['authenticate']> {
    const shown = this.#options.credentials.verify(credential);
    const { number } = this.#options.account;
    return shown === null || accountOf(shown.node) !== number ? null : { account: number, ...shown };
  }

  /** Before the account is loaded nothing can be said of a node: its agent comes back. */
  connect(node: NodeNumber, life: number, channel: AgentChannel): AgentConnection {
    const session = this.#session;
    if (session !== null) return connectAgent(session, this.#around, node, life, channel);
    channel.close('the owner is not ready');
    return { onFrame: () => undefined, onClose: () => undefined };
  }

  /**
   * The commit of unknown outcome may still be on its way: only the new epoch of a new claim shuts it out, so that what
   * is loaded then is the truth.
   */
  async #load(): Promise<Session> {
    const { store, account, process, processUrl, monotonic, log } = this.#options;
    const claimedAt = monotonic();
    const { epoch } = await store.claim(account.number, process, processUrl);
    await this.#quarantine.load(epoch);
    const whole = await store.load(account.number);
    const maxNodes = await this.#source.room();
    const careful = this.#careful;
    const { core, now, snapshot } = await loadRules(whole, { options: this.#options, quarantine: this.#quarantine, careful, epoch, maxNodes });
    const truth = await this.#source.truth([...snapshot.nodes, ...this.#quarantine.nodes]);
    // What the provider sees from here on is told to the session: nothing may be awaited before it is there.
    if (this.phase === 'ended') throw new Error('the owner ended while it loaded the account');
    const session = new Session(this.#around, { epoch, claimedAt, core, now, snapshot, whole, maxNodes, truth, careful });
    this.#state = { phase: 'ready', session };
    this.#options.onCommit?.({ kind: 'loaded', epoch });
    log.info({ account: account.name, epoch, nodes: session.nodes.size, jobs: snapshot.jobs.length }, 'account loaded');
    return session;
  }

  /** Null: the account is no longer ours, or cannot be loaded for a fault of ours. */
  async #loadAgain(): Promise<Session | null> {
    try {
      return await this.#load();
    } catch (error) {
      if (error instanceof NoRoom) this.#starve(error);
      if (!(error instanceof AccountOwned || error instanceof Deposed || error instanceof RulesFault || error instanceof Refused)) throw error;
      this.#fail(error);
      return null;
    }
  }

  async #commitQuarantine(epoch: number, quarantine: QuarantineChange, inboxEntries: readonly number[]): Promise<void> {
    const { store, account, clock } = this.#options;
    await store.commit({ account: account.number, epoch, tick: 0, now: clock(), decisions: NOTHING_DECIDED, inboxEntries, specs: [], journal: null, quarantine });
  }

  /** Nobody is kept waiting for what may take hours. */
  #starve(error: NoRoom): void {
    this.#noRoom = error;
    this.#waiters.rejectAll(error);
  }

  #fail(error: unknown): void {
    // A heartbeat may have ended it while a tick was under way.
    if (this.phase === 'ended') return;
    const { log, account } = this.#options;
    if (error instanceof Deposed || error instanceof AccountOwned) {
      log.error({ account: account.name, epoch: this.#session?.epoch }, 'another process owns the account now');
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
    this.#reload('the owner loads the account again', error instanceof NoRoom ? error : undefined);
  }

  /** `error`: what those get who wait for a task's end. */
  #reload(reason: string, error = new Error('the account is loaded again')): void {
    if (this.phase === 'ended') return;
    this.#leave(LOADING, reason, error);
    this.#options.onWork();
  }

  #end(reason: string): void {
    const error = new Error(reason);
    this.#leave(ENDED, reason, error);
    this.#source.stopWatching();
    this.#waiters.rejectAll(error);
  }

  /** The session, if there is one, is thrown away. */
  #leave(next: State, reason: string, error: Error): void {
    const session = this.#session;
    this.#state = next;
    session?.close(reason, error);
  }
}

const NOTHING_DECIDED: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: true };
