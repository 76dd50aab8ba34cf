/**
 * The doors between API, owners and agents: the only things the API knows of owners and nodes.
 */
import type { Histogram } from './base/histogram.ts';
import type { PoolCensus } from './core/census.ts';
import type { Decisions } from './core/decisions.ts';
import type { AttemptEnd } from './core/events.ts';
import type { AccountNumber, Instant, JobNumber, NodeNumber, PoolNumber, TaskKey, TaskNumber } from './core/keys.ts';
import type { Transition } from './core/transitions/transition.ts';
import type { JobExplanation } from './core/port.ts';
import type { Reason } from './core/reasons.ts';
import type { UnderWay } from './core/underWay.ts';
import type { PoolIntent } from './core/intent.ts';
import type { AddedTasks } from './store/ownerStore.ts';
import type { JournalRow } from './store/journal.ts';
import type { NodeHistory, TaskHistory } from './store/intents/jobHistory.ts';
import type { JobRules } from './store/rules.ts';
import type { SimulationOutcome } from './wire/own/simulation.ts';
import type { Distribution } from './wire/simulation/distribution.ts';
import type { Synthetic } from './wire/simulation/synthetic.ts';
import type { AgentFrame, ArchivedFile, ClientAsk, FileAnswer, FileAsk, FileProperties, LoginAsk, MeasuredAt, NodeAnswer, NodeAskError, OwnerFrame } from './agent/frames.ts';

/** All that the API knows of owners. */
export interface Wake {
  /**
   * Resolves once everything committed before this call has been taken in and that is committed. Rejects when the owner
   * is stopped, too many wait or `signal` aborts.
   */
  wake(account: AccountNumber, signal?: AbortSignal): Promise<void>;
  /**
   * Has the owner look soon, and waits for nothing: for what is added. `added`: what it would find, so that it need not
   * read it; the inbox holds all the same.
   */
  sweep(account: AccountNumber, added?: AddedTasks): void;
  /**
   * Resolves once a task has ended, or is gone, and that is committed; at once for one that has. Rejects when the owner
   * is stopped or has to load the account again, too many wait or `signal` aborts.
   */
  ended(account: AccountNumber, job: JobNumber, task: TaskNumber, signal: AbortSignal): Promise<void>;
}

/** A process of the database, this one or another. */
export interface Peer {
  readonly process: string;
  /** Where the others reach it: `https://HOST:PORT`. */
  readonly url: string;
}

/** Which process works on an account; `here`: this one. */
export type Place = { readonly kind: 'here' } | { readonly kind: 'there'; readonly peer: Peer };

/** Where accounts are worked on. */
export interface Places {
  /** Waits while no process has the account. Rejects with `NoOwner` after some seconds, and when `signal` aborts. */
  of(account: AccountNumber, signal?: AbortSignal): Promise<Place>;
  /** As far as it is known now; null: nobody has it. */
  known(account: AccountNumber): Place | null;
  /** What `of` has said is not so any more: resolves when it has been looked at again. */
  wrong(account: AccountNumber, place: Place): Promise<void>;
  /** Calls back when the account is worked on elsewhere, or nowhere; until stopped. */
  watch(account: AccountNumber, moved: () => void): () => void;
}

/** Works on accounts that come and go while the service runs. */
export interface AccountHost {
  /** Claims an account that was made, and works on it from then on. */
  open(account: { readonly number: AccountNumber; readonly name: string }): Promise<void>;
  /** Lets go of an account whose nodes are gone. */
  close(account: AccountNumber): Promise<void>;
}

/** What the owners of this process commit, told as it happens. An account that another process owns is not heard of. */
export interface Commits {
  /**
   * `hear` is called after each commit, in their order, until the function that is returned has been called. It must
   * not take long: the owner waits. What it throws goes into the log.
   */
  listen(account: AccountNumber, hear: (news: CommitNews) => void): () => void;
}

export type CommitNews =
  /** The account was loaded. What the epoch before had under way may be in the database without having been told. */
  | { readonly kind: 'loaded'; readonly epoch: number }
  /**
   * `decisions`: as they are in the database; `transitions`: what they change. `tick` counts up within the epoch. `at`:
   * by the clock of rows. `ends`: how attempts ended, as their agents reported it in this tick.
   */
  | { readonly kind: 'tick'; readonly epoch: number; readonly tick: number; readonly at: Instant; readonly decisions: Decisions; readonly transitions: readonly Transition[]; readonly ends?: () => readonly AttemptEnd[] };

/** Why tasks wait, as the rules of their owner have it, which may be in another process. Undefined: it is not ready. */
export interface Explanations {
  task(account: AccountNumber, job: JobNumber, task: TaskNumber): Promise<readonly Reason[] | undefined>;
  /** null: the job is completed. */
  job(account: AccountNumber, job: JobNumber): Promise<JobExplanation | null | undefined>;
  /** Why it is not at its target. null: the rules know no such pool. */
  pool(account: AccountNumber, pool: PoolNumber): Promise<readonly Reason[] | null | undefined>;
  /** Why it is idle. null: the rules know no such node. */
  node(account: AccountNumber, node: NodeNumber): Promise<readonly Reason[] | null | undefined>;
}

/** What the owners of this process have done, and what they hold now: for `/metrics`. */
export interface Figures {
  /** Over all accounts, since the process began. */
  readonly counted: Counted;
  /** Counted when it is asked for, from memory. Accounts that are loading are left out. */
  accounts(): readonly AccountFigures[];
}

export interface Counted {
  readonly ticks: number;
  /** What those took in: requests, reports, observations. */
  readonly events: number;
  readonly turnSeconds: Histogram;
  readonly commitSeconds: Histogram;
  /** Of each try of a task, by the clock of rows. */
  readonly waitSeconds: Histogram;
  /** Of the last try of a task that has completed. */
  readonly runSeconds: Readonly<Record<'success' | 'failure', Histogram>>;
  readonly turnaroundSeconds: Readonly<Record<'success' | 'failure', Histogram>>;
}

export interface AccountFigures {
  readonly account: string;
  readonly pools: readonly PoolCensus[];
  readonly connectedAgents: number;
}

/** One connected agent, as the owner sees it. The transport (WebSocket, simulator) calls `onFrame` and `onClose`. */
export interface AgentChannel {
  send(frame: OwnerFrame): void;
  close(reason: string): void;
}

/** What the transport hands to the owner. */
export interface AgentDoor {
  /** Returns null if the credential is not that of a node of this owner. */
  authenticate(credential: string): { readonly account: AccountNumber; readonly node: NodeNumber; readonly life: number } | null;
  /** `onClose`: the connection is down, and nothing had been heard over it for so many milliseconds. */
  connect(node: NodeNumber, life: number, channel: AgentChannel): { onFrame(frame: AgentFrame): void; onClose(unheardMs: number): void };
}

/** What tasks with `authenticationTokenSettings` show instead of a key of the account. */
export interface TaskTokens {
  /** null: not one of ours. Constant time in the secret part. */
  verify(token: string): TaskKey | null;
  /** Likewise of what it shows to get tokens of its pool's managed identity. */
  verifyIdentity(token: string): TaskKey | null;
}

/** What clients ask of nodes beside their files. */
export interface NodeRequests {
  /** Never rejects. */
  ask(account: AccountNumber, node: NodeNumber, ask: ClientAsk, signal: AbortSignal): Promise<NodeAnswer>;
}

/** The time of a service whose users set it (docs/clock.md). */
export interface SettableClock {
  now(): Instant;
  /** How far it is ahead of the real one. */
  readonly offsetMs: number;
  /**
   * Lets time pass. Resolves when all that was due by then has been decided, is committed and is over on nodes.
   * `signal`: where it aborts, the time stays as far as it has come.
   */
  advance(ask: AdvanceAsk, signal: AbortSignal): Promise<Advanced>;
}

export interface AdvanceAsk {
  readonly byMs: number;
  /** Tasks that run may go on meanwhile; else nothing is done while some do. */
  readonly withRunning: boolean;
  /** Aborts when one step has been waited for long enough; asked at the beginning of each. */
  readonly patience: () => AbortSignal;
}

export type Advanced =
  | { readonly kind: 'done'; readonly steps: number }
  /** Nothing was done: so many tasks run, those of jobs on their nodes included. */
  | { readonly kind: 'running'; readonly tasks: number }
  /** Nothing was done: somebody else lets time pass now. */
  | { readonly kind: 'busy' }
  /** It has come so far; `underWay`: what was waited for. */
  | { readonly kind: 'interrupted'; readonly steps: number; readonly leftMs: number; readonly underWay: readonly UnderWay[] };

/** Files on nodes, for the API: asks go over the agent's channel, bytes come back over HTTP. */
export interface NodeFiles {
  ask(account: AccountNumber, node: NodeNumber, ask: Exclude<FileAsk, { kind: 'read' }>, signal: AbortSignal): Promise<FileAnswer>;
  /** Throws a `FileAnswer` error as value `{error}`; the body aborts with `signal`. */
  read(account: AccountNumber, node: NodeNumber, ask: Extract<FileAsk, { kind: 'read' }>, signal: AbortSignal): Promise<FileRead>;
}

/**
 * Where bytes that an agent sends (`POST /linarite/agent/files/<request>`) meet the reader that waits for them. The API
 * has it, the owner's `NodeFiles` uses it.
 */
export interface FileArrivals {
  /**
   * Resolves when the agent's request has come; rejects when `signal` aborts. To be called before the agent is asked.
   */
  expect(request: string, signal: AbortSignal): Promise<Extract<FileRead, { kind: 'file' }>>;
}

export type FileRead =
  | { readonly kind: 'file'; readonly file: FileProperties; readonly body: AsyncIterable<Uint8Array> }
  | Extract<FileAnswer, { kind: 'error' }>;
export type { AgentFrame, ArchivedFile, ClientAsk, FileAnswer, FileAsk, FileProperties, LoginAsk, MeasuredAt, NodeAnswer, NodeAskError, TaskKey };
export { pingEveryMs, taskDirectory } from './agent/frames.ts';

/** Pools that are to be tried on a load, as data that a thread can be given. */
export interface SimulationAsk {
  readonly pools: readonly SimulatedPoolRules[];
  readonly load: SimulationLoad;
  /** null: as usual, or of a job as it was. */
  readonly boot: Distribution | null;
  readonly startTask: Distribution | null;
  /** The part of low-priority nodes that an hour takes away; below 1. */
  readonly preemptedPerHour: number;
  /** Of each kind; null: none, or of a job as it was. */
  readonly warm: number | null;
  /** null: a Monday at midnight, or when the job began. */
  readonly startsAt: Instant | null;
  /** null: it ends with the last task. */
  readonly untilMs: number | null;
  readonly seed: number;
}

/** A pool as the rules know it. */
export interface SimulatedPoolRules {
  readonly coresPerNode: number;
  readonly pool: Omit<PoolIntent, 'pool' | 'createdAt' | 'resizeRequestedAt'>;
}

export type SimulationLoad =
  | { readonly kind: 'made'; readonly synthetic: Synthetic }
  /** `name`: what its faults are told of. */
  | { readonly kind: 'file'; readonly name: string; readonly text: string; readonly retries: number }
  | { readonly kind: 'job'; readonly job: RecordedRun };

/** What is on record of a job that has run. */
export interface RecordedRun {
  readonly id: string;
  readonly rules: JobRules;
  readonly tasks: readonly TaskHistory[];
  /** Of its pool. */
  readonly nodes: readonly NodeHistory[];
  /** From when it began until it ended, as far as there is. */
  readonly journal: readonly JournalRow[];
}

/** What came of an ask: an outcome for each of its pools. */
export interface Simulated {
  /** For people. */
  readonly load: string;
  /** A clause each. */
  readonly assumed: readonly string[];
  readonly startsAt: Instant;
  readonly outcomes: readonly SimulationOutcome[];
}

export type SimulationEnd =
  | { readonly kind: 'simulated'; readonly simulated: Simulated }
  /** The load can be none; `reason` says why. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It took more than it may. */
  | { readonly kind: 'tooLarge'; readonly reason: string }
  /** Too many wait. */
  | { readonly kind: 'busy' };

/** Where pools are tried: beside all else that the service does. */
export interface Simulations {
  /** Rejects when `signal` aborts, which ends it. */
  readonly run: (ask: SimulationAsk, signal: AbortSignal) => Promise<SimulationEnd>;
}
