import type { Decisions } from '../core/decisions.ts';
import type { ScheduleIntake, Snapshot, TaskIntake } from '../core/events.ts';
import type { DrillIntent, JobIntent, NodeIntent, PoolIntent, Quotas } from '../core/intent.ts';
import type { AccountNumber, Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../core/keys.ts';
import type { OwnSample } from '../core/pool/samples.ts';
import type { JobStatus } from '../core/status.ts';
import type { TickTransitions } from '../core/transitions/tracker.ts';
import type { ActivePackage } from './packages.ts';

/**
 * What an account's owner needs of a store: PostgreSQL in production, a stand-in in the simulator; one contract suite
 * holds both.
 */
export interface OwnerStore {
  /**
   * Takes the account for this process: raises the epoch, also if the process has it already; commits under the old one
   * are over or will be refused. Throws `AccountOwned` while another process that beats has it. `process`: a UUID;
   * `url`: where other processes reach this one.
   */
  claim(account: AccountNumber, process: string, url: string): Promise<{ readonly epoch: number }>;
  /**
   * Says that the process lives, and which accounts it still has, and under which epoch: an owner that has nothing to
   * commit learns here that it was replaced.
   */
  heartbeat(process: string): Promise<readonly { readonly account: AccountNumber; readonly epoch: number }[]>;
  /** Gives one of its accounts up, so that another may take it at once. */
  resign(account: AccountNumber, process: string): Promise<void>;
  load(account: AccountNumber): Promise<Snapshot>;
  /**
   * The oldest entries, and the rows they point at as they are now, with them the jobs of `also` that there are.
   * Entries stay until a commit names them.
   */
  readInbox(account: AccountNumber, limit: number, also?: readonly JobNumber[]): Promise<InboxBatch>;
  /**
   * Tasks numbered above `after`, in order, as they are now: ones already deleted too (`deletedAt` set; the core clears
   * them without counting them).
   */
  readTasks(job: JobNumber, after: TaskNumber, limit: number): Promise<TaskPage>;
  /**
   * One transaction: checks the epoch and that the tick before this one is there, and writes that this one is; checks
   * the guards, writes rows (of jobs whose guard does not hold those without their end, `withoutEndings`) and what the
   * rules ask for (`Decisions.requests`, with inbox entries that the next `readInbox` brings), removes inbox entries,
   * writes the journal row, and reads the specifications that `specs` asks for (so that an offer needs no second round
   * trip). Throws `Deposed` (another epoch rules), or anything else: then the outcome is unknown and the account must
   * be claimed and loaded again, in this order: the commit may still be on its way, only a new epoch shuts it out.
   *
   * May be called again while a commit of the same account is under way. They are carried out in the order of the
   * calls, each on what the one before it has left; where one is not carried out, none after it is (`OutOfTurn`).
   */
  commit(tick: TickCommit): Promise<Committed>;
  /**
   * Those of these ids that tasks of the job have satisfied, as `Snapshot.satisfied` says; null: all there are. Each
   * once.
   */
  readSatisfied(job: JobNumber, among: readonly string[] | null): Promise<readonly string[]>;
  /**
   * What the agents need beyond the rules: specifications of jobs and pools, by number. Deleted ones too, while their
   * rows last.
   */
  readJobSpecs(jobs: readonly JobNumber[]): Promise<readonly { readonly job: JobNumber; readonly id: string; readonly spec: unknown }[]>;
  readPoolSpecs(pools: readonly PoolNumber[]): Promise<readonly PoolSpec[]>;
  /** The active packages of these applications of the account. */
  readPackages(account: AccountNumber, applications: readonly string[]): Promise<readonly ActivePackage[]>;
  /** Those of the jobs that are not gone. */
  readKnownJobs(jobs: readonly JobNumber[]): Promise<readonly JobNumber[]>;
  /** All that is in the account's quarantine, oldest first. */
  readQuarantine(account: AccountNumber): Promise<readonly Quarantined[]>;
}

export interface PoolSpec {
  readonly pool: PoolNumber;
  readonly id: string;
  readonly spec: unknown;
  /** The certificates that it names. */
  readonly certificates: readonly StoredCertificate[];
}

/** A certificate as its row has it. */
export interface StoredCertificate {
  readonly thumbprint: string;
  readonly format: 'pfx' | 'cer';
  /** `CertificateSecrets`; null: a process of an earlier version has written the row, and the next two have them. */
  readonly sealed: string | null;
  /** base64 */
  readonly data: string | null;
  readonly password: string | null;
}

/**
 * What something in quarantine is about, and so what the account goes on without.
 * - `pool`, `job`, `schedule`: all of it. A pool's nodes keep what they have and hear of nobody; jobs of a schedule go
 *   on.
 * - `tasks`: a new task, counted and not yet queued; `task`: one of which something was asked.
 * - `report`: what an agent said; `sequence` is its number in that life, null for a hello. `job` and `task`, where it
 *   names an attempt.
 * - `node`: what the owner itself learned of a node, and so the node: `what` names it.
 */
export type QuarantineSubject =
  | { readonly kind: 'pool'; readonly pool: PoolNumber }
  | { readonly kind: 'job'; readonly job: JobNumber }
  | { readonly kind: 'schedule'; readonly schedule: ScheduleNumber }
  | { readonly kind: 'tasks' | 'task'; readonly job: JobNumber; readonly task: TaskNumber }
  | { readonly kind: 'report'; readonly node: NodeNumber; readonly life: number; readonly sequence: number | null; readonly job: JobNumber | null; readonly task: TaskNumber | null }
  | { readonly kind: 'node'; readonly node: NodeNumber; readonly life: number | null; readonly what: string };

export interface QuarantineKey {
  /** Of the tick that failed; 0 and below: the account was being loaded. */
  readonly epoch: number;
  readonly tick: number;
}

export interface Quarantined extends QuarantineKey {
  readonly at: Instant;
  /** Of the rules that failed. */
  readonly coreVersion: string;
  readonly subject: QuarantineSubject;
  /** What the rules were told, as JSON: the events of an inbox entry, or a report. */
  readonly unit: unknown;
  /** The error's text, with its causes. */
  readonly error: string;
}

/** What a commit changes of the account's quarantine. */
export interface QuarantineChange {
  /** To be put aside; those that are there already stay as they are. */
  readonly aside?: readonly Quarantined[];
  /**
   * Taken out, to be tried again: pools, jobs and tasks get an inbox entry, and all tasks of open jobs will be looked
   * at when the account is loaded.
   */
  readonly again?: readonly QuarantineKey[];
  /**
   * Taken out: what they were about is gone. Nodes that a pool of `Decisions.gone` still had in its rows are gone as
   * well.
   */
  readonly over?: readonly QuarantineKey[];
}

export interface InboxBatch {
  /** To be named in the commit that took them in. In ascending order. */
  readonly entries: readonly number[];
  /** The highest entry there is, read or not; 0: none. */
  readonly newest: number;
  readonly pools: readonly PoolIntent[];
  /**
   * Those asked about, those of `also`, and of the jobs of `tasks` the completed ones (they may have been dropped from
   * memory) and those of which a task is to be active again (`reactivations`).
   */
  readonly jobs: readonly { readonly intent: JobIntent; readonly status: JobStatus | null }[];
  readonly schedules: readonly ScheduleIntake[];
  readonly nodes: readonly NodeIntent[];
  /** The account's, where an entry points at it. */
  readonly quotas?: Quotas;
  /** Its drills that nobody has stopped, likewise. */
  readonly drills?: readonly DrillIntent[];
  /** What programs measured of pools, in the order it came. Left out: nothing. */
  readonly ownSamples?: readonly { readonly pool: PoolNumber; readonly samples: readonly OwnSample[] }[];
  /** Jobs that have new tasks: read them with `readTasks`, page by page. */
  readonly jobsWithNewTasks: readonly JobNumber[];
  /**
   * Tasks of which something was asked (also ones not taken in yet: then they come again with their job's new tasks;
   * apply once).
   */
  readonly tasks: readonly { readonly job: JobNumber; readonly task: TaskIntake }[];
  /** More entries wait. */
  readonly more: boolean;
}

/** Tasks that one commit has added to a job: what `readInbox` and `readTasks` give of it. */
export interface AddedTasks {
  readonly entry: number;
  readonly job: JobNumber;
  /** All of them, in the order of their numbers, which have no gap. */
  readonly tasks: readonly TaskIntake[];
  /** How many characters the rules keep of them, about. */
  readonly size: number;
}

export interface TaskPage {
  readonly tasks: readonly TaskIntake[];
  /** The highest number this page covers; below `newest` if the page is full. */
  readonly through: TaskNumber;
  /** The job's last number; `after`, if the job is gone. */
  readonly newest: TaskNumber;
}

export interface TickCommit {
  readonly account: AccountNumber;
  readonly epoch: number;
  /** From 1 in each epoch, without a gap; 0: something of its own, before the first. */
  readonly tick: number;
  readonly now: Instant;
  readonly decisions: Decisions;
  readonly inboxEntries: readonly number[];
  /** The tasks offered in this tick. */
  readonly specs: readonly { readonly job: JobNumber; readonly task: TaskNumber }[];
  /** Left out: none. */
  readonly transitions?: TickTransitions;
  /** null: nothing to record. */
  readonly journal: JournalEntry | null;
  /** Left out: nothing. */
  readonly quarantine?: QuarantineChange;
}

export interface JournalEntry {
  /** Of the rules that decided. */
  readonly coreVersion: string;
  readonly seed: number;
  readonly inputs: Uint8Array;
  /**
   * Of the first tick of an epoch, or of its first in a partition of the journal: what it went on from. null and left
   * out: not recorded.
   */
  readonly beginning?: Uint8Array | null;
}

export interface Committed {
  readonly specs: readonly AttemptSpec[];
  /**
   * Jobs that got tasks, or had some made active again, while it was decided that they end by themselves: they have not
   * ended.
   */
  readonly refused: readonly JobNumber[];
}

export interface AttemptSpec {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly id: string;
  /** Canonical task specification (wire TaskAdd) as stored. */
  readonly spec: unknown;
}

/** A process that has not beaten for this long, by the database's clock, has lost its accounts to whoever asks. */
export const OWNER_DEAD_AFTER_MS = 7_000;

/**
 * Where nodes are a machine's and none of its processes lives, their agents end tasks that long after the last one was
 * heard (`AGENT_LEASE_MS` and what clocks may be off): only then does a process elsewhere take the account.
 */
export const AGENT_LEASE_MS = 5 * 60_000;
export const PLACE_FENCE_MS = AGENT_LEASE_MS + 15_000;


/** Another process owns the account: thrown by `claim`. */
export class AccountOwned extends Error {
  readonly url: string;
  constructor(url: string) {
    super(`The account is owned by the process at ${url}.`);
    this.url = url;
  }
}
/** A newer epoch rules the account: thrown by `commit`. This owner must stop. */
export class Deposed extends Error {}
/** The tick before this one is not there, so nothing of this one was written: thrown by `commit`. */
export class OutOfTurn extends Error {}
/**
 * The store refused the values or the statement: thrown by `commit` and by reads. Certainly nothing was written, and it
 * would be refused again: a fault of ours, not an outcome that loading again could tell.
 */
export class Refused extends Error {}
/**
 * The store finds no room to write (a full disk, a quota), in its own words: thrown by everything. Of a commit the
 * outcome is unknown, as with any other error; asked again once there is room, it does.
 */
export class NoRoom extends Error {
  constructor(said: string) {
    super(`the database finds no room: ${said}`);
  }
}
