import type { AgentReport, CoreEvent, Snapshot, TaskIntake } from '../core/events.ts';
import { attemptName, type AccountNumber, type AttemptKey, type JobNumber, type NodeNumber, type TaskNumber } from '../core/keys.ts';
import type { Decisions } from '../core/decisions.ts';
import type { JobExplanation } from '../core/port.ts';
import type { Reason } from '../core/reasons.ts';
import type { NodeStatus } from '../core/status.ts';
import type { OwnerStore, QuarantineChange, Quarantined, QuarantineKey, QuarantineSubject } from '../store/ownerStore.ts';
import { endNotTakenIn } from './failures.ts';
import { CORE_VERSION } from './journal.ts';
import { leaveOut, taskInJob } from './leaveOut.ts';
import type { OwnerLog } from './ownerOptions.ts';

/** Where so much is put aside the rules are not to be trusted with the rest: the owner ends, loudly. */
const MOST_IN_QUARANTINE = 100;
/** Of an error's text, and of what the rules were told. */
const LONGEST_ERROR = 8_000;
const LONGEST_UNIT = 256 * 1024;

export interface QuarantineOptions {
  readonly account: AccountNumber;
  readonly store: Pick<OwnerStore, 'readQuarantine'>;
  readonly log: OwnerLog;
  /** A commit under this epoch that changes the quarantine, removes inbox entries, and does nothing else. */
  readonly commit: (epoch: number, change: QuarantineChange, inboxEntries: readonly number[]) => Promise<void>;
}

/** What names the subject of an event. */
export interface Heard {
  /** The present life of a node that the account has. */
  lifeOf(node: NodeNumber): number | null;
  /** The number of an agent's report in its life, 0 for a hello; -1: it is the owner's own. */
  sequenceOf(event: CoreEvent): number;
}

/** One thing that the rules failed on: what they were told, and the inbox entries it came with. */
export interface Unit {
  readonly events: readonly CoreEvent[];
  readonly entries: readonly number[];
}

/**
 * What the rules failed on, put aside so that the account goes on without it. It is left out when the account is
 * loaded, and what comes later of it is kept from the rules:
 * - of a pool, a job or a schedule only its deletion is heard;
 * - a new task is counted with its job, and no more; of a task of which something was asked, only what is asked anew is
 *   heard;
 * - a report is acknowledged, and not repeated. Where it said that an attempt is over, the task ends as failed, and
 *   says so. Without the agent's reports on itself (hello, ready, start task) a node would never work: the agent is let
 *   in no more, and the rules of silence (`silence.ts`) give the node its next life;
 * - a node of whose silence or end the rules must not hear is left out like one of a pool that is.
 * Rules of another version try pools, jobs and tasks again; reports are over with the version that failed on them,
 * since their agents have forgotten them.
 */
export class Quarantine {
  readonly #options: QuarantineOptions;
  #rows: readonly Quarantined[] = [];
  #index = indexOf([]);
  /** Nodes that were left out: in quarantine, or their pools are. Their agents hear of nobody. */
  #nodes = new Map<NodeNumber, NodeStatus>();
  /** Found, and to be put aside with the next load's epoch. */
  #found: { readonly row: Quarantined; readonly entries: readonly number[] } | null = null;

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** To be called when the account has been claimed, before it is loaded. Throws what the store throws. */
  async load(epoch: number): Promise<void> {
    const { store, account, commit, log } = this.#options;
    if (this.#found !== null) {
      await commit(epoch, { aside: [this.#found.row] }, this.#found.entries);
      this.#found = null;
    }
    const rows = await store.readQuarantine(account);
    const again = rows.filter(({ coreVersion }) => coreVersion !== CORE_VERSION);
    if (again.length > 0) {
      for (const { subject, unit, coreVersion, error } of again) log.warn({ subject, unit, coreVersion, reason: error }, 'the rules are of another version than those that failed on this: it leaves the quarantine');
      await commit(epoch, { again }, []);
    }
    this.#remember(rows.filter(({ coreVersion }) => coreVersion === CORE_VERSION));
  }

  /** The account without what is in quarantine. */
  leaveOut(whole: Snapshot): Snapshot {
    const { snapshot, nodes } = leaveOut(whole, this.#index);
    this.#nodes = new Map(nodes.map((node) => [node.node, node]));
    return snapshot;
  }

  /** Ends of attempts whose agents' word about it is in quarantine, of tasks that still wait for it. */
  ends(snapshot: Snapshot): readonly CoreEvent[] {
    return this.#rows.flatMap((row): CoreEvent[] => {
      const key = overAttempt(row.unit);
      if (row.subject.kind !== 'report' || key === null) return [];
      const status = snapshot.tasks.find(({ job }) => job === key.job)?.tasks.find(({ intent }) => intent.task === key.task)?.status;
      const { node } = row.subject;
      const isOffered = snapshot.nodes.some((of) => of.node === node && of.offers.some(({ job, task, attempt }) => job === key.job && task === key.task && attempt === key.attempt));
      const isOut = status?.attempt === key.attempt && status.node === node && status.state !== 'active' && status.state !== 'completed';
      const waits = isOut || (isOffered && (status?.attempt ?? 0) < key.attempt);
      return waits ? [{ kind: 'agent', node: row.subject.node, report: endNotTakenIn(key, row.at, row.error) }] : [];
    });
  }

  /** What of an event the rules may hear; null: nothing. */
  admit(event: CoreEvent): CoreEvent | null {
    if (this.#rows.length === 0) return event;
    const { pools, jobs, schedules, tasks, lives } = this.#index;
    switch (event.kind) {
      case 'pool':
        return pools.has(event.intent.pool) && event.intent.deletedAt === null ? null : event;
      case 'job':
        return jobs.has(event.intent.job) && event.intent.deletedAt === null ? null : event;
      case 'schedule':
        return schedules.has(event.schedule.intent.schedule) && event.schedule.intent.deletedAt === null ? null : event;
      case 'tasks':
        if (jobs.has(event.job)) return null;
        return event.tasks.some(({ intent }) => tasks.has(taskInJob(event.job, intent.task)))
          ? { ...event, tasks: event.tasks.map((task) => (tasks.has(taskInJob(event.job, task.intent.task)) ? standIn(task) : task)) }
          : event;
      case 'task':
      case 'satisfied':
        return jobs.has(event.job) ? null : event;
      case 'nodeAsked':
        return this.#nodes.has(event.intent.node) ? null : event;
      case 'agent':
        return event.report.kind === 'hello' && lives.has(`${event.node}.${event.report.life}`) ? null : event;
      case 'node':
      case 'silent':
      case 'leaseExpired':
      case 'unheard':
        return this.#nodes.has(event.node) ? null : event;
      case 'endingRefused':
      case 'room':
      case 'quotas':
      case 'drills':
      case 'measured':
      case 'ownSamples':
      case 'shutdown':
        return event;
    }
  }

  /**
   * Whether the agent of this life of the node is kept out: its pool is in quarantine, or what it said when it came.
   */
  keepsOut(node: NodeNumber, life: number): boolean {
    return this.#nodes.get(node)?.life === life || this.#index.lives.has(`${node}.${life}`);
  }

  /**
   * Whether this report of the agent is in quarantine: it is acknowledged like any other, and nothing else is done with
   * it. That an attempt is over may be said again under another number.
   */
  hasReport(life: number, sequence: number, { node, report }: Extract<CoreEvent, { kind: 'agent' }>): boolean {
    const { reports, ends } = this.#index;
    if (reports.has(`${node}.${life}.${sequence}`)) return true;
    const over = ends.size === 0 ? null : overAttempt(report);
    return over !== null && ends.has(attemptName(over));
  }

  /** Nodes that were left out. */
  get nodes(): readonly NodeStatus[] {
    return [...this.#nodes.values()];
  }

  /** Why a task that is in quarantine, or whose job is, does not run; null: neither is. */
  reason(job: JobNumber, task: TaskNumber | null): Reason | null {
    const { jobs, tasks } = this.#index;
    if (jobs.has(job)) return { code: 'InQuarantine', subject: 'job' };
    return task !== null && tasks.has(taskInJob(job, task)) ? { code: 'InQuarantine', subject: 'task' } : null;
  }

  /** What keeps a job's tasks, those that are in quarantine included. */
  explained(job: JobNumber, known: JobExplanation | null): JobExplanation | null {
    const aside = new Set(this.#rows.flatMap(({ subject }) => ((subject.kind === 'tasks' || subject.kind === 'task') && subject.job === job ? [subject.task] : [])));
    const [example = 1] = aside;
    const reason = this.reason(job, example);
    if (reason === null) return known;
    const { open, looked, reasons } = known ?? { open: 0, looked: 0, reasons: [] };
    return { open: open + aside.size, looked: looked + aside.size, reasons: [{ reason, tasks: aside.size, example }, ...reasons] };
  }

  /**
   * The rules failed on this by itself: it is put aside by the next `open`. Returns what it is about; null: nothing
   * that could be left out, or too much is in quarantine already.
   */
  blame(unit: Unit, heard: Heard, error: Error, where: QuarantineKey & { readonly at: number }): QuarantineSubject | null {
    const subject = this.#subjectOf(unit, heard);
    if (subject === null || this.#rows.length >= MOST_IN_QUARANTINE) return null;
    const event = unit.events.at(-1);
    this.#found = { row: rowOf(subject, subject.kind === 'report' && event?.kind === 'agent' ? event.report : unit.events, error, where), entries: unit.entries };
    return subject;
  }

  /**
   * What is loaded fails with this in it: it is put aside at once. Returns false if too much is. Throws what the store
   * throws.
   */
  async putAside(subject: QuarantineSubject, unit: unknown, error: Error, where: QuarantineKey & { readonly at: number }): Promise<boolean> {
    if (this.#rows.length >= MOST_IN_QUARANTINE) return false;
    const row = rowOf(subject, unit, error, where);
    await this.#options.commit(where.epoch, { aside: [row] }, []);
    this.#remember([...this.#rows, row]);
    return true;
  }

  /** What leaves the quarantine with these decisions, since it is gone. */
  over({ gone }: Decisions): readonly QuarantineKey[] {
    if (this.#rows.length === 0 || gone.pools.length + gone.jobs.length + gone.tasks.length + (gone.schedules?.length ?? 0) === 0) return [];
    const [pools, jobs, tasks] = [new Set(gone.pools), new Set(gone.jobs), new Set(gone.tasks.map(({ job, task }) => taskInJob(job, task)))];
    const isOfPool = (node: NodeNumber): boolean => pools.has(this.#nodes.get(node)?.pool ?? -1);
    return this.#rows.filter(({ subject }) =>
      subject.kind === 'schedule' ? gone.schedules?.includes(subject.schedule) === true : subject.kind === 'pool' ? pools.has(subject.pool) : subject.kind === 'node' ? isOfPool(subject.node) : 'job' in subject && subject.job !== null && (jobs.has(subject.job) || (subject.kind !== 'job' && subject.task !== null && tasks.has(taskInJob(subject.job, subject.task)))),
    );
  }

  /** These have left. Returns whether nodes of a pool that is gone are still there: only a new load releases them. */
  left(keys: readonly QuarantineKey[]): boolean {
    if (keys.length === 0) return false;
    const isLeaving = ({ epoch, tick }: QuarantineKey): boolean => keys.some((key) => key.epoch === epoch && key.tick === tick);
    const leaving = this.#rows.filter(isLeaving);
    this.#remember(this.#rows.filter((row) => !isLeaving(row)));
    return leaving.some(({ subject }) => subject.kind === 'node' || (subject.kind === 'pool' && this.nodes.some(({ pool }) => pool === subject.pool)));
  }

  #remember(rows: readonly Quarantined[]): void {
    this.#rows = rows;
    this.#index = indexOf(rows);
  }

  #subjectOf({ events, entries }: Unit, heard: Heard): QuarantineSubject | null {
    const { tasks } = this.#index;
    const last = events.at(-1);
    switch (last?.kind) {
      case 'pool':
        return { kind: 'pool', pool: last.intent.pool };
      case 'job':
        return { kind: 'job', job: last.intent.job };
      case 'schedule':
        return { kind: 'schedule', schedule: last.schedule.intent.schedule };
      case 'satisfied':
        return { kind: 'job', job: last.job };
      case 'task':
        return { kind: 'task', job: last.job, task: last.task.intent.task };
      case 'tasks': {
        const task = last.tasks[0]?.intent.task;
        // Not even counting it is possible.
        const isAside = task === undefined || tasks.has(taskInJob(last.job, task));
        return isAside || entries.length > 0 ? { kind: 'job', job: last.job } : { kind: 'tasks', job: last.job, task };
      }
      case 'nodeAsked': {
        const { node } = last.intent;
        return { kind: 'node', node, life: heard.lifeOf(node), what: whatOf(last) };
      }
      case 'agent':
        return subjectOfReport(last, heard);
      case 'node':
      case 'silent':
      case 'leaseExpired':
      case 'unheard':
        return { kind: 'node', node: last.node, life: heard.lifeOf(last.node), what: whatOf(last) };
      case 'endingRefused':
      case 'room':
      case 'quotas':
      case 'drills':
      case 'measured':
      case 'ownSamples':
      case 'shutdown':
      case undefined:
        return null;
    }
  }
}

function subjectOfReport(event: Extract<CoreEvent, { kind: 'agent' }>, heard: Heard): QuarantineSubject | null {
  const { node, report } = event;
  const life = heard.lifeOf(node);
  const sequence = heard.sequenceOf(event);
  const key = report.kind === 'ended' ? report.end.key : 'key' in report ? report.key : null;
  const task = key !== null && 'task' in key ? key.task : null;
  // The owner's own word that a task has ended: there is no milder one.
  if (sequence < 0) return key === null || task === null ? null : { kind: 'task', job: key.job, task };
  return life === null ? null : { kind: 'report', node, life, sequence: report.kind === 'hello' ? null : sequence, job: key?.job ?? null, task };
}

type NodeEvent = Extract<CoreEvent, { kind: 'nodeAsked' | 'node' | 'silent' | 'leaseExpired' | 'unheard' }>;

function whatOf(event: NodeEvent): string {
  if (event.kind === 'node') return `observed ${event.observed.kind}`;
  return event.kind === 'unheard' ? `unheard ${event.step}` : event.kind;
}

function indexOf(rows: readonly Quarantined[]) {
  const index = { pools: new Set<number>(), nodes: new Set<number>(), jobs: new Set<number>(), schedules: new Set<number>(), tasks: new Set<string>(), reports: new Set<string>(), ends: new Set<string>(), lives: new Set<string>() };
  for (const { subject, unit } of rows) {
    switch (subject.kind) {
      case 'pool':
        index.pools.add(subject.pool);
        break;
      case 'job':
        index.jobs.add(subject.job);
        break;
      case 'schedule':
        index.schedules.add(subject.schedule);
        break;
      case 'tasks':
      case 'task':
        index.tasks.add(taskInJob(subject.job, subject.task));
        break;
      case 'report': {
        const over = overAttempt(unit);
        if (over !== null) index.ends.add(attemptName(over));
        if (subject.sequence !== null) index.reports.add(`${subject.node}.${subject.life}.${subject.sequence}`);
        if (subject.job === null) index.lives.add(`${subject.node}.${subject.life}`);
        break;
      }
      case 'node':
        index.nodes.add(subject.node);
        break;
    }
  }
  return index;
}

/** As it has to be counted: nothing else of it is shown to the rules. */
function standIn({ intent: { task, createdAt, requiredSlots, retentionMs, deletedAt } }: TaskIntake): TaskIntake {
  return {
    intent: { task, idKey: '', createdAt, requiredSlots, retentionMs, deletedAt, maxTaskRetryCount: null, affinity: null, dependsOn: null, exitConditions: null, terminateAt: null, reactivateSequence: 0 },
    status: null,
    aside: true,
  };
}

function rowOf(subject: QuarantineSubject, unit: unknown, error: Error, { epoch, tick, at }: QuarantineKey & { readonly at: number }): Quarantined {
  const text = JSON.stringify(unit);
  const whole = text.length <= LONGEST_UNIT ? unit : { beginning: text.slice(0, LONGEST_UNIT) };
  return { epoch, tick, at, coreVersion: CORE_VERSION, subject, unit: whole, error: textOf(error).slice(0, LONGEST_ERROR) };
}

/** The failure itself, with its stack; of ours around it only that. */
function textOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? cause.message;
}

/**
 * The attempt that a report says is over; null: it says something else. `unit`: a report, checked when it came in
 * (`isAgentFrame`) and stored by us, or anything else.
 */
function overAttempt(unit: unknown): AttemptKey | null {
  if (typeof unit !== 'object' || unit === null || !('kind' in unit)) return null;
  const report = unit as AgentReport;
  if (report.kind === 'ended') return report.end.key;
  return report.kind === 'revoked' ? report.key : null;
}
