import { seededRandom } from '../../control/journal.ts';
import { PACE_MS } from '../../control/pace.ts';
import type { TaskIntake } from '../../core/events.ts';
import type { JobIntent, PoolIntent } from '../../core/intent.ts';
import { idKey, type Instant, type JobNumber, type TaskNumber } from '../../core/keys.ts';
import type { Command, Decisions } from '../../core/decisions.ts';
import type { CreateCore } from '../../core/port.ts';
import { DEFAULT_RETENTION_MS } from '../../store/rules.ts';
import { createWorld } from '../world.ts';
import { whatIfAgent } from './agent.ts';
import { draw } from './distribution.ts';
import { exitOf, type Load, type LoadJob, type LoadTask } from './load.ts';
import { createMeter, type Outcome } from './meter.ts';
import type { Model } from './model.ts';
import { createNodes } from './nodes.ts';
import { createTurns } from './turns.ts';

export interface WhatIf {
  readonly seed: number;
  readonly createCore: CreateCore;
  /** Made at the beginning. */
  readonly pool: Omit<PoolIntent, 'pool' | 'createdAt' | 'resizeRequestedAt'>;
  readonly coresPerNode: number;
  readonly load: Load;
  readonly model: Model;
  /** Formulas read the clock. */
  readonly startsAt: Instant;
  /** It ends then, whatever is left, and not before; null: with the last task. */
  readonly untilMs: number | null;
  /** So many nodes are there as soon as they are asked for; left out: none. */
  readonly warm?: { readonly dedicated: number; readonly lowPriority: number };
}

const POOL = 1;
const HOUR_MS = 3_600_000;
/** Nothing has happened for so long, and nothing runs: nothing will. */
const STILL_MS = 24 * HOUR_MS;
/** At most so long after the last arrival: tasks may be lost again and again. */
const LONGEST_MS = 30 * 24 * HOUR_MS;

/**
 * What would come of a load on a pool: the production rules in virtual time, with agents and nodes of a model. The same
 * for the same input, always.
 */
export async function whatIf({ seed, createCore, pool, coresPerNode, load, model, startsAt, untilMs, warm = { dedicated: 0, lowPriority: 0 } }: WhatIf): Promise<Outcome> {
  /** Since the last event. */
  let isResolved = false;
  const world = createWorld(seed, {
    startsAt,
    settled: () => {
      if (!isResolved) return null;
      isResolved = false;
      return microtasksSettle();
    },
  });
  const meter = createMeter(load, startsAt, pool.taskSlotsPerNode);
  // Each has its own chance: two pools are tried with the same, as far as they ask for the same.
  const chance = { rules: seededRandom(seed ^ 0x1), nodes: seededRandom(seed ^ 0x2), preemption: seededRandom(seed ^ 0x3), lines: seededRandom(seed ^ 0x4) };
  const core = createCore({ pools: [], nodes: [], nextNode: 1, jobs: [], jobNodes: [], tasks: [], satisfied: [] }, startsAt);
  const left = { ...warm };
  const { timing } = model;
  const paceMs = paceOf(load);
  let happenedAt = startsAt;
  let ahead = load.jobs.reduce((sum, job) => sum + job.tasks.length, 0);

  const turns = createTurns({
    world,
    core,
    random: chance.rules,
    paceMs,
    dispatchMs: () => draw(timing.dispatch, chance.lines),
    onDecided: ({ tasks, pools }: Decisions, now) => {
      for (const row of tasks) meter.decidedTask(now, row);
      for (const row of pools) meter.decidedPool(now, row);
    },
    deliver: (commands) => {
      for (const command of commands) obey(command);
    },
  });

  const nodes = createNodes({
    world,
    bootMs: (isDedicated) => {
      const kind = isDedicated ? 'dedicated' : 'lowPriority';
      left[kind] -= 1;
      return left[kind] >= 0 ? 0 : draw(model.boot, chance.nodes);
    },
    staysMs: () => (model.preemptedPerHour === 0 ? null : (-Math.log(1 - chance.preemption()) / -Math.log(1 - model.preemptedPerHour)) * HOUR_MS),
    observe: (node, life, observed) => turns.arrive({ kind: 'node', node, life, observed }),
    isUp: (node, isDedicated) => {
      happenedAt = world.now();
      meter.nodeIsUp(happenedAt, node, isDedicated);
    },
    isDown: (node, isDedicated, isPreempted) => {
      happenedAt = world.now();
      meter.nodeIsDown(happenedAt, node, isDedicated, isPreempted);
    },
    startAgent: (node, life) => {
      return whatIfAgent({
        world,
        node,
        life,
        slots: pool.taskSlotsPerNode,
        cores: coresPerNode,
        startTask: pool.startTask === null ? null : { ms: draw(model.startTask, chance.nodes), waitForSuccess: pool.startTask.waitForSuccess },
        resolves: () => {
          isResolved = true;
        },
        reportMs: () => draw(timing.report, chance.lines),
        tell: (reports) => {
          for (const report of reports) turns.arrive({ kind: 'agent', node, report });
        },
        fate: ({ job, task }) => {
          const of = taskOf(job, task);
          return { durationMs: of.durationMs, exitCode: exitOf(of, of.exits.length > 1 ? (runs.get(`${job}.${task}`) ?? 0) : 0) };
        },
        started: ({ job, task, instance }, slots) => {
          happenedAt = world.now();
          meter.started(happenedAt, { node, job, task, slots, isPrimary: instance === 0 });
        },
        ended: ({ job, task, instance }, slots, startedAt, outcome) => {
          happenedAt = world.now();
          const isLost = outcome?.kind !== 'exited' && instance === 0;
          meter.stopped(happenedAt, { node, job, task, slots, isPrimary: instance === 0, startedAt, isLost });
          if (outcome?.kind === 'exited' && taskOf(job, task).exits.length > 1) runs.set(`${job}.${task}`, (runs.get(`${job}.${task}`) ?? 0) + 1);
        },
      });
    },
  });

  /** Of tasks whose runs end differently: those that have ended by themselves. */
  const runs = new Map<string, number>();
  const taskOf = (job: JobNumber, task: TaskNumber): LoadTask => {
    const found = load.jobs[job - 1]?.tasks[task - 1];
    if (found === undefined) throw new Error(`the load has no task ${job}.${task}`);
    return found;
  };

  const obey = (command: Command): void => {
    switch (command.kind) {
      case 'acquire':
      case 'release':
      case 'halt':
        return nodes.obey(command);
      case 'offer':
      case 'proceed':
      case 'revoke':
      case 'end':
        return nodes.command(command.node, command);
      // Of preparations, which no job of a load has, of notices, which no node gets, and of directories.
      case 'preempt':
      case 'releaseJob':
      case 'endJobTask':
      case 'discard':
      case 'discardJob':
      case 'discardGoneJobs':
    }
  };

  turns.arrive({ kind: 'pool', intent: { ...pool, pool: POOL, createdAt: startsAt, resizeRequestedAt: startsAt, ...(pool.autoScale ? { autoScale: { ...pool.autoScale, at: startsAt } } : null) } });
  for (const [index, job] of load.jobs.entries()) {
    turns.arrive({ kind: 'job', intent: jobIntent(job, index + 1, pool.id, startsAt), status: null });
    arriveNext(job, index + 1, 0);
  }

  /** One after the other, so that few events wait at a time. */
  function arriveNext(job: LoadJob, number: JobNumber, first: number, takenIn = startsAt): void {
    const arrivalMs = job.tasks[first]?.arrivalMs;
    if (arrivalMs === undefined) return;
    let next = first + 1;
    while (job.tasks[next]?.arrivalMs === arrivalMs) next += 1;
    world.after(startsAt + arrivalMs - world.now(), () => {
      happenedAt = world.now();
      ahead -= next - first;
      meter.arrived(happenedAt, next - first);
      const tasks = job.tasks.slice(first, next).map((task, index) => taskIntake(task, first + index + 1, startsAt + arrivalMs));
      // The owner takes them in by their numbers.
      const at = Math.max(takenIn, world.now() + draw(timing.intake, chance.lines));
      world.after(at - world.now(), () => turns.arrive({ kind: 'tasks', job: number, through: next, tasks }, paceMs === PACE_MS));
      arriveNext(job, number, next, at);
    });
  }

  const isDone = (): boolean => ahead === 0 && meter.open === 0;
  const isStill = (): boolean => ahead === 0 && nodes.booting === 0 && world.now() - happenedAt > STILL_MS && meter.running === 0;
  const lastArrivalMs = load.jobs.reduce((last, job) => Math.max(last, job.tasks.at(-1)?.arrivalMs ?? 0), 0);
  const limit = startsAt + (untilMs ?? lastArrivalMs + LONGEST_MS);
  const stopped = await world.run(() => untilMs === null && (isDone() || isStill()), limit);
  return meter.outcome(stopped || untilMs === null ? world.now() : limit);
}

/** With so many tasks, ticks are as far apart as this part of what a task takes: nobody sees the difference. */
const MANY_TASKS = 10_000;
const TICKS_A_TASK = 100;
const SLOWEST_PACE_MS = 5_000;

/** Many long tasks are not decided upon as often as short ones: a day of them is simulated in seconds. */
function paceOf({ jobs }: Load): number {
  const durations = jobs.flatMap(({ tasks }) => tasks.map(({ durationMs }) => durationMs)).sort((a, b) => a - b);
  if (durations.length < MANY_TASKS) return PACE_MS;
  const medianMs = durations[durations.length >> 1] ?? 0;
  return Math.min(SLOWEST_PACE_MS, Math.max(PACE_MS, Math.round(medianMs / TICKS_A_TASK)));
}

/** An event never sets off more than a few promises in a row. */
async function microtasksSettle(): Promise<void> {
  await SETTLED;
  await SETTLED;
}

const SETTLED = Promise.resolve();

function jobIntent({ id, tasks, priority, maxTaskRetryCount, maxParallelTasks, allowTaskPreemption, usesTaskDependencies }: LoadJob, job: JobNumber, poolId: string, createdAt: Instant): JobIntent {
  return {
    job,
    id,
    createdAt,
    schedule: null,
    poolId,
    autoPool: null,
    priority,
    maxParallelTasks,
    allowTaskPreemption,
    maxTaskRetryCount,
    maxWallClockMs: null,
    usesTaskDependencies,
    onAllTasksComplete: 'noaction',
    onTaskFailure: 'noaction',
    preparation: null,
    release: null,
    manager: null,
    action: { kind: 'none' },
    actionSequence: 0,
    actionAt: createdAt,
    deletedAt: null,
    nextTask: tasks.length + 1,
    reactivations: 0,
  };
}

function taskIntake({ id, slots, instances, dependsOn = null, exitConditions = null, maxTaskRetryCount = null }: LoadTask, task: TaskNumber, createdAt: Instant): TaskIntake {
  return {
    intent: {
      task,
      createdAt,
      idKey: idKey(id),
      requiredSlots: slots,
      ...(instances === undefined ? null : { instances }),
      maxTaskRetryCount,
      retentionMs: DEFAULT_RETENTION_MS,
      affinity: null,
      dependsOn,
      exitConditions,
      terminateAt: null,
      reactivateSequence: 0,
      deletedAt: null,
    },
    status: null,
  };
}
