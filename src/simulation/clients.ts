import { type AutoScale, type JobIntent, MANAGER_TASK, type NodeDeallocationOption, type NodeIntent, type PoolIntent, type TaskIntent } from '../core/intent.ts';
import type { AccountNumber, JobNumber, NodeNumber, PoolNumber, TaskNumber } from '../core/keys.ts';
import { jobState, nodeState, poolState, taskState } from '../core/wireState.ts';
import type { NodeState } from '../core/status.ts';
import { LIMITS } from '../wire/limits.ts';
import type { AddedTasks } from '../store/ownerStore.ts';
import type { IntentWriter } from './intentWriter.ts';
import type { JobRecord, Tables, TaskRecord } from './memoryStore.ts';
import { newAutoPool } from './autoPools.ts';
import { createScheduleClients } from './scheduleClients.ts';
import { EPOCH, type World } from './world.ts';

/** What clients of a simulated account do. */
export interface Workload {
  readonly pools: number;
  /** Of all pools together. */
  readonly nodes: number;
  readonly jobs: number;
  /** Of all jobs together. */
  readonly tasks: number;
  /** Adds and actions end after so long. */
  readonly forMs: number;
  /** Mean time between random actions (disable, terminate, delete, reactivate, resize …); null: none. */
  readonly actionEveryMs: number | null;
  /** How likely such an action deletes a job when its turn comes; left out: seldom. */
  readonly jobDeletes?: number;
  /** How many of the actions ask something of a node. */
  readonly nodeOperations?: number;
  /** How likely a pool has a start task; left out: now and then. */
  readonly startTasks?: number;
  /** How likely a job that is terminated or deleted then does not wait for its nodes. Left out: never. */
  readonly forced?: number;
  /** Single tasks are added this often, beside the rest; null: none. */
  readonly singleEveryMs?: number | null;
  /** Share of jobs whose tasks depend on each other. */
  readonly dependencies: number;
  /** Share of jobs with a preparation task, half of them with a release task too. Left out: none. */
  readonly preparations?: number;
  /** Share of jobs that were added, with their tasks, nearly as long ago as a task may live. Left out: none. */
  readonly aged?: number;
  /** Tasks take so many times as long. Left out: once. */
  readonly longer?: number;
  /** Share of jobs whose tasks make room for those of higher priority. Left out: none. */
  readonly preemption?: number;
  /** Share of jobs and schedules that have a pool made. Left out: none. */
  readonly autoPools?: number;
  /** How likely a client lets a formula decide on the size of a pool, or none any more. Left out: never. */
  readonly autoScale?: number;
  /** Share of low-priority nodes in all pools; left out: a third, in some. */
  readonly lowPriority?: number;
  /** A drill takes low-priority nodes back. Left out: none does. */
  readonly drill?: boolean;
  /** Job schedules, which make jobs every few seconds beside all others. Left out: none. */
  readonly schedules?: number;
  /** Share of multi-instance tasks; nodes then have one slot each. Left out: there are none. */
  readonly gangs?: number;
  /**
   * So often a task of three nodes is added if no other is open; then nodes have one slot each, and all jobs the same
   * priority and no limits. Left out: never.
   */
  readonly gangEveryMs?: number;
  /**
   * All jobs end by themselves; so often a client adds tasks to one, or makes one active again, right when its end is
   * committed. Default: none do.
   */
  readonly besideEndings?: number;
}

const COLLECTION = 100;
const MAX_SLOTS = 4;
/** Of the lifetime of tasks that are aged. */
const LEFT_MS = [30_000, 90_000] as const;
/** Start tasks included. */
const NODES_ARE_UP_AFTER_MS = 10_000;
/** No task needs more nodes than all but these: an agent that hangs before its first word is waited for. */
const SPARE_NODES = 3;

/** Each node goes every ten seconds or so. */
const DRILL = { pools: null, share: 1, perMs: 10_000, seed: 1, graceMs: 1_500 } as const;

/** Good ones and bad ones. */
const FORMULAS = [
  '$TargetDedicatedNodes = min(4, max(1, $PendingTasks.GetSample(1)));',
  '$TargetDedicatedNodes = rand() * 4; $TargetLowPriorityNodes = rand() * 3; $NodeDeallocationOption = taskcompletion;',
  '$TargetDedicatedNodes = rand() * 5; $NodeDeallocationOption = rand() < 0.5 ? terminate : retaineddata;',
  '$TargetDedicatedNodes = avg($ActiveTasks.GetSample(TimeInterval_Minute, 60)) / 2 + 1; $NodeDeallocationOption = requeue;',
] as const;

const DEALLOCATED: ReadonlySet<NodeState> = new Set(['idle', 'running', 'offline']);
const RESTARTED: ReadonlySet<NodeState> = new Set([...DEALLOCATED, 'starttaskfailed', 'unusable']);

/** Simulated clients: each call is one request, with the refusals (409, 404) that matter here. */
export function createClients(options: {
  readonly world: World;
  readonly account: AccountNumber;
  readonly workload: Workload;
  readonly intents: IntentWriter;
  readonly tables: Tables;
  readonly wake: () => void;
  /** What was added is looked at soon, or taken over; nobody waits. */
  readonly sweep: (added?: AddedTasks) => void;
}) {
  const { world, account, workload, intents, tables } = options;
  /** Jobs that end by themselves before their tasks do are of the kind of things that random actions do. */
  const varied = workload.actionEveryMs !== null;
  const { besideEndings = null, nodeOperations = 0, gangs = 0, gangEveryMs = null, autoPools = 0, lowPriority = null } = workload;
  const isEven = gangEveryMs !== null;
  /** That pools were given. */
  let formulas = 0;
  const nodesPerPool = Math.max(1, Math.floor(workload.nodes / workload.pools));
  const poolIds = Array.from({ length: workload.pools }, (_, index) => `pool-${index + 1}`);

  const schedules = createScheduleClients({ world, account, count: workload.schedules ?? 0, forMs: workload.forMs / 4, poolIds, autoPools, intents, tables, wake: options.wake, sweep: () => options.sweep() });

  const poolOf = (id: string) => [...tables.pools.values()].find(({ intent }) => intent.id === id);
  const jobs = (): JobRecord[] => [...tables.jobs.values()];
  const stateOf = (job: JobRecord): string => jobState(job.intent, job.status).state;
  const asked = (job: JobRecord, action: JobIntent['action']): Promise<void> =>
    intents.changeJob(job.intent.job, { action, actionSequence: job.intent.actionSequence + 1, actionAt: world.now() });

  const aFormula = (): AutoScale => {
    formulas += 1;
    return { formula: world.pick(FORMULAS) ?? '', intervalMs: world.between(5_000, 20_000), sequence: formulas, at: world.now() };
  };

  const aDeallocation = (): NodeDeallocationOption => world.pick(['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const) ?? 'requeue';

  const addPool = async (id: string): Promise<void> => {
    const low = lowPriority !== null ? Math.floor(nodesPerPool * lowPriority) : world.chance(0.3) ? Math.floor(nodesPerPool / 3) : 0;
    await intents.addPool(account, {
      id,
      createdAt: world.now(),
      targetDedicated: nodesPerPool - low,
      targetLowPriority: low,
      resizeTimeoutMs: 900_000,
      nodeDeallocation: 'requeue',
      resizeSequence: 1,
      resizeRequestedAt: world.now(),
      stopSequence: 0,
      ...(gangs === 0 && !isEven ? { taskSlotsPerNode: MAX_SLOTS } : { taskSlotsPerNode: 1, interNode: true }),
      fillType: world.chance(0.5) ? 'pack' : 'spread',
      jobOrder: world.chance(0.5) ? 'none' : 'creationtime',
      startTask: world.chance(workload.startTasks ?? 0.3) ? { waitForSuccess: world.chance(0.5), maxTaskRetryCount: 0 } : null,
      unavailable: null,
      isAuto: false,
      deletedAt: null,
      ...(workload.autoScale !== undefined && world.chance(workload.autoScale) ? { autoScale: aFormula() } : {}),
    });
    options.sweep();
  };

  const ownTasks = (): Pick<JobIntent, 'preparation' | 'release'> => {
    const { preparations = 0 } = workload;
    if (preparations === 0 || !world.chance(preparations)) return { preparation: null, release: null };
    return {
      preparation: { waitForSuccess: world.chance(0.7), rerunOnNodeReboot: world.chance(0.5), retentionMs: world.between(1_000, 120_000) },
      release: world.chance(0.5) ? { retentionMs: world.between(1_000, 120_000) } : null,
    };
  };

  const addJob = async (index: number): Promise<JobNumber> => {
    const isAged = workload.aged !== undefined && world.chance(workload.aged);
    const autoPool = autoPools > 0 && world.chance(autoPools) ? newAutoPool(world) : undefined;
    const job = await intents.addJob(account, {
      id: `job-${index}`,
      createdAt: isAged ? world.now() - LIMITS.taskLifetimeMs + world.between(...LEFT_MS) : world.now(),
      schedule: null,
      poolId: autoPool === undefined ? (poolIds[index % poolIds.length] ?? 'pool-1') : '',
      autoPool: autoPool === undefined ? null : { lifetime: 'job', prefix: '' },
      priority: isEven ? 0 : world.between(-1000, 1000),
      maxParallelTasks: !isEven && world.chance(0.2) ? world.between(3, 20) : -1,
      allowTaskPreemption: world.chance(workload.preemption ?? 0),
      maxTaskRetryCount: world.between(0, 2),
      maxWallClockMs: varied && !isAged && world.chance(0.1) ? world.between(20_000, 90_000) : null,
      usesTaskDependencies: world.chance(workload.dependencies),
      onAllTasksComplete: besideEndings === null ? 'noaction' : 'terminatejob',
      onTaskFailure: varied && world.chance(0.2) ? 'performexitoptionsjobaction' : 'noaction',
      ...ownTasks(),
      manager: varied && world.chance(0.15) ? { runExclusive: world.chance(0.5), allowLowPriorityNode: world.chance(0.5), killJobOnCompletion: world.chance(0.5) } : null,
      action: { kind: 'none' },
      actionSequence: 0,
      actionAt: world.now(),
      deletedAt: null,
    }, autoPool);
    options.sweep();
    return job;
  };

  const width = (isGang: boolean): Pick<TaskIntent, 'requiredSlots' | 'instances'> => ({ requiredSlots: 1, ...(isGang ? { instances: world.between(1, Math.max(1, nodesPerPool - SPARE_NODES)) } : null) });
  const newTask = (job: JobRecord, number: TaskNumber): Omit<TaskIntent, 'task'> => ({
    idKey: String(number),
    createdAt: job.intent.createdAt < EPOCH ? job.intent.createdAt : world.now(),
    ...(isEven ? width(false) : gangs > 0 ? width(world.chance(gangs) && (job.intent.manager === null || number !== MANAGER_TASK)) : { requiredSlots: world.chance(0.8) ? 1 : world.between(2, MAX_SLOTS) }),
    maxTaskRetryCount: world.chance(0.1) ? world.between(-1, 3) : null,
    affinity: world.chance(0.05) ? String(world.between(1, number)) : null,
    dependsOn: job.intent.usesTaskDependencies && number > 1 && world.chance(0.5) ? dependsOn(job.intent.job, number) : null,
    exitConditions: world.chance(0.5) ? { default: { dependencyAction: 'satisfy', ...(world.chance(0.05) ? { jobAction: world.pick(['disable', 'terminate'] as const) ?? 'disable' } : {}) } } : null,
    retentionMs: world.between(1_000, 120_000),
    terminateAt: null,
    reactivateSequence: 0,
    deletedAt: null,
  });
  /** Half of the jobs name no ranges: of those not all that was satisfied is loaded. */
  const dependsOn = (job: JobNumber, number: TaskNumber): TaskIntent['dependsOn'] =>
    job % 2 === 0 || world.chance(0.5)
      ? { ids: [String(world.between(1, number - 1))], ranges: [] }
      : { ids: [], ranges: [{ start: Math.max(1, number - world.between(1, 50)), end: number - 1 }] };

  const addTasks = async (number: JobNumber, count: number): Promise<void> => {
    const job = tables.jobs.get(number);
    if (job === undefined || ['terminating', 'completed', 'deleting'].includes(stateOf(job))) return;
    const first = job.intent.nextTask;
    options.sweep(await intents.addTasks(number, Array.from({ length: count }, (_, index) => newTask(job, first + index))));
  };

  /** Adds everything over the workload's time. */
  const begin = (): void => {
    for (const id of poolIds) world.after(world.between(0, 500), () => void addPool(id));
    if (workload.drill === true) void intents.addDrill(account, world.now(), { ...DRILL, until: world.now() + workload.forMs }).then(options.wake);
    const perJob = Math.ceil(workload.tasks / workload.jobs);
    for (let index = 0; index < workload.jobs; index += 1) {
      const startMs = world.between(0, workload.forMs / 4);
      world.after(startMs, () => {
        void addJob(index).then((job) => {
          for (let done = 0; done < perJob; done += COLLECTION) {
            const count = Math.min(COLLECTION, perJob - done);
            world.after(world.between(0, workload.forMs / 2), () => void addTasks(job, count));
          }
        });
      });
    }
    schedules.begin();
    if (workload.singleEveryMs !== null && workload.singleEveryMs !== undefined) addSingles(workload.singleEveryMs);
    if (gangEveryMs !== null) world.after(NODES_ARE_UP_AFTER_MS, () => addGangs(gangEveryMs));
  };

  /** The commit that ends the job by itself has begun, and does not yet see what happens here. */
  const besideEnding = (number: JobNumber): void => {
    const job = tables.jobs.get(number);
    if (besideEndings === null || job === undefined || !world.chance(besideEndings)) return;
    const failed = ['active', 'disabled'].includes(stateOf(job)) ? world.pick([...job.tasks.values()].filter(mayRunAgain)) : undefined;
    if (failed !== undefined && world.chance(0.5)) void reactivate(number, failed).then(() => options.sweep());
    else void addTasks(number, world.between(1, 3));
  };

  const addSingles = (everyMs: number): void => {
    if (world.now() >= EPOCH + workload.forMs) return;
    const job = someJob('active');
    if (job !== undefined) void addTasks(job.intent.job, 1);
    world.after(everyMs, () => addSingles(everyMs));
  };

  const addGangs = (everyMs: number): void => {
    if (world.now() >= EPOCH + workload.forMs) return;
    const isOpen = jobs().some(({ tasks }) => [...tasks.values()].some(({ intent, status }) => intent.instances !== undefined && status?.state !== 'completed'));
    const job = isOpen ? undefined : someJob('active');
    if (job !== undefined) void intents.addTasks(job.intent.job, [{ ...newTask(job, job.intent.nextTask), dependsOn: null, requiredSlots: 1, instances: 3 }]).then(options.sweep);
    world.after(everyMs, () => addGangs(everyMs));
  };

  /** A client asks for sizes only where no formula decides. */
  const isByHand = ({ intent }: { readonly intent: PoolIntent }): boolean => !intent.autoScale;
  const somePool = () => world.pick([...tables.pools.values()].filter(({ intent }) => intent.deletedAt === null));
  const someJob = (...states: string[]) => world.pick(jobs().filter((job) => states.includes(stateOf(job))));
  const someTask = () => {
    const job = someJob('active', 'disabled', 'disabling');
    const task = job === undefined ? undefined : world.pick([...job.tasks.values()].filter(({ intent }) => intent.deletedAt === null));
    return job === undefined || task === undefined ? null : { job, task, number: job.intent.job };
  };
  const mayRunAgain = (task: TaskRecord): boolean => task.intent.deletedAt === null && isCompleted(task) && task.status?.result !== 'success';
  const reactivate = (job: JobNumber, { intent }: TaskRecord): Promise<void> =>
    intents.changeTask(job, intent.task, { reactivateSequence: intent.reactivateSequence + 1, terminateAt: null });
  const isCompleted = ({ intent, status }: TaskRecord): boolean => taskState({ ...intent, modifiedAt: intent.createdAt }, status).state === 'completed';
  const resize = async (pool: PoolNumber, change: Partial<PoolIntent>): Promise<void> => {
    const intent = tables.pools.get(pool)?.intent;
    if (intent !== undefined) await intents.changePool(pool, { ...change, resizeSequence: Math.max(intent.resizeSequence, intent.stopSequence) + 1, resizeRequestedAt: world.now() });
  };

  const disabledNodes = (): NodeNumber[] =>
    [...tables.nodeIntents.values()].flatMap(({ node, schedulingDisabled }) => (schedulingDisabled !== null && tables.nodes.get(node)?.status.goneAt === null ? [node] : []));

  const actions: Readonly<Record<string, () => Promise<void> | undefined>> = {
    disable: () => {
      const job = someJob('active');
      return job && asked(job, { kind: 'disable', tasks: world.pick(['requeue', 'terminate', 'wait'] as const) ?? 'wait' });
    },
    enable: () => {
      const job = someJob('disabled', 'disabling');
      return job && asked(job, { kind: 'enable' });
    },
    enableAnother: () => {
      const job = someJob('disabled');
      return job && asked(job, { kind: 'enable' });
    },
    terminateJob: () => {
      const job = world.chance(0.04) ? someJob('active', 'disabled') : undefined;
      return job && asked(job, { kind: 'terminate', reason: 'UserTerminate', ...(world.chance(workload.forced ?? 0) ? { force: true } : {}) });
    },
    endByItself: () => {
      const job = world.chance(0.05) ? someJob('active') : undefined;
      return job && intents.changeJob(job.intent.job, { onAllTasksComplete: 'terminatejob' });
    },
    deleteJob: () => {
      const job = world.chance(workload.jobDeletes ?? 0.04) ? someJob('active', 'disabled', 'completed', 'terminating') : undefined;
      if (job === undefined) return undefined;
      const { job: number, actionSequence } = job.intent;
      const forced = { action: { kind: 'terminate', reason: 'UserTerminate', force: true }, actionSequence: actionSequence + 1, actionAt: world.now() } as const;
      return intents.changeJob(number, { deletedAt: world.now(), ...(world.chance(workload.forced ?? 0) ? forced : {}) });
    },
    changePriority: () => {
      const job = someJob('active', 'disabled');
      return job && intents.changeJob(job.intent.job, { priority: world.between(-1000, 1000) });
    },
    terminateTask: () => {
      const found = someTask();
      return found === null || isCompleted(found.task) ? undefined : intents.changeTask(found.number, found.task.intent.task, { terminateAt: world.now() });
    },
    deleteTask: () => {
      const found = someTask();
      return found === null ? undefined : intents.changeTask(found.number, found.task.intent.task, { deletedAt: world.now() });
    },
    reactivateTask: () => {
      const found = someTask();
      if (found === null || !mayRunAgain(found.task)) return undefined;
      const { number, task: { intent } } = found;
      const asked = reactivate(number, found.task);
      return world.chance(0.2) ? asked.then(() => intents.changeTask(number, intent.task, { terminateAt: world.now() })) : asked;
    },
    resize: () => {
      const pool = somePool();
      if (pool === undefined || !isByHand(pool) || poolState(pool.intent, pool.status).allocationState !== 'steady') return undefined;
      const nodeDeallocation = aDeallocation();
      return resize(pool.intent.pool, { targetDedicated: world.between(0, nodesPerPool), targetLowPriority: world.between(0, 3), nodeDeallocation, removing: [] });
    },
    removeNodes: () => {
      const pool = somePool();
      if (pool === undefined || !isByHand(pool) || pool.status === null || poolState(pool.intent, pool.status).allocationState !== 'steady') return undefined;
      const nodes = [...tables.nodes.values()].filter(({ status }) => status.pool === pool.intent.pool && status.goneAt === null && world.chance(0.3)).map(({ status }) => status);
      if (nodes.length === 0) return undefined;
      const dedicated = nodes.filter((node) => node.dedicated).length;
      const { targetDedicated, targetLowPriority, currentDedicated, currentLowPriority } = pool.status;
      return resize(pool.intent.pool, {
        targetDedicated: Math.max(0, Math.min(targetDedicated, currentDedicated) - dedicated),
        targetLowPriority: Math.max(0, Math.min(targetLowPriority, currentLowPriority) - (nodes.length - dedicated)),
        nodeDeallocation: aDeallocation(),
        removing: nodes.map(({ node }) => node),
      });
    },
    stopResize: () => {
      const pool = somePool();
      if (pool === undefined || poolState(pool.intent, pool.status).allocationState !== 'resizing') return undefined;
      const { resizeSequence, stopSequence } = pool.intent;
      return intents.changePool(pool.intent.pool, { stopSequence: isByHand(pool) ? resizeSequence : Math.max(resizeSequence, stopSequence + 1) });
    },
    enableAutoScale: () => {
      const pool = world.chance(workload.autoScale ?? 0) ? somePool() : undefined;
      if (pool === undefined || poolState(pool.intent, pool.status).allocationState !== 'steady') return undefined;
      return intents.changePool(pool.intent.pool, { autoScale: aFormula() });
    },
    disableAutoScale: () => {
      const pool = world.chance(workload.autoScale ?? 0) ? somePool() : undefined;
      return pool && intents.changePool(pool.intent.pool, { autoScale: null });
    },
    deletePool: () => {
      const pool = world.chance(0.1) ? somePool() : undefined;
      return pool && intents.changePool(pool.intent.pool, { deletedAt: world.now() });
    },
  };
  const nodesIn = (states: ReadonlySet<NodeState>): NodeNumber[] =>
    [...tables.nodes.values()].flatMap(({ status }) => (status.goneAt === null && states.has(nodeState(tables.nodeIntents.get(status.node) ?? null, status).state) ? [status.node] : []));
  const nodeIn = (states: ReadonlySet<NodeState>): NodeNumber | undefined => world.pick(nodesIn(states));
  const restart = (node: NodeNumber, asked: NonNullable<NodeIntent['restart']>): Promise<void> =>
    intents.changeNode(node, { restart: asked, restartSequence: (tables.nodeIntents.get(node)?.restartSequence ?? 0) + 1 });
  /** Each asks something of a node. */
  const nodeActions: Readonly<Record<string, () => Promise<void> | undefined>> = {
    disableScheduling: () => {
      const node = world.pick([...tables.nodes.values()].filter(({ status }) => status.goneAt === null && (tables.nodeIntents.get(status.node)?.schedulingDisabled ?? null) === null));
      return node && intents.changeNode(node.status.node, { schedulingDisabled: world.pick(['requeue', 'terminate', 'taskcompletion'] as const) ?? 'requeue' });
    },
    restart: () => {
      const node = nodeIn(RESTARTED);
      return node === undefined ? undefined : restart(node, { kind: world.pick(['reboot', 'reimage'] as const) ?? 'reboot', tasks: aDeallocation(), at: world.now() });
    },
    deallocate: () => {
      const node = nodeIn(DEALLOCATED);
      return node === undefined ? undefined : restart(node, { kind: 'deallocate', tasks: aDeallocation(), at: world.now() });
    },
    start: () => {
      const node = nodeIn(new Set(['deallocated']));
      return node === undefined ? undefined : restart(node, { kind: 'start', at: world.now() });
    },
    enableScheduling: () => {
      const node = world.pick(disabledNodes());
      return node === undefined ? undefined : intents.changeNode(node, { schedulingDisabled: null });
    },
  };
  const act = (): void => {
    if (nodeOperations > 0 && world.chance(nodeOperations)) {
      void world.pick(Object.values(nodeActions))?.()?.then(options.wake);
      return;
    }
    if (tables.schedules.size > 0 && world.chance(0.2)) {
      schedules.act();
      return;
    }
    const action = world.pick(Object.values(actions));
    void action?.()?.then(options.wake);
  };

  /** Called again and again when all is calm: asks for whatever everything needs to finish. */
  const mend = (): void => {
    schedules.mend();
    for (const id of poolIds) {
      const pool = poolOf(id);
      if (pool === undefined) void addPool(id);
      else if (pool.intent.deletedAt === null && pool.intent.autoScale) void intents.changePool(pool.intent.pool, { autoScale: null }).then(options.wake);
      else if (pool.intent.deletedAt === null && (pool.status?.currentDedicated ?? 0) + (lowPriority === null ? 0 : (pool.status?.currentLowPriority ?? 0)) < nodesPerPool && poolState(pool.intent, pool.status).allocationState === 'steady') {
        const targetLowPriority = Math.floor(nodesPerPool * (lowPriority ?? 0));
        void resize(pool.intent.pool, { targetDedicated: nodesPerPool - targetLowPriority, targetLowPriority }).then(options.wake);
      }
    }
    for (const pool of tables.pools.values()) {
      const isEmpty = !poolIds.includes(pool.intent.id) && pool.intent.deletedAt === null && pool.status?.currentDedicated === 0 && poolState(pool.intent, pool.status).allocationState === 'steady';
      if (isEmpty) void resize(pool.intent.pool, { targetDedicated: 1 }).then(options.wake);
    }
    // A job whose pool a client has deleted gets no other one.
    for (const job of jobs()) {
      const isLost = job.intent.autoPool !== null && job.status?.state === 'active' && poolOf(job.status.autoPoolId ?? '') === undefined;
      if (isLost && stateOf(job) === 'active') void asked(job, { kind: 'terminate', reason: 'UserTerminate' }).then(options.wake);
    }
    for (const node of nodesIn(new Set(['starttaskfailed']))) void restart(node, { kind: 'reboot', tasks: 'requeue', at: world.now() }).then(options.wake);
    for (const node of nodesIn(new Set(['deallocated']))) void restart(node, { kind: 'start', at: world.now() }).then(options.wake);
    for (const node of disabledNodes()) void intents.changeNode(node, { schedulingDisabled: null }).then(options.wake);
    for (const job of jobs()) if (['disabled', 'disabling'].includes(stateOf(job))) void asked(job, { kind: 'enable' }).then(options.wake);
  };

  const deleteAll = (): void => {
    schedules.deleteAll();
    for (const job of jobs()) if (job.intent.deletedAt === null && job.intent.schedule === null) void intents.changeJob(job.intent.job, { deletedAt: world.now() });
    for (const pool of tables.pools.values()) if (pool.intent.deletedAt === null) void intents.changePool(pool.intent.pool, { deletedAt: world.now() });
    options.wake();
  };

  return { begin, act, besideEnding, mend, deleteAll };
}
