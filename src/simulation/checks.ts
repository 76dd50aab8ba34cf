import type { AttemptOutcome } from '../core/events.ts';
import { MANAGER_TASK } from '../core/intent.ts';
import { type AccountNumber, type AttemptKey, type JobNumber, type NodeNumber, attemptName } from '../core/keys.ts';
import type { NodeState, SubtaskStatus, TaskStatus, TaskTally } from '../core/status.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { JobRecord, Tables, TaskRecord } from './memoryStore.ts';
import { LIMITS } from '../wire/limits.ts';
import { aside } from './aside.ts';
import { createAutoPoolChecks } from './autoPools.ts';
import { createPoolChecks } from './poolChecks.ts';
import { createUsageChecks } from './usageChecks.ts';
import { createScheduleChecks } from './scheduleChecks.ts';
import { createPreemptionChecks } from './preemptions.ts';
import { isSatisfied } from './satisfied.ts';
import { createTakenBackChecks } from './takenBack.ts';
import type { Attempt, Truth } from './truth.ts';

/** What must hold after every step, whatever went wrong before. */
export interface Checks {
  /** An attempt begins on a node. */
  onStart(attempt: Omit<Attempt, 'end'>, live: ReadonlySet<Attempt>): void;
  /** The primary of a multi-instance task begins with its command line. */
  onProceed(key: AttemptKey): void;
  /** An agent forgets the end of an attempt: it was told that it is durable. */
  onAcknowledged(key: AttemptKey): void;
  /** A tick is about to be applied. */
  onCommit(tick: TickCommit): void;
  readonly violations: readonly string[];
  /** Attempts that were ended to make room for others. */
  readonly preemptions: number;
  /** How often a low-priority node was taken back. */
  readonly takenBack: number;
  /** Multi-instance tasks of which the primary has begun with its command line, each time counted. */
  readonly together: number;
  violated(what: string): void;
}

type Counted = keyof TaskTally;
type MutableTally = Record<Counted, number>;
function emptyTally(): MutableTally {
  return { active: 0, running: 0, succeeded: 0, failed: 0 };
}

function counted(status: TaskStatus | null): Counted {
  switch (status?.state) {
    case undefined:
    case 'active':
    case 'offered':
      return 'active';
    case 'preparing':
    case 'starting':
    case 'running':
      return 'running';
    case 'completed':
      return status?.result === 'success' ? 'succeeded' : 'failed';
  }
}

/** How a task reads that an attempt completed in this way (errors 4.5); on purpose not by way of the rules. */
function endOf(outcome: AttemptOutcome): { exitCode: number | null; result: TaskStatus['result']; failure: string | null } {
  const exitCode = 'exitCode' in outcome ? outcome.exitCode : null;
  switch (outcome.kind) {
    case 'exited':
      return exitCode === 0 ? { exitCode, result: 'success', failure: null } : { exitCode, result: 'failure', failure: 'FailureExitCode' };
    case 'notStarted':
    case 'uploadFailed':
      return { exitCode, result: 'failure', failure: outcome.failure.code };
    case 'timedOut':
      return { exitCode, result: 'failure', failure: 'TaskEnded' };
    case 'killed':
    case 'lost':
      return { exitCode, result: null, failure: null };
  }
}

/** Jobs look so often for tasks that are over their time. */
const OVER_TIME_MS = 60_000;
const CANNOT_RELEASE: ReadonlySet<NodeState> = new Set(['leavingpool', 'unusable', 'starttaskfailed', 'deallocated', 'preempted']);

/** It does not wait for its nodes. */
function isForced(record: JobRecord | undefined): boolean {
  const action = record?.intent.action;
  return action?.kind === 'terminate' && action.force === true;
}

export function createChecks(options: {
  readonly tables: () => Tables;
  readonly account: AccountNumber;
  readonly truth: () => Truth;
  readonly slotsOfNode: (node: NodeNumber) => number | undefined;
  /**
   * Of an account where nothing goes wrong, all jobs are of one priority, and one multi-instance task is added at a
   * time: how soon what happens is acted upon. null: of any other.
   */
  readonly reactsWithinMs: number | null;
}): Checks {
  const violations: string[] = [];
  /** Our own count of what stands in the database, by rows as they change. */
  const tallies = new Map<JobNumber, { readonly tasks: MutableTally; readonly slots: MutableTally }>();
  const slotsInUse = new Map<NodeNumber, number>();
  let together = 0;
  const violated = (what: string): void => void violations.push(what);
  const preemptions = createPreemptionChecks({ tables: options.tables, violated });
  const takenBack = createTakenBackChecks({ tables: options.tables, violated });
  const checkPools = createPoolChecks({ account: options.account, tables: options.tables, violated });
  const checkUsage = createUsageChecks({ account: options.account, tables: options.tables, violated });
  const checkSchedules = createScheduleChecks({ tables: options.tables, violated });
  const checkAutoPools = createAutoPoolChecks(violated);
  const isAside = () => aside(options.tables().quarantine(options.account));

  /** A job manager that is to be alone on its node. */
  const isExclusive = ({ job, task }: Pick<AttemptKey, 'job' | 'task'>): boolean => task === MANAGER_TASK && options.tables().jobs.get(job)?.intent.manager?.runExclusive === true;

  /** It has all slots of the node. */
  const slotsOn = (job: JobNumber, { intent }: TaskRecord, node: NodeNumber): number => {
    return isExclusive({ job, task: intent.task }) ? Math.max(intent.requiredSlots, options.tables().nodes.get(node)?.status.slots ?? 0) : intent.requiredSlots;
  };

  const count = (job: JobNumber, task: TaskRecord, status: TaskStatus | null, sign: 1 | -1): void => {
    const tally = tallies.get(job) ?? { tasks: emptyTally(), slots: emptyTally() };
    tallies.set(job, tally);
    const state = counted(status);
    tally.tasks[state] += sign;
    tally.slots[state] += sign * task.intent.requiredSlots;
    if (state === 'running' && status !== null && status.node !== null) {
      slotsInUse.set(status.node, (slotsInUse.get(status.node) ?? 0) + sign * slotsOn(job, task, status.node));
    }
  };

  const countSubtask = (row: SubtaskStatus | undefined, sign: 1 | -1): void => {
    if (row?.state === 'preparing' || row?.state === 'running') slotsInUse.set(row.node, (slotsInUse.get(row.node) ?? 0) + sign);
  };

  /** A multi-instance task has all its nodes, each once, or none. */
  const checkTogether = (name: string, { intent: { instances = 0 }, subtasks }: TaskRecord, status: TaskStatus, { decisions }: TickCommit): void => {
    if (instances < 2 || status.state === 'active' || status.state === 'completed') return;
    const rows = new Map([...(subtasks ?? []), ...(decisions.subtasks ?? []).flatMap((row) => (row.job === status.job && row.task === status.task ? [[row.instance, row] as const] : []))]);
    const present = [...rows.values()].filter(({ attempt }) => attempt === status.attempt);
    const nodes = new Set([status.node, ...present.map(({ node }) => node)]);
    if (present.length !== instances - 1 || nodes.size !== instances) violated(`task ${name} is ${status.state} on nodes ${[...nodes].join(', ')}: it needs ${instances}, each of its own`);
  };

  /** A multi-instance task starts when what ran when it came has ended, whatever else has come since. */
  const checkNotStarved = ({ key, startedAt }: Omit<Attempt, 'end'>, { intent: { createdAt } }: TaskRecord, withinMs: number): void => {
    let latest = createdAt;
    for (const { key: other, startedAt: began, end } of options.truth().attempts()) {
      const isSame = other.job === key.job && other.task === key.task;
      if (!isSame && began <= createdAt + withinMs && (end === null || end.at >= createdAt)) latest = Math.max(latest, end?.at ?? startedAt);
    }
    if (startedAt > latest + withinMs) violated(`attempt ${attemptName(key)}, added at ${createdAt}, starts at ${startedAt}; the last task that ran then had ended at ${latest}`);
  };

  const checkChange = (name: string, before: TaskStatus | null, after: TaskStatus): void => {
    if (before === null) return;
    if (after.attempt < before.attempt) violated(`task ${name}: attempt ${after.attempt} follows attempt ${before.attempt}`);
    const reactivated = after.reactivateSequence > before.reactivateSequence;
    if (before.state === 'completed' && !reactivated && JSON.stringify(before) !== JSON.stringify(after)) {
      violated(`task ${name} was completed and changed: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`);
    }
  };

  /** What a client has ended, and the owner has been told of, is offered to no node any more. */
  const checkOffer = (name: string, task: TaskRecord, status: TaskStatus, tick: TickCommit): void => {
    const { terminateAt, deletedAt, createdAt } = task.intent;
    if (status.state !== 'offered' || status.attempt === task.status?.attempt) return;
    if (tick.now > createdAt + LIMITS.taskLifetimeMs + OVER_TIME_MS) violated(`task ${name} is offered ${tick.now - createdAt} ms after it was added`);
    const onto = status.node === null ? undefined : (tick.decisions.nodes.find(({ node }) => node === status.node) ?? options.tables().nodes.get(status.node)?.status);
    if (onto?.scheduling === 'disabled') violated(`task ${name} is offered to node ${status.node}, on which no tasks are to be scheduled`);
    if (terminateAt === null && deletedAt === null) return;
    const isNews = options.tables().inbox.some((entry) => entry.subject === status.job && entry.task === status.task && !tick.inboxEntries.includes(entry.entry));
    if (!isNews) violated(`task ${name} is offered to node ${status.node} although a client has ended it`);
  };

  /** A job whose manager has ended ends in the same tick, if it is to. */
  const checkManager = (job: JobRecord | undefined, { job: number, task, state }: TaskStatus, { decisions }: TickCommit): void => {
    if (job?.intent.manager?.killJobOnCompletion !== true || task !== MANAGER_TASK || state !== 'completed') return;
    const now = decisions.jobs.find((row) => row.job === number)?.state ?? job.status?.state;
    if (job.intent.deletedAt === null && now !== 'terminating' && now !== 'completed') violated(`job ${number} is ${now} although its manager has ended`);
  };

  /** What the database says of an end is what happened to that very attempt. */
  const checkEnd = (name: string, status: TaskStatus): void => {
    if (status.state !== 'completed' || status.cause !== 'exited' || status.startedAt === null) return;
    const attempt = options.truth().attempt({ job: status.job, task: status.task, attempt: status.attempt, instance: 0 });
    if (attempt === undefined) violated(`task ${name} is completed by attempt ${status.attempt}, which never ran`);
    else if (attempt.end === null) violated(`task ${name} is completed by attempt ${status.attempt}, which still runs`);
    else {
      const said = JSON.stringify({ exitCode: status.exitCode, result: status.result, failure: status.failure?.code ?? null });
      const happened = JSON.stringify(endOf(attempt.end.outcome));
      const isUnknown = isAside().report(status.job, status.task) && status.result === 'failure' && status.failure?.code === 'UnknownError';
      if (said !== happened && !isUnknown && !isOfAnInstance(status, said)) violated(`task ${name} is completed with ${said}, but attempt ${status.attempt} ended with ${happened}`);
    }
  };

  /** Another instance than the primary has failed, and with it the attempt. */
  const isOfAnInstance = ({ job, task, attempt }: TaskStatus, said: string): boolean => {
    const { instances = 0 } = options.tables().jobs.get(job)?.tasks.get(task)?.intent ?? {};
    return Array.from({ length: instances }, (_, instance) => options.truth().attempt({ job, task, attempt, instance })).some((one) => one?.end !== null && one?.end !== undefined && JSON.stringify(endOf(one.end.outcome)) === said);
  };

  const takeIn = (record: JobRecord, job: JobNumber, from: number, to: number): void => {
    for (let number = from + 1; number <= to; number += 1) {
      const task = record.tasks.get(number);
      if (task !== undefined) count(job, task, task.status, 1);
    }
  };

  const checkJob = (job: JobNumber, tick: TickCommit): void => {
    const status = tick.decisions.jobs.find((row) => row.job === job) ?? options.tables().jobs.get(job)?.status;
    const tally = tallies.get(job);
    if (status === undefined || status === null || tally === undefined) return;
    const [said, seen] = [{ tasks: status.tasks, slots: status.slots }, tally].map((of) =>
      (['tasks', 'slots'] as const).map((unit) => (['active', 'running', 'succeeded', 'failed'] as const).map((state) => of[unit][state]).join('/')).join(' slots '),
    );
    if (said !== seen) violated(`job ${job} at tick ${tick.tick} counts tasks (active/running/succeeded/failed) ${said}, its rows are ${seen}`);
    const max = options.tables().jobs.get(job)?.intent.maxParallelTasks ?? -1;
    if (max >= 0 && tally.tasks.running > max) violated(`job ${job} runs ${tally.tasks.running} tasks at once, asked for ${max}`);
  };

  /** Of tasks in quarantine: their rows say that they run there, and nobody counts them. */
  const slotsAside = (node: NodeNumber, { decisions: { tasks: changed, gone } }: TickCommit): number => {
    let slots = 0;
    if (options.tables().quarantine(options.account).length === 0) return slots;
    const isChanged = (job: JobNumber, task: number): boolean => [...changed, ...gone.tasks].some((row) => row.job === job && row.task === task);
    for (const [job, { tasks }] of options.tables().jobs) {
      if (gone.jobs.includes(job)) continue;
      for (const { intent: { task, requiredSlots }, status } of tasks.values()) {
        if (status?.node === node && counted(status) === 'running' && isAside().task(job, task) && !isChanged(job, task)) slots += requiredSlots;
      }
    }
    return slots;
  };

  /** In this life of the node, or in one before if that is enough. */
  const isPrepared = ({ intent: { job, preparation } }: JobRecord, { node, life }: Omit<Attempt, 'end'>): boolean => {
    if (preparation === null || !preparation.waitForSuccess) return true;
    const succeededIn = options.truth().succeededIn(job, 'preparation', node);
    return succeededIn === life || (!preparation.rerunOnNodeReboot && succeededIn !== undefined);
  };

  /** The job is over: where its preparation has run, and the node can run something, its release has as well. */
  const checkReleased = (record: JobRecord, { decisions }: TickCommit): void => {
    const { job, preparation: wanted, release } = record.intent;
    if (isForced(record)) return;
    const isGone = decisions.gone.jobs.includes(job);
    if (wanted === null || release === null) return;
    const rows = new Map([...record.onNodes, ...decisions.jobNodes.flatMap((row) => (row.job === job ? [[row.node, row] as const] : []))]);
    for (const [node, { preparation, release: released }] of rows) {
      const status = decisions.nodes.find((row) => row.node === node) ?? options.tables().nodes.get(node)?.status;
      const ran = preparation?.state === 'completed' && (preparation.result === 'success' || !wanted.waitForSuccess);
      if (!ran || status === undefined || CANNOT_RELEASE.has(status.state) || isAside().node(node, options.tables())) continue;
      // Of a job that is gone no row tells what the same tick has heard.
      const isOver = released?.state === 'completed' || (isGone && released !== null && options.truth().isOver({ job, kind: 'release', attempt: released.attempt }, node));
      if (!isOver) violated(`job ${job} is over although its release on node ${node} is not: ${JSON.stringify(released)}`);
      else if (released !== null && !options.truth().hasBegun({ job, kind: 'release', attempt: released.attempt }, node)) violated(`job ${job} is over by a release on node ${node} that never ran`);
    }
  };

  const checkNode = (node: NodeNumber, tick: TickCommit): void => {
    const status = tick.decisions.nodes.find((row) => row.node === node) ?? options.tables().nodes.get(node)?.status;
    if (isAside().node(node, options.tables())) return;
    const used = (slotsInUse.get(node) ?? 0) - slotsAside(node, tick);
    if (status === undefined) return violated(`tasks run on node ${node}, which has no row`);
    // Not held against the node's slots: after a reconnect the database learns of a start before the end that made room
    // for it. `onStart` knows better.
    if (status.goneAt === null && status.runningSlots !== used) violated(`node ${node} at tick ${tick.tick} says ${status.runningSlots} slots run, its tasks take ${used}`);
  };

  return {
    violations,
    get together() {
      return together;
    },
    get takenBack() {
      return takenBack.count;
    },
    get preemptions() {
      return preemptions.count;
    },
    violated,
    onStart: (attempt, live) => {
      const { key, node } = attempt;
      let used = attempt.slots;
      for (const other of live) {
        if (other.node === node) used += other.slots;
        if (other.node === node && (isExclusive(key) || isExclusive(other.key))) violated(`attempt ${attemptName(key)} starts on node ${node} beside ${attemptName(other.key)}, and the job manager of the two is to be alone`);
        if (other.key.job === key.job && other.key.task === key.task && !isBeside(attempt, other)) violated(`attempt ${attemptName(key)} starts on node ${node} while ${attemptName(other.key)} runs on node ${other.node}`);
      }
      const slots = options.slotsOfNode(node);
      if (slots !== undefined && used > slots) violated(`node ${node} has ${slots} slots and uses ${used}`);
      const job = options.tables().jobs.get(key.job);
      if (job !== undefined && !isPrepared(job, attempt)) violated(`attempt ${attemptName(key)} starts on node ${node} before the preparation of its job has succeeded there`);
      const record = job?.tasks.get(key.task);
      const offers = options.tables().nodes.get(node)?.status.offers ?? [];
      const isDurable = (record?.status?.attempt ?? 0) >= key.attempt || offers.some((offer) => offer.job === key.job && offer.task === key.task && offer.attempt === key.attempt);
      if (options.reactsWithinMs !== null && record?.intent.instances !== undefined && key.attempt === 1) checkNotStarved(attempt, record, options.reactsWithinMs);
      const isDurableSubtask = key.instance === 0 || (record?.subtasks?.get(key.instance)?.attempt ?? 0) >= key.attempt;
      if (record !== undefined && !(isDurable && isDurableSubtask)) violated(`attempt ${attemptName(key)} starts before its offer is durable`);
      const { ids, ranges } = record?.intent.dependsOn ?? { ids: [], ranges: [] };
      const parents = [...ids, ...ranges.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => String(start + index)))];
      for (const id of job === undefined ? [] : parents) {
        if (job !== undefined && !isSatisfied(job, id)) violated(`attempt ${attemptName(key)} starts before task ${id}, which it depends on, is satisfied`);
      }
    },
    onProceed: (key) => {
      together += 1;
      const gang = options.truth().gangOf(key);
      const ready = options.truth().coordinatedOf(key).size;
      const wanted = options.tables().jobs.get(key.job)?.tasks.get(key.task)?.intent.instances ?? ready;
      if (key.instance > 0) violated(`attempt ${attemptName(key)} runs the command line of its task`);
      if (ready < wanted) violated(`attempt ${attemptName(key)} goes on when ${ready} of ${wanted} coordination commands have succeeded`);
      if (gang !== undefined && new Set(gang.hosts.map(({ address }) => address)).size !== wanted) violated(`attempt ${attemptName(key)} is told of ${JSON.stringify(gang.hosts)} and has ${wanted} nodes`);
    },
    onAcknowledged: (key) => {
      if (key.instance > 0) return;
      const status = options.tables().jobs.get(key.job)?.tasks.get(key.task)?.status;
      const isOut = status?.attempt === key.attempt && status.state !== 'active' && status.state !== 'completed';
      if (isOut && !isAside().task(key.job, key.task) && !isAside().report(key.job, key.task)) violated(`the end of attempt ${attemptName(key)} is acknowledged, and its task is ${status.state}`);
    },
    onCommit: (tick) => {
      preemptions.onCommit(tick);
      takenBack.onCommit(tick);
      checkSchedules(tick);
      checkAutoPools(tick);
      checkPools(tick);
      checkUsage(tick);
      const { decisions } = tick;
      const { jobs } = options.tables();
      const touchedJobs = new Set<JobNumber>(decisions.jobs.map(({ job }) => job));
      const touchedNodes = new Set<NodeNumber>(decisions.nodes.map(({ node }) => node));
      for (const status of decisions.jobs) {
        const record = jobs.get(status.job);
        if (record === undefined) return violated(`job ${status.job} is not there and gets a status`);
        if (status.ingested < (record.status?.ingested ?? 0)) violated(`job ${status.job} has taken in ${status.ingested} tasks after ${record.status?.ingested}`);
        takeIn(record, status.job, record.status?.ingested ?? 0, status.ingested);
      }
      for (const { job, state, actionSequence } of decisions.jobs) {
        const record = jobs.get(job);
        if (state === 'terminating' && isForced(record) && actionSequence === record?.intent.actionSequence) violated(`job ${job} waits for its nodes though it was forced to end`);
        if (record !== undefined && state === 'completed' && record.status?.state !== 'completed') checkReleased(record, tick);
      }
      for (const job of decisions.gone.jobs) {
        const record = jobs.get(job);
        if (record !== undefined && record.status?.state !== 'completed') checkReleased(record, tick);
      }
      for (const row of decisions.subtasks ?? []) {
        const task = jobs.get(row.job)?.tasks.get(row.task);
        if (task === undefined) violated(`task ${row.job}.${row.task} is not there and gets a subtask`);
        const before = task?.subtasks?.get(row.instance);
        if (before !== undefined && before.attempt === row.attempt && before.state === 'completed') violated(`subtask ${row.job}.${row.task}.${row.attempt}.${row.instance} was completed and changes`);
        countSubtask(before, -1);
        countSubtask(row, 1);
        for (const node of [before?.node, row.node]) if (node !== undefined) touchedNodes.add(node);
      }
      for (const status of decisions.offered ?? []) {
        const task = jobs.get(status.job)?.tasks.get(status.task);
        if (task !== undefined) checkOffer(`${status.job}.${status.task}`, task, status, tick);
      }
      const now = new Map<string, TaskStatus>();
      for (const status of decisions.tasks) {
        const name = `${status.job}.${status.task}`;
        const task = jobs.get(status.job)?.tasks.get(status.task);
        if (task === undefined) {
          if (jobs.has(status.job)) violated(`task ${name} is not there and gets a status`);
          continue;
        }
        checkChange(name, task.status, status);
        checkEnd(name, status);
        checkOffer(name, task, status, tick);
        checkTogether(name, task, status, tick);
        checkManager(jobs.get(status.job), status, tick);
        count(status.job, task, task.status, -1);
        count(status.job, task, status, 1);
        now.set(name, status);
        touchedJobs.add(status.job);
        for (const node of [task.status?.node, status.node]) if (node !== null && node !== undefined) touchedNodes.add(node);
      }
      for (const status of decisions.jobs) {
        const record = jobs.get(status.job);
        if (record === undefined || status.terminateReason !== 'AllTasksComplete' || record.status?.terminateReason === 'AllTasksComplete') continue;
        for (const { intent, status: stored } of record.tasks.values()) {
          const seen = now.get(`${status.job}.${intent.task}`) ?? stored;
          const isOpen = seen?.state !== 'completed' || intent.reactivateSequence > seen.reactivateSequence;
          if (isOpen && intent.deletedAt === null) violated(`job ${status.job} ends by itself beside task ${intent.task}, which is to run`);
        }
      }
      const goneJobs = new Set(decisions.gone.jobs);
      const seen = new Set<string>();
      for (const { job, task: number } of decisions.gone.tasks) {
        const task = jobs.get(job)?.tasks.get(number);
        if (seen.has(`${job}.${number}`)) violated(`task ${job}.${number} is gone twice in one tick`);
        seen.add(`${job}.${number}`);
        if (task === undefined || goneJobs.has(job)) continue;
        for (const row of task.subtasks?.values() ?? []) {
          countSubtask(row, -1);
          touchedNodes.add(row.node);
        }
        count(job, task, now.get(`${job}.${number}`) ?? task.status, -1);
        touchedJobs.add(job);
      }
      for (const job of decisions.gone.jobs) {
        for (const task of jobs.get(job)?.tasks.values() ?? []) {
          if (task.intent.task <= (jobs.get(job)?.status?.ingested ?? 0)) count(job, task, now.get(`${job}.${task.intent.task}`) ?? task.status, -1);
          if (task.status?.node !== undefined && task.status.node !== null) touchedNodes.add(task.status.node);
          for (const row of task.subtasks?.values() ?? []) {
            countSubtask(row, -1);
            touchedNodes.add(row.node);
          }
        }
        tallies.delete(job);
        touchedJobs.delete(job);
      }
      const gone = new Set([...decisions.gone.jobs.filter((job) => !isForced(jobs.get(job))).map(String), ...decisions.gone.tasks.map(({ job, task }) => `${job}.${task}`)]);
      for (const { key } of gone.size === 0 ? [] : options.truth().live) {
        if (gone.has(String(key.job)) || gone.has(`${key.job}.${key.task}`)) violated(`task ${key.job}.${key.task} is gone while attempt ${key.attempt} runs`);
      }
      for (const { node, state } of decisions.nodes) {
        if (state === 'deallocated') for (const { key, node: on } of options.truth().live) if (on === node) violated(`node ${node} is deallocated while attempt ${attemptName(key)} runs there`);
      }
      for (const job of touchedJobs) checkJob(job, tick);
      for (const node of touchedNodes) checkNode(node, tick);
    },
  };
}

/** Instances of one attempt, each on a node of its own. */
function isBeside(one: Omit<Attempt, 'end'>, other: Omit<Attempt, 'end'>): boolean {
  return one.key.attempt === other.key.attempt && one.key.instance !== other.key.instance && one.node !== other.node;
}
