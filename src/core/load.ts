import { attach, isOut, NOTHING_OUT } from './task/attempts.ts';
import { Changes } from './changes.ts';
import type { PlainTasks, Snapshot, TaskIntake } from './events.ts';
import { upsertDrills } from './drill/drill.ts';
import { upsertJob } from './job/life.ts';
import { enterNode } from './jobNode/onNode.ts';
import { expectCount } from './cost/usage.ts';
import { loadPreparation } from './jobNode/preparation.ts';
import type { Instant, JobNumber, NodeNumber, TaskNumber } from './keys.ts';
import type { CoreState, Job, Task } from './model.ts';
import { addNode } from './node/create.ts';
import { upsertPool } from './pool/allocation.ts';
import { upsertSchedule } from './schedule/life.ts';
import { request } from './task/intake.ts';
import { forgetInstances, loadInstances, resumeFromLost } from './task/life.ts';
import { enqueueUnlessBlocked, addOpenTask, satisfy } from './task/open.ts';
import { neverAttempted, offeredStatus } from './task/row.ts';
import { at, LIVE, TaskTable } from './task/table.ts';
import type { OfferedAttempt, SubtaskStatus } from './status.ts';
import { Timers } from './timers.ts';
import { LIMITS } from '../wire/limits.ts';

/**
 * The rules' memory from the rows of an account. Nobody is connected yet: attempts that the rows say are out are waited
 * for (hello, or the end of their node). What clients asked before and was not acted upon shows in the rows, and is
 * acted upon in the first `decide`.
 */
export function load(snapshot: Snapshot, now: Instant): CoreState {
  const state: CoreState = {
    table: new TaskTable(),
    pools: new Map(),
    nodes: new Map(),
    nodesById: new Map(),
    jobs: new Map(),
    schedules: new Map(),
    completedJobs: new Set(),
    endings: new Set(),
    queues: new Map(),
    awaitedPools: new Set(),
    drills: [],
    timers: new Timers(),
    changes: new Changes(),
    review: { pools: new Set(), jobs: new Set(), schedules: new Set(), nodes: new Set(), placement: new Set() },
    releases: [],
    nextNode: snapshot.nextNode,
    overTimeUntil: now - LIMITS.taskLifetimeMs,
    room: null,
    maxPools: null,
    quotas: snapshot.quotas ?? {},
    now,
    usage: { jobs: new Set(), dueAt: null },
    shuttingDown: false,
  };
  for (const { intent, status, samples, ownSamples } of snapshot.pools) {
    upsertPool(state, intent, status, samples, ownSamples);
    if (status?.allocationState !== 'steady' && status !== null) {
      state.timers.set({ at: status.allocationSince + intent.resizeTimeoutMs, kind: 'pool', pool: intent.pool });
    }
  }
  for (const status of snapshot.nodes) {
    const pool = state.pools.get(status.pool);
    if (pool !== undefined) state.review.nodes.add(addNode(state, pool, status));
  }
  for (const intent of snapshot.nodeIntents ?? []) {
    const node = state.nodes.get(intent.node);
    if (node !== undefined) node.intent = intent;
  }
  upsertDrills(state, snapshot.drills ?? [], now);
  // Before their jobs, which look for them.
  for (const schedule of snapshot.schedules ?? []) upsertSchedule(state, schedule);
  for (const { intent, status } of snapshot.jobs) expectCount(state, upsertJob(state, intent, status));
  for (const { job: number, node: on, preparation, release } of snapshot.jobNodes) {
    const [job, node] = [state.jobs.get(number), state.nodes.get(on)];
    if (job === undefined || node === undefined) continue;
    const jobOnNode = enterNode(job, node);
    loadPreparation(jobOnNode, preparation);
    jobOnNode.release = release;
  }
  for (const { job: number, ids } of snapshot.satisfied) {
    const job = state.jobs.get(number);
    if (job !== undefined) for (const idKey of ids) satisfy(state, job, idKey);
  }
  const offersOf = offersByJob(snapshot.nodes);
  const subtasksOf = byTask(snapshot.subtasks ?? []);
  // After what has been satisfied: what depends on that is not blocked at all.
  for (const { job: number, tasks, plain } of snapshot.tasks) {
    const job = state.jobs.get(number);
    if (job === undefined) continue;
    const offers = offersOf.get(number) ?? NO_OFFERS;
    for (const intake of inOrder(tasks, plain)) {
      if (intake.status?.state !== 'completed') loadOpen(state, job, withOffer(number, intake, offers.get(intake.intent.task)), subtasksOf.get(`${number}.${intake.intent.task}`) ?? NO_SUBTASKS, now);
    }
    for (const intake of tasks) if (isAsked(intake)) request(state, job, intake, now);
  }
  for (const rows of subtasksOf.values()) if (!isOpen(state, rows)) forgetInstances(state, rows, now);
  for (const pool of state.pools.values()) state.review.placement.add(pool);
  return state;
}

function byTask(rows: readonly SubtaskStatus[]): ReadonlyMap<string, readonly SubtaskStatus[]> {
  const found = new Map<string, SubtaskStatus[]>();
  for (const row of rows) {
    const name = `${row.job}.${row.task}`;
    const known = found.get(name);
    if (known === undefined) found.set(name, [row]);
    else known.push(row);
  }
  return found;
}

function isOpen({ jobs }: CoreState, [row]: readonly SubtaskStatus[]): boolean {
  return row !== undefined && (jobs.get(row.job)?.directory.get(row.task) ?? -1) !== -1;
}

type Offer = OfferedAttempt & { readonly node: NodeNumber };
const NO_SUBTASKS: readonly SubtaskStatus[] = [];
const NO_OFFERS: ReadonlyMap<TaskNumber, Offer> = new Map();

/** Of each task the latest. */
function offersByJob(nodes: Snapshot['nodes']): ReadonlyMap<JobNumber, ReadonlyMap<TaskNumber, Offer>> {
  const found = new Map<JobNumber, Map<TaskNumber, Offer>>();
  for (const { node, offers } of nodes) {
    for (const offer of offers) {
      const ofJob = found.get(offer.job) ?? new Map<TaskNumber, Offer>();
      found.set(offer.job, ofJob);
      if (offer.attempt > (ofJob.get(offer.task)?.attempt ?? 0)) ofJob.set(offer.task, { ...offer, node });
    }
  }
  return found;
}

/** An offer of which the task's own row knows: it is over, or has been written there as well. */
function withOffer(job: JobNumber, intake: TaskIntake, offer: Offer | undefined): TaskIntake {
  const { intent, status } = intake;
  if (offer === undefined || (status !== null && (status.state !== 'active' || status.attempt >= offer.attempt))) return intake;
  return { ...intake, status: offeredStatus(status ?? neverAttempted(job, intent.task, intent.createdAt), offer) };
}

/** Queues are kept by number, and filled fastest in that order. */
function* inOrder(tasks: readonly TaskIntake[], plain: PlainTasks): Generator<TaskIntake> {
  let index = 0;
  for (const intake of tasks) {
    for (; (plain.numbers[index] ?? Number.POSITIVE_INFINITY) < intake.intent.task; index++) yield plainIntake(plain, index);
    yield intake;
  }
  for (; index < plain.numbers.length; index++) yield plainIntake(plain, index);
}

/** No one asks for its id: its job has no dependencies. */
function plainIntake({ numbers, createdAt, slots, retentionMs }: PlainTasks, index: number): TaskIntake {
  return {
    intent: {
      task: at(numbers, index),
      createdAt: at(createdAt, index),
      idKey: '',
      requiredSlots: at(slots, index),
      maxTaskRetryCount: null,
      retentionMs,
      affinity: null,
      dependsOn: null,
      exitConditions: null,
      terminateAt: null,
      reactivateSequence: 0,
      deletedAt: null,
    },
    status: null,
  };
}

function loadOpen(state: CoreState, job: Job, { intent, status }: TaskIntake, subtasks: readonly SubtaskStatus[], now: Instant): void {
  if (job.status.state === 'completed') return;
  const entry = addOpenTask(state, job, intent);
  if (status !== null) {
    const { task: number } = intent;
    const task: Task = {
      job, number, slots: intent.requiredSlots, instances: intent.instances ?? 0, instanceFailure: null, status, entry, live: NOTHING_OUT, terminated: false, deleted: false, dirty: false,
    };
    state.table.records[entry] = task;
    if (status.state !== 'active') {
      const node = status.node === null ? undefined : state.nodes.get(status.node);
      if (node === undefined) resumeFromLost(state, task, now);
      else {
        state.table.queueState[entry] = LIVE;
        attach(state, task, null, node, now);
      }
    }
    loadInstances(state, task, subtasks, now);
    if (isOut(task)) return;
  }
  enqueueUnlessBlocked(state, job, entry, intent);
}

function isAsked({ intent, status }: TaskIntake): boolean {
  return intent.deletedAt !== null || (intent.terminateAt !== null && status?.state !== 'completed') || intent.reactivateSequence > (status?.reactivateSequence ?? 0);
}
