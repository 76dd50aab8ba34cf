import { randomUUID } from 'node:crypto';
import type { ArchiveAsk, Archived, ArchivedTask, OwnerFrame, WithoutEpoch } from '../agent/frames.ts';
import { messageOf } from '../base/errors.ts';
import type { BlobAccount } from '../blobs/account.ts';
import type { Decisions } from '../core/decisions.ts';
import type { Instant, JobNumber, NodeNumber } from '../core/keys.ts';
import type { NodeState, NodeStatus } from '../core/status.ts';
import { ARCHIVE_CONTAINER, type LogArchiveStore } from '../store/logArchive.ts';
import { relativeFilePath } from '../wire/files.ts';
import type { ArchiveSettings } from './archiveSettings.ts';
import type { OwnerLog } from './ownerOptions.ts';

export interface LogArchiveOptions {
  readonly store: LogArchiveStore;
  readonly storage: Pick<BlobAccount, 'createContainer' | 'deleteBlob' | 'grant'>;
  readonly settings: ArchiveSettings;
  /** Storage and its signatures go by it. */
  readonly wallClock: () => Instant;
}

interface Surroundings {
  readonly account: { readonly number: number; readonly name: string };
  /** The time of day by which rows go, and milliseconds that only grow. */
  readonly clock: () => Instant;
  readonly monotonic: () => number;
  readonly log: OwnerLog;
  /** Returns whether its agent is connected. */
  readonly send: (node: NodeNumber, frame: WithoutEpoch<Extract<OwnerFrame, { kind: 'archive' | 'archiveRecorded' }>>) => boolean;
}

/** A node that has had nothing to do for so long has its tasks archived. */
const IDLE_MS = 30_000;
const IDLE_NODES_AT_ONCE = 2;
/** For one object of an idle node. */
const IDLE_WITHIN_MS = 30_000;
/** After a failure, or where the node had other things to do. */
const IDLE_AGAIN_MS = 60_000;
/** So long a node that is to go waits, whatever becomes of its archive. */
const LEAVE_WITHIN_MS = 5_000;
/** The agent's own bound is as much shorter: its answer is to come in time. */
const ANSWER_MARGIN_MS = 500;
/** A URL is good for so long; an object without a record that is older will never be put any more. */
const SIGNED_MS = 5 * 60_000;
const FAILED_AFTER_MS = 2 * SIGNED_MS;
const SWEEP_EVERY_MS = 10 * 60_000;
/** The account has other things to do when it has just been loaded. */
const FIRST_SWEEP_AFTER_MS = 15_000;
/** Blobs that a sweep deletes, one after the other; the rest in the next one. */
const DELETED_AT_ONCE = 200;

const IS_IDLE: ReadonlySet<NodeState> = new Set(['idle', 'offline']);

/**
 * What tasks left on nodes, kept in the account's storage beyond the nodes: before a node is released it has some
 * seconds for it, and one that is idle for a while is asked, too. Its agent puts an object (`agent/logArchive.ts`), and
 * what the agent says of it is entered into the database. Nothing of this is of any concern to the rules.
 *
 * Each object has a row before its URL is given away. So whatever is killed between, no blob is without a row, and a
 * row that nothing was entered for leads to a blob to be deleted. Objects go with the last task that has something in
 * them: soon where a task or job was deleted, else at the next sweep; and the oldest ones go where all of them are too
 * large.
 *
 * An agent that says nothing of `archives` in its hello is of a version that knows nothing of it, and is asked nothing.
 */
export class LogArchive {
  readonly #options: LogArchiveOptions;
  readonly #around: Surroundings;
  /** Agents that know what to do, while they are connected. */
  readonly #connected = new Set<NodeNumber>();
  readonly #awaiting = new Map<NodeNumber, Set<() => void>>();
  readonly #waiting = new Map<string, { readonly node: NodeNumber; readonly settle: (answer: Archived | null) => void }>();
  /** How many tasks a node had run when all of them were archived. */
  readonly #done = new Map<NodeNumber, number>();
  /** Of idle nodes: when they may be asked again; infinite: they are being asked. */
  readonly #againAt = new Map<NodeNumber, number>();
  #idleAsked = 0;
  #container: Promise<void> | null = null;
  /** Of which tasks have gone. */
  #changed = new Set<JobNumber>();
  #isUsed = true;
  #isSweeping = false;
  #sweepAt: number;

  constructor(options: LogArchiveOptions, around: Surroundings) {
    this.#options = options;
    this.#around = around;
    this.#sweepAt = around.monotonic() + FIRST_SWEEP_AFTER_MS;
  }

  /** An agent has been welcomed. */
  connected(node: NodeNumber): void {
    this.#connected.add(node);
    for (const go of this.#awaiting.get(node) ?? []) go();
  }

  closed(node: NodeNumber): void {
    this.#connected.delete(node);
    for (const waiting of this.#waiting.values()) if (waiting.node === node) waiting.settle(null);
  }

  closedAll(): void {
    for (const node of this.#connected) this.closed(node);
  }

  answered(node: NodeNumber, request: string, answer: Archived): void {
    const waiting = this.#waiting.get(request);
    if (waiting?.node === node) waiting.settle(answer);
  }

  /** Tasks and jobs have gone, and that is committed. */
  settled({ gone, nodes }: Decisions): void {
    for (const { job } of gone.tasks) this.#changed.add(job);
    for (const job of gone.jobs) this.#changed.add(job);
    for (const { node, goneAt } of nodes) {
      if (goneAt === null) continue;
      this.#done.delete(node);
      this.#againAt.delete(node);
    }
  }

  /** A node is to go, with all that lies on it. Resolves once it may, and never rejects; null: it may at once. */
  beforeLeaving(status: NodeStatus): Promise<void> | null {
    return this.#options.settings.isOn && this.#hasNew(status) ? this.#archiveLeaving(status) : null;
  }

  async #archiveLeaving(status: NodeStatus): Promise<void> {
    const { node } = status;
    const isOver = AbortSignal.timeout(LEAVE_WITHIN_MS);
    const until = this.#around.monotonic() + LEAVE_WITHIN_MS;
    const work = async (): Promise<void> => {
      await this.#connection(node, isOver);
      let more = true;
      while (more && !isOver.aborted) more = (await this.#object(status, { withinMs: until - this.#around.monotonic() - ANSWER_MARGIN_MS, yields: false, signal: isOver })) === 'more';
      if (more) this.#warn(status, `not all within ${LEAVE_WITHIN_MS / 1000} s`);
    };
    await Promise.race([work(), aborted(isOver)]);
  }

  /** To be called each second or so: asks idle nodes, and sweeps. */
  attend(nodes: Iterable<NodeStatus>): void {
    const { clock, monotonic } = this.#around;
    const now = monotonic();
    if (this.#options.settings.isOn) {
      for (const status of nodes) {
        const { node, state, since } = status;
        if (this.#idleAsked >= IDLE_NODES_AT_ONCE) break;
        if (!IS_IDLE.has(state) || !this.#hasNew(status) || clock() - since < IDLE_MS) continue;
        if (!this.#connected.has(node) || (this.#againAt.get(node) ?? 0) > now) continue;
        void this.#archiveIdle(status);
      }
    }
    if (this.#isSweeping || (now < this.#sweepAt && (this.#changed.size === 0 || !this.#isUsed))) return;
    void this.#sweep(now >= this.#sweepAt);
  }

  /** It has run tasks since all that it had run was archived. */
  #hasNew({ node, totalTasksRun }: NodeStatus): boolean {
    return totalTasksRun !== (this.#done.get(node) ?? 0);
  }

  async #archiveIdle(status: NodeStatus): Promise<void> {
    const { node, totalTasksRun } = status;
    this.#idleAsked += 1;
    this.#againAt.set(node, Number.POSITIVE_INFINITY);
    const outcome = await this.#object(status, { withinMs: IDLE_WITHIN_MS, yields: true, signal: AbortSignal.timeout(IDLE_WITHIN_MS + ANSWER_MARGIN_MS) });
    this.#idleAsked -= 1;
    if (outcome === 'all') this.#done.set(node, totalTasksRun);
    this.#againAt.set(node, outcome === 'more' ? 0 : this.#around.monotonic() + IDLE_AGAIN_MS);
  }

  /** One object. `more`: there is more to archive. `failed`: it is of no use to ask again at once. */
  async #object(status: NodeStatus, { withinMs, yields, signal }: { readonly withinMs: number; readonly yields: boolean; readonly signal: AbortSignal }): Promise<'all' | 'more' | 'failed'> {
    const { store, storage, settings, wallClock } = this.#options;
    const { account, clock, send } = this.#around;
    const { node } = status;
    if (withinMs <= 0) return 'more';
    try {
      await this.#ensureContainer();
      const blob = `${account.name}/${randomUUID()}`;
      const object = await store.begin(account.number, blob, clock());
      this.#isUsed = true;
      const url = storage.grant({ container: ARCHIVE_CONTAINER, blob, rights: ['create', 'write'], startsAt: null, expiresAt: wallClock() + SIGNED_MS });
      const request = randomUUID();
      const answer = await this.#ask(node, request, { url, patterns: settings.patterns, maxFileBytes: settings.maxFileBytes, withinMs: Math.floor(withinMs), yields }, signal);
      if (answer === null) {
        this.#warn(status, 'its agent did not answer');
        return 'failed';
      }
      if (answer.problem !== undefined) {
        this.#warn(status, answer.problem);
        return 'failed';
      }
      const tasks = answer.tasks.map((task) => sound(task, answer.sizeBytes));
      if (tasks.length > 0) {
        const kept = await store.record({ account: account.number, object, node, sizeBytes: answer.sizeBytes, now: clock(), tasks });
        send(node, { kind: 'archiveRecorded', request });
        if (kept > 0) return answer.more ? 'more' : 'all';
        await storage.deleteBlob(ARCHIVE_CONTAINER, blob);
      }
      await store.drop([object]);
      // Of an answer with nothing but more the agent has other things to do.
      return answer.more ? (tasks.length > 0 ? 'more' : 'failed') : 'all';
    } catch (error) {
      this.#warn(status, messageOf(error));
      return 'failed';
    }
  }

  /** Null: no answer will come. */
  #ask(node: NodeNumber, request: string, ask: ArchiveAsk, signal: AbortSignal): Promise<Archived | null> {
    return new Promise((resolve) => {
      const settle = (answer: Archived | null): void => {
        this.#waiting.delete(request);
        resolve(answer);
      };
      this.#waiting.set(request, { node, settle });
      signal.addEventListener('abort', () => settle(null), { once: true });
      if (signal.aborted || !this.#connected.has(node) || !this.#around.send(node, { kind: 'archive', request, ask })) settle(null);
    });
  }

  /** An agent comes back a moment after its owner does. */
  #connection(node: NodeNumber, signal: AbortSignal): Promise<void> {
    if (this.#connected.has(node)) return Promise.resolve();
    const waiting = this.#awaiting.get(node) ?? new Set();
    this.#awaiting.set(node, waiting);
    return new Promise((resolve) => {
      const go = (): void => {
        waiting.delete(go);
        if (waiting.size === 0) this.#awaiting.delete(node);
        resolve();
      };
      waiting.add(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  #ensureContainer(): Promise<void> {
    this.#container ??= this.#options.storage.createContainer(ARCHIVE_CONTAINER).catch((error: unknown) => {
      this.#container = null;
      throw error;
    });
    return this.#container;
  }

  async #sweep(isWhole: boolean): Promise<void> {
    const { store, storage, settings } = this.#options;
    const { account, clock, monotonic, log } = this.#around;
    this.#isSweeping = true;
    const jobs = isWhole ? null : [...this.#changed];
    this.#changed = new Set();
    if (isWhole) this.#sweepAt = monotonic() + SWEEP_EVERY_MS;
    try {
      const now = clock();
      const empty = await store.sweep(account.number, { jobs, now, begunBefore: now - FAILED_AFTER_MS, mostBytes: settings.maxTotalBytes });
      for (const { object, blob } of empty.slice(0, DELETED_AT_ONCE)) {
        await storage.deleteBlob(ARCHIVE_CONTAINER, blob);
        await store.drop([object]);
      }
      if (empty.length > DELETED_AT_ONCE) this.#sweepAt = monotonic();
      this.#isUsed = await store.isUsed(account.number);
    } catch (error) {
      log.warn({ error, account: account.name }, 'the log archive could not be swept: it is tried again');
      // What was to be forgotten is found by the next whole one.
      this.#sweepAt = Math.min(this.#sweepAt, monotonic() + IDLE_AGAIN_MS);
    } finally {
      this.#isSweeping = false;
    }
  }

  #warn({ node, id }: NodeStatus, reason: string): void {
    this.#around.log.warn({ node, nodeId: id, reason }, 'files of tasks on a node were not archived');
  }
}

/** An agent runs where tasks run: what it says must not lead out of the object. */
function sound(task: ArchivedTask, objectBytes: number): ArchivedTask {
  return { ...task, files: task.files.filter(({ name, start, sizeBytes }) => relativeFilePath(name) === name && start + sizeBytes <= objectBytes) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
