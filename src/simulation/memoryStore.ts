import { withoutEndings, type OwnerRequest, type UsageHour } from '../core/decisions.ts';
import { namedParents } from '../core/task/dependencies.ts';
import type { ScheduleIntake, TaskIntake } from '../core/events.ts';
import type { DrillIntent, JobIntent, NodeIntent, PoolIntent, Quotas, ScheduleIntent, TaskIntent } from '../core/intent.ts';
import { idKey, type AccountNumber, type Instant, type JobNumber, type NodeNumber, type PoolNumber, type ScheduleNumber, type TaskNumber } from '../core/keys.ts';
import type { SampleRow } from '../core/pool/samples.ts';
import { SAMPLES_KEPT_MS } from '../core/tunables.ts';
import { activityOf } from '../core/activity.ts';
import { beforeNodesOf } from '../core/node/numbers.ts';
import type { JobNodeStatus, JobStatus, NodeStatus, PoolStatus, ScheduleStatus, SubtaskStatus, TaskStatus } from '../core/status.ts';
import type { TickTransitions } from '../core/transitions/tracker.ts';
import type { Transition } from '../core/transitions/transition.ts';
import { AccountOwned, Deposed, OutOfTurn, OWNER_DEAD_AFTER_MS, Refused, type Committed, type InboxBatch, type OwnerStore, type QuarantineChange, type QuarantineKey, type Quarantined, type TaskPage, type TickCommit } from '../store/ownerStore.ts';
import { MOST_OF_AN_ENDING, type TransitionRow } from '../store/transitions.ts';
import type { IntentWriter, NewAutoPool, NewJobIntent, NewScheduledJob } from './intentWriter.ts';
import { asLoaded } from './plainTasks.ts';


export interface TaskRecord {
  intent: TaskIntent;
  status: TaskStatus | null;
  /** By instance. Left out: it has had none. */
  subtasks?: Map<number, SubtaskStatus>;
}
export interface JobRecord {
  readonly account: AccountNumber;
  intent: JobIntent;
  status: JobStatus | null;
  readonly tasks: Map<TaskNumber, TaskRecord>;
  /** Lower-case ids satisfied by tasks whose rows no longer say so. */
  readonly satisfied: Set<string>;
  readonly onNodes: Map<NodeNumber, JobNodeStatus>;
  /** null: it names a pool. */
  readonly autoPool: NewAutoPool | null;
}
export interface ScheduleRecord {
  readonly account: AccountNumber;
  intent: ScheduleIntent;
  status: ScheduleStatus | null;
  readonly job: NewScheduledJob;
}
export interface PoolRecord {
  /** What was measured of it, oldest first. */
  samples: readonly SampleRow[];
  readonly account: AccountNumber;
  intent: PoolIntent;
  status: PoolStatus | null;
}
interface InboxEntry {
  readonly entry: number;
  readonly account: AccountNumber;
  readonly kind: 'pool' | 'job' | 'tasks' | 'task' | 'schedule' | 'node' | 'account';
  readonly subject: number;
  readonly task: TaskNumber;
}

/** The rows, for whoever checks them. */
export interface Tables {
  readonly pools: ReadonlyMap<PoolNumber, PoolRecord>;
  readonly jobs: ReadonlyMap<JobNumber, JobRecord>;
  readonly schedules: ReadonlyMap<ScheduleNumber, ScheduleRecord>;
  readonly nodes: ReadonlyMap<NodeNumber, { readonly account: AccountNumber; readonly status: NodeStatus }>;
  readonly nodeIntents: ReadonlyMap<NodeNumber, NodeIntent>;
  readonly inbox: readonly InboxEntry[];
  readonly transitions: (account: AccountNumber) => readonly TransitionRow[];
  readonly usage: (account: AccountNumber) => readonly (UsageHour & { readonly account: AccountNumber })[];
  readonly quarantine: (account: AccountNumber) => readonly Quarantined[];
  /** The process that has the account. */
  readonly owner: (account: AccountNumber) => string | null;
}

/**
 * A store in memory that keeps the contract PostgreSQL keeps (the contract suite holds both). Each call takes effect at
 * once and whole; delays and failures are put around it (`faultyStore`). `onCommit` sees each tick before it is
 * applied, and which jobs' endings it refuses.
 */
export function memoryStore(options: { readonly clock: () => Instant; readonly onCommit?: (tick: TickCommit, refused: readonly JobNumber[]) => void }) {
  const processes = new Map<string, { url: string; heartbeat: Instant }>();
  const ownership = new Map<AccountNumber, { process: string | null; epoch: number; tick: number }>();
  const pools = new Map<PoolNumber, PoolRecord>();
  const jobs = new Map<JobNumber, JobRecord>();
  const schedules = new Map<ScheduleNumber, ScheduleRecord>();
  const nodes = new Map<NodeNumber, { account: AccountNumber; status: NodeStatus }>();
  const nodeIntents = new Map<NodeNumber, NodeIntent>();
  const quotas = new Map<AccountNumber, Quotas>();
  const usage = new Map<string, UsageHour & { readonly account: AccountNumber }>();
  const drills = new Map<number, { readonly account: AccountNumber; readonly intent: DrillIntent }>();
  const drillsOf = (account: AccountNumber): readonly DrillIntent[] => [...drills.values()].flatMap((one) => (one.account === account ? [one.intent] : []));
  let inbox: InboxEntry[] = [];
  const quarantine = new Map<AccountNumber, readonly Quarantined[]>();
  const told = new Map<AccountNumber, TransitionRow[]>();
  const numbers = { drill: 0, pool: 0, job: 0, schedule: 0, entry: 0 };

  const point = (account: AccountNumber, kind: InboxEntry['kind'], subject: number, task = 0): void => {
    numbers.entry += 1;
    inbox.push({ entry: numbers.entry, account, kind, subject, task });
  };
  const found = <Row>(row: Row | undefined, what: string): Row => {
    if (row === undefined) throw new Error(`${what} is not there`);
    return row;
  };

  const scheduleIntake = ({ intent, status }: ScheduleRecord): ScheduleIntake => ({
    intent,
    status,
    jobs: intent.deletedAt === null ? null : [...jobs.values()].filter((job) => job.intent.schedule?.schedule === intent.schedule).length,
  });

  const insertPool = (account: AccountNumber, intent: Omit<PoolIntent, 'pool'>): PoolNumber => {
    numbers.pool += 1;
    pools.set(numbers.pool, { account, intent: { ...intent, pool: numbers.pool }, status: null, samples: [] });
    point(account, 'pool', numbers.pool);
    return numbers.pool;
  };
  const insertJob = (account: AccountNumber, intent: NewJobIntent, autoPool: NewAutoPool | null): JobNumber => {
    numbers.job += 1;
    jobs.set(numbers.job, { account, intent: { ...intent, job: numbers.job, nextTask: 1, reactivations: 0 }, status: null, tasks: new Map(), satisfied: new Set(), onNodes: new Map(), autoPool });
    point(account, 'job', numbers.job);
    return numbers.job;
  };

  const carryOut = (account: AccountNumber, request: OwnerRequest, now: Instant): void => {
    switch (request.kind) {
      case 'addJob': {
        const { job, autoPool = null, manager } = found(schedules.get(request.schedule), `schedule ${request.schedule}`).job;
        const { schedule, run, id } = request;
        if (isTaken(jobs, account, id)) throw new Refused(`there is a job ${id}`);
        const number = insertJob(account, { ...job, id, createdAt: now, actionAt: now, schedule: { schedule, run } }, autoPool);
        if (manager === undefined) return;
        const record = found(jobs.get(number), `job ${number}`);
        record.intent = { ...record.intent, nextTask: 2 };
        record.tasks.set(1, { intent: { ...manager, task: 1, createdAt: now }, status: null });
        return;
      }
      case 'addPool': {
        const autoPool = jobs.get(request.job)?.autoPool;
        if (autoPool === undefined || autoPool === null || isTaken(pools, account, request.id)) return;
        insertPool(account, { ...autoPool.pool, id: request.id, createdAt: now, resizeRequestedAt: now, isAuto: !autoPool.keepAlive });
        return;
      }
      case 'deleteAutoPool': {
        const pool = pools.get(request.pool);
        if (pool === undefined || !pool.intent.isAuto || pool.intent.deletedAt !== null) return;
        pool.intent = { ...pool.intent, deletedAt: now };
        point(account, 'pool', request.pool);
        return;
      }
      case 'deleteJobs': {
        const doomed = [...jobs.values()].filter(({ intent }) => intent.schedule?.schedule === request.schedule && intent.deletedAt === null);
        for (const job of doomed.slice(0, request.most)) {
          job.intent = { ...job.intent, deletedAt: now };
          point(account, 'job', job.intent.job);
        }
      }
    }
  };

  const claim = (account: AccountNumber, process: string, url: string): { epoch: number } => {
    const now = options.clock();
    const row = ownership.get(account) ?? { process: null, epoch: 0, tick: 0 };
    const rival = row.process === null || row.process === process ? undefined : processes.get(row.process);
    if (rival !== undefined && rival.heartbeat > now - OWNER_DEAD_AFTER_MS) throw new AccountOwned(rival.url);
    processes.set(process, { url, heartbeat: now });
    ownership.set(account, { process, epoch: row.epoch + 1, tick: 0 });
    return { epoch: row.epoch + 1 };
  };

  const readInbox = (account: AccountNumber, limit: number, also: readonly JobNumber[]): InboxBatch => {
    const mine = inbox.filter((entry) => entry.account === account);
    const taken = mine.slice(0, limit);
    const foundPools = new Map<PoolNumber, PoolIntent>();
    const foundJobs = new Map<JobNumber, { intent: JobIntent; status: JobStatus | null }>();
    const foundSchedules = new Map<ScheduleNumber, ScheduleIntake>();
    const foundNodes = new Map<NodeNumber, NodeIntent>();
    const foundTasks = new Map<string, InboxBatch['tasks'][number]>();
    const jobsWithNewTasks = new Set<JobNumber>();
    const alsoAsked = also.map((job) => ({ kind: 'job' as const, subject: job, task: 0 }));
    for (const { kind, subject, task: number } of [...taken, ...alsoAsked]) {
      const pool = kind === 'pool' ? pools.get(subject) : undefined;
      const job = kind === 'job' || kind === 'task' ? jobs.get(subject) : undefined;
      const task = kind === 'task' ? job?.tasks.get(number) : undefined;
      if (kind === 'tasks') jobsWithNewTasks.add(subject);
      const schedule = kind === 'schedule' ? schedules.get(subject) : undefined;
      if (schedule !== undefined) foundSchedules.set(subject, scheduleIntake(schedule));
      const asked = kind === 'node' ? nodeIntents.get(subject) : undefined;
      if (asked !== undefined) foundNodes.set(subject, asked);
      if (pool !== undefined) foundPools.set(subject, pool.intent);
      const again = task !== undefined && task.intent.reactivateSequence > (task.status?.reactivateSequence ?? 0);
      if (job !== undefined && (kind === 'job' || job.status?.state === 'completed' || again)) {
        const reactivations = mine.length > limit && job.intent.reactivations > 0 ? -1 : job.intent.reactivations;
        foundJobs.set(subject, { intent: { ...job.intent, reactivations }, status: job.status });
      }
      if (task !== undefined) foundTasks.set(`${subject}.${number}`, { job: subject, task: { ...task } });
    }
    return {
      entries: taken.map(({ entry }) => entry),
      pools: [...foundPools.values()],
      jobs: [...foundJobs.values()],
      schedules: [...foundSchedules.values()],
      nodes: [...foundNodes.values()],
      ...(taken.some(({ kind }) => kind === 'account') ? { quotas: quotas.get(account) ?? {}, drills: drillsOf(account) } : null),
      jobsWithNewTasks: [...jobsWithNewTasks],
      tasks: [...foundTasks.values()],
      more: mine.length > limit,
      newest: mine.at(-1)?.entry ?? 0,
    };
  };

  const readTasks = (number: JobNumber, after: TaskNumber, limit: number): TaskPage => {
    const job = jobs.get(number);
    if (job === undefined) return { through: after, newest: after, tasks: [] };
    const tasks: TaskIntake[] = [];
    for (let task = after + 1; task < job.intent.nextTask && tasks.length < limit; task += 1) {
      const record = job.tasks.get(task);
      if (record !== undefined) tasks.push({ ...record });
    }
    const newest = Math.max(after, job.intent.nextTask - 1);
    return { through: tasks.length === limit ? (tasks.at(-1)?.intent.task ?? after) : newest, newest, tasks };
  };

  const takenIn = ({ status, tasks }: JobRecord): TaskRecord[] => [...tasks.values()].filter((task) => task.intent.task <= (status?.ingested ?? 0));
  const openTasks = (job: JobRecord): TaskIntake[] =>
    takenIn(job)
      .filter(({ intent: { task } }) => job.status?.open?.some(([first, last]) => task >= first && task <= last) ?? true)
      .filter(({ intent, status }) => status?.state !== 'completed' || intent.deletedAt !== null || intent.reactivateSequence > status.reactivateSequence)
      .map((task) => ({ ...task }));
  const satisfiedIds = (job: JobRecord, among: readonly string[] | null): string[] => {
    const all = new Set([...job.satisfied, ...takenIn(job).flatMap(({ intent, status }) => (status?.dependency === 'satisfy' ? [intent.idKey] : []))]);
    return among === null ? [...all] : among.filter((id) => all.has(id));
  };

  const commit = (tick: TickCommit): Committed => {
    const owner = ownership.get(tick.account);
    if (owner?.epoch !== tick.epoch) throw new Deposed(`Epoch ${tick.epoch} no longer rules account ${tick.account}.`);
    if (owner.tick !== Math.max(tick.tick - 1, 0)) throw new OutOfTurn(`Tick ${tick.tick} of account ${tick.account} does not follow tick ${owner.tick}.`);
    const refused = tick.decisions.guards.flatMap(({ job, ingested, reactivations }) => {
      const intent = jobs.get(job)?.intent;
      return intent === undefined || (intent.nextTask - 1 === ingested && intent.reactivations === reactivations) ? [] : [job];
    });
    const decisions = withoutEndings(tick.decisions, refused);
    options.onCommit?.(tick, refused);
    if (tick.transitions !== undefined) keepTransitions(tick, tick.transitions, refused);
    for (const status of decisions.pools) found(pools.get(status.pool), `pool ${status.pool}`).status = status;
    for (const { pool, at, sample } of decisions.samples ?? []) {
      const record = found(pools.get(pool), `pool ${pool}`);
      record.samples = [...record.samples.filter(([other]) => other >= at - SAMPLES_KEPT_MS), [at, sample]];
    }
    for (const more of decisions.usage ?? []) {
      const key = `${tick.account}.${more.hour}.${more.pool}.${more.size}.${more.lowPriority}`;
      const { nodeMs = 0, busyMs = 0, lostMs = 0 } = usage.get(key) ?? {};
      usage.set(key, { ...more, account: tick.account, nodeMs: nodeMs + more.nodeMs, busyMs: busyMs + more.busyMs, lostMs: lostMs + more.lostMs });
    }
    for (const status of decisions.jobs) found(jobs.get(status.job), `job ${status.job}`).status = status;
    for (const status of decisions.tasks) {
      const task = jobs.get(status.job)?.tasks.get(status.task);
      if (task !== undefined) task.status = status;
    }
    for (const status of decisions.nodes) {
      const isOnlyActive = decisions.onlyActive?.has(status.node) === true;
      const row = isOnlyActive ? { ...found(nodes.get(status.node), `node ${status.node}`).status, ...activityOf(status) } : status;
      nodes.set(status.node, { account: tick.account, status: row });
    }
    for (const status of decisions.jobNodes) found(jobs.get(status.job), `job ${status.job}`).onNodes.set(status.node, status);
    for (const row of decisions.subtasks ?? []) {
      const task = jobs.get(row.job)?.tasks.get(row.task);
      if (task !== undefined) (task.subtasks ??= new Map()).set(row.instance, row);
    }
    for (const { job, idKey } of decisions.satisfied) jobs.get(job)?.satisfied.add(idKey);
    for (const { job, task } of decisions.gone.tasks) jobs.get(job)?.tasks.delete(task);
    for (const job of decisions.gone.jobs) jobs.delete(job);
    for (const pool of decisions.gone.pools) pools.delete(pool);
    for (const status of decisions.schedules ?? []) found(schedules.get(status.schedule), `schedule ${status.schedule}`).status = status;
    for (const schedule of decisions.gone.schedules ?? []) schedules.delete(schedule);
    for (const request of decisions.requests ?? []) carryOut(tick.account, request, tick.now);
    const taken = new Set(tick.inboxEntries);
    if (taken.size > 0) inbox = inbox.filter(({ entry }) => !taken.has(entry));
    if (tick.quarantine !== undefined) changeQuarantine(tick, tick.quarantine);
    const specs = tick.specs.flatMap(({ job, task }) => {
      const record = jobs.get(job)?.tasks.get(task);
      return record === undefined ? [] : [{ job, task, id: record.intent.idKey, spec: taskSpec(record.intent) }];
    });
    owner.tick = tick.tick;
    return { specs, refused };
  };

  const keepTransitions = ({ account, epoch, tick, now }: TickCommit, { all, endings }: TickTransitions, refused: readonly JobNumber[]): void => {
    const of = { epoch, tick, at: now };
    const rows = told.get(account) ?? [];
    told.set(account, rows);
    if (all.length > 0) rows.push({ ...of, first: 0, transitions: all.map(named) });
    endings.forEach(({ job, transitions }, place) => {
      if (!refused.includes(job)) rows.push({ ...of, first: all.length + place * MOST_OF_AN_ENDING, transitions });
    });
  };
  const named = (transition: Transition): Transition => {
    if (!('task' in transition)) return transition;
    const record = jobs.get(transition.job);
    const intent = record?.tasks.get(transition.task)?.intent;
    return { ...transition, jobId: transition.jobId ?? record?.intent.id ?? null, taskId: transition.taskId ?? intent?.id ?? intent?.idKey ?? null };
  };

  const changeQuarantine = ({ account, now, decisions: { gone } }: TickCommit, { aside = [], again = [], over = [] }: QuarantineChange): void => {
    const isOneOf = (keys: readonly QuarantineKey[]) => (row: QuarantineKey) => keys.some(({ epoch, tick }) => epoch === row.epoch && tick === row.tick);
    const before = quarantine.get(account) ?? [];
    for (const { subject } of before.filter(isOneOf(again))) {
      if (subject.kind === 'pool') point(account, 'pool', subject.pool);
      else if (subject.kind === 'schedule') point(account, 'schedule', subject.schedule);
      else if ('job' in subject && subject.kind !== 'report') point(account, subject.kind, subject.job, 'task' in subject ? subject.task : 0);
    }
    if (again.length > 0) for (const job of jobs.values()) if (job.account === account && job.status !== null && job.status.state !== 'completed') job.status = { ...job.status, open: null };
    if (over.length > 0) {
      for (const row of nodes.values()) if (gone.pools.includes(row.status.pool) && row.status.goneAt === null) row.status = { ...row.status, goneAt: now };
    }
    const left = before.filter((row) => !isOneOf(again)(row) && !isOneOf(over)(row));
    quarantine.set(account, [...left, ...aside.filter((row) => !isOneOf(left)(row))]);
  };

  const store: OwnerStore = {
    claim: async (account, process, url) => claim(account, process, url),
    heartbeat: async (process) => {
      const row = processes.get(process);
      if (row === undefined) return [];
      row.heartbeat = options.clock();
      return [...ownership].flatMap(([account, owned]) => (owned.process === process ? [{ account, epoch: owned.epoch }] : []));
    },
    resign: async (account, process) => {
      const row = ownership.get(account);
      if (row?.process === process) row.process = null;
      if (![...ownership.values()].some((owned) => owned.process === process)) processes.delete(process);
    },
    load: async (account) => {
      const mine = [...jobs.values()].filter((job) => job.account === account && (job.status?.state !== 'completed' || job.intent.deletedAt !== null));
      const living = mine.filter(({ status }) => status !== null && status.state !== 'completed');
      const ownNodes = [...nodes.values()].filter((node) => node.account === account).map(({ status }) => status);
      return {
        pools: [...pools.values()].filter((pool) => pool.account === account).map(({ intent, status, samples }) => ({ intent, status, ...(samples.length === 0 ? null : { samples }) })),
        nodes: ownNodes.filter(({ goneAt }) => goneAt === null).toSorted((a, b) => a.node - b.node),
        nodeIntents: ownNodes.flatMap(({ node, goneAt }) => (goneAt === null ? (nodeIntents.get(node) ?? []) : [])).toSorted((a, b) => a.node - b.node),
        ...(drillsOf(account).length === 0 ? null : { drills: drillsOf(account) }),
        ...(quotas.has(account) ? { quotas: quotas.get(account) ?? {} } : null),
        nextNode: Math.max(beforeNodesOf(account), ...ownNodes.map(({ node }) => node)) + 1,
        jobs: mine.map(({ intent, status }) => ({ intent: { ...intent, reactivations: intent.reactivations > 0 ? -1 : 0 }, status })),
        schedules: [...schedules.values()].filter((schedule) => schedule.account === account && (schedule.status?.state !== 'completed' || schedule.intent.deletedAt !== null)).map(scheduleIntake),
        jobNodes: mine.filter(({ status }) => status?.state !== 'completed').flatMap(({ onNodes }) => [...onNodes.values()].filter(({ node }) => nodes.get(node)?.status.goneAt === null)),
        tasks: living.map((job) => asLoaded(job.intent.job, openTasks(job), job.intent.usesTaskDependencies)).filter(({ tasks, plain }) => tasks.length + plain.numbers.length > 0),
        subtasks: living.flatMap((job) => [...job.tasks.values()].flatMap(({ status, subtasks }) => [...(subtasks?.values() ?? [])].filter(({ state }) => status?.state !== 'completed' || state !== 'completed'))),
        satisfied: living.filter(({ intent, status }) => intent.usesTaskDependencies && status?.ingested !== 0).map((job) => {
          const named = namedParents(openTasks(job));
          return { job: job.intent.job, ids: satisfiedIds(job, named), isWhole: named === null };
        }),
      };
    },
    readInbox: async (account, limit, also = []) => readInbox(account, limit, also),
    readTasks: async (job, after, limit) => readTasks(job, after, limit),
    readSatisfied: async (number, among) => {
      const job = jobs.get(number);
      return job === undefined ? [] : satisfiedIds(job, among);
    },
    commit: async (tick) => commit(tick),
    readJobSpecs: async (wanted) =>
      wanted.flatMap((job) => {
        const intent = jobs.get(job)?.intent;
        return intent === undefined ? [] : [{ job, id: intent.id, spec: jobSpec(intent) }];
      }),
    readKnownJobs: async (wanted) => wanted.filter((job) => jobs.has(job)),
    // Nobody makes applications here.
    readPackages: async () => [],
    readPoolSpecs: async (wanted) =>
      wanted.flatMap((pool) => {
        const intent = pools.get(pool)?.intent;
        return intent === undefined ? [] : [{ pool, id: intent.id, spec: poolSpec(intent), certificates: [] }];
      }),
    readQuarantine: async (account) => [...(quarantine.get(account) ?? [])],
  };

  const intents: IntentWriter = {
    addPool: async (account, intent) => insertPool(account, intent),
    changePool: async (pool, change) => {
      const record = found(pools.get(pool), `pool ${pool}`);
      record.intent = { ...record.intent, ...change };
      point(record.account, 'pool', pool);
    },
    changeNode: async (node, change) => {
      const { account } = found(nodes.get(node), `node ${node}`);
      nodeIntents.set(node, { schedulingDisabled: null, restart: null, restartSequence: 0, ...nodeIntents.get(node), ...change, node });
      point(account, 'node', node);
    },
    setQuotas: async (account, set) => {
      quotas.set(account, set);
      point(account, 'account', account);
    },
    addDrill: async (account, createdAt, rules) => {
      numbers.drill += 1;
      drills.set(numbers.drill, { account, intent: { drill: numbers.drill, createdAt, ...rules } });
      point(account, 'account', account);
      return numbers.drill;
    },
    stopDrill: async (drill) => {
      const { account } = found(drills.get(drill), `drill ${drill}`);
      drills.delete(drill);
      point(account, 'account', account);
    },
    addJob: async (account, intent, autoPool) => insertJob(account, intent, autoPool ?? null),
    changeJob: async (job, change) => {
      const record = found(jobs.get(job), `job ${job}`);
      record.intent = { ...record.intent, ...change };
      point(record.account, 'job', job);
    },
    addSchedule: async (account, intent, job) => {
      numbers.schedule += 1;
      schedules.set(numbers.schedule, { account, intent: { ...intent, schedule: numbers.schedule }, status: null, job });
      point(account, 'schedule', numbers.schedule);
      return numbers.schedule;
    },
    changeSchedule: async (schedule, change) => {
      const record = found(schedules.get(schedule), `schedule ${schedule}`);
      record.intent = { ...record.intent, ...change };
      point(record.account, 'schedule', schedule);
    },
    addTasks: async (job, tasks) => {
      const record = found(jobs.get(job), `job ${job}`);
      const first = record.intent.nextTask;
      record.intent = { ...record.intent, nextTask: first + tasks.length };
      const added = tasks.map((task, index) => ({ intent: { ...task, task: first + index }, status: null }));
      for (const task of added) record.tasks.set(task.intent.task, { ...task });
      point(record.account, 'tasks', job);
      return { entry: numbers.entry, job, tasks: added, size: added.length };
    },
    changeTask: async (job, task, change) => {
      const record = found(jobs.get(job), `job ${job}`);
      const row = found(record.tasks.get(task), `task ${task}`);
      if (change.reactivateSequence !== undefined) record.intent = { ...record.intent, reactivations: record.intent.reactivations + 1 };
      row.intent = { ...row.intent, ...change };
      point(record.account, 'task', job, task);
    },
  };

  /** As if the process had not beaten for long. */
  const silence = (process: string): void => {
    const row = processes.get(process);
    if (row !== undefined) row.heartbeat = options.clock() - 6 * OWNER_DEAD_AFTER_MS;
  };

  const tables: Tables = {
    pools,
    jobs,
    schedules,
    nodes,
    nodeIntents,
    get inbox() {
      return inbox;
    },
    transitions: (account) => told.get(account) ?? [],
    usage: (account) => [...usage.values()].filter((row) => row.account === account),
    quarantine: (account) => quarantine.get(account) ?? [],
    owner: (account) => ownership.get(account)?.process ?? null,
  };
  return { store, intents, silence, tables };
}

function taskSpec({ idKey: id, requiredSlots, instances }: TaskIntent): unknown {
  const settings = instances === undefined ? null : { multiInstanceSettings: { numberOfInstances: instances, coordinationCommandLine: 'true' } };
  return { id, commandLine: 'true', requiredSlots, ...settings };
}

function isTaken(rows: ReadonlyMap<number, { readonly account: AccountNumber; readonly intent: { readonly id: string } }>, account: AccountNumber, id: string): boolean {
  return [...rows.values()].some((row) => row.account === account && idKey(row.intent.id) === idKey(id));
}

function jobSpec({ id, preparation, release }: JobIntent): unknown {
  return {
    id,
    ...(preparation === null ? {} : { jobPreparationTask: { commandLine: 'true', waitForSuccess: preparation.waitForSuccess, constraints: { maxTaskRetryCount: 1 } } }),
    ...(release === null ? {} : { jobReleaseTask: { commandLine: 'true' } }),
  };
}

function poolSpec({ id, startTask }: PoolIntent): unknown {
  return {
    id,
    vmSize: 'standard_a1',
    ...(startTask === null ? {} : { startTask: { commandLine: 'true', waitForSuccess: startTask.waitForSuccess, maxTaskRetryCount: startTask.maxTaskRetryCount } }),
  };
}
