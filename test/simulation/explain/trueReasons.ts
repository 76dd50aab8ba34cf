import { createCore } from '../../../src/core/core.ts';
import { needsAction, type Reason } from '../../../src/core/reasons.ts';
import type { CreateCore } from '../../../src/core/port.ts';
import { explained } from '../../../src/api/own/explain/explanation.ts';
import { TestJob, TestPool, type TestEnv } from '../../core/harness.ts';
import { carryOutFix, contextOf } from '../../core/reasons/fixing.ts';
import { nodesOf, rowOf, untrue, type Waiting } from './claims.ts';
import { goesOn } from './goesOn.ts';
import { forked, ledgerOf, note } from './ledger.ts';

/** What came of asking. */
export interface Asked {
  /** How often each reason was given. */
  readonly codes: Map<string, number>;
  /** Tasks that waited for nobody to act, and started; and those for which somebody had to. */
  passed: number;
  mended: number;
  readonly faults: string[];
}

/** Reasons that are the task's, whatever its pool's nodes have to say. All others are said of one node, or of all. */
const OF_TASK: ReadonlySet<Reason['code']> = new Set(['JobNotActive', 'NotScheduled', 'DependenciesNotMet', 'OverTime', 'PoolNotFound', 'TooManySlots', 'PoolNotForMultiInstance', 'TooFewNodesTogether', 'NoNodes', 'InQuarantine', 'MaxParallelTasks', 'MadeRoom', 'NodePreempted']);
const TASKS_A_TICK = 2;
const MOST_OBSTACLES = 3;

/**
 * Rules that are asked now and then why tasks wait. What they say is held against the rows; and in a copy of the
 * account the task starts by itself, or where somebody has to act, only when that has been done.
 */
export function questioned({ every, asked, random }: { readonly every: number; readonly asked: Asked; readonly random: () => number }): CreateCore {
  let ticks = 0;
  return (snapshot, now) => {
    const core = createCore(snapshot, now);
    const ledger = ledgerOf(core, snapshot, now);
    return {
      ...core,
      apply: (event, at) => {
        note(ledger, event);
        core.apply(event, at);
      },
      decide: (at, chance) => {
        ledger.now = at;
        ledger.random = chance;
        ledger.tick();
        ticks += 1;
        try {
          if (ticks % every === 0) ask(ledger, asked, random);
        } catch (error) {
          asked.faults.push(error instanceof Error ? String(error.stack) : String(error));
        }
        ledger.commands.length = 0;
        const decided = ledger.decisions.pop();
        if (decided === undefined) throw new Error('nothing was decided');
        return decided;
      },
    };
  };
}

function ask(ledger: TestEnv, asked: Asked, random: () => number): void {
  const env = forked(ledger);
  unlucky(env, random);
  env.tick();
  const waiting = waitingOf(env);
  for (const task of waiting) {
    for (const reason of env.core.explain(task.job.job, task.intent.task, env.now)) {
      asked.codes.set(reason.code, (asked.codes.get(reason.code) ?? 0) + 1);
      const why = untrue(env, task, reason);
      if (why !== null) asked.faults.push(`task ${nameOf(task)}: ${JSON.stringify(reason)}, but ${why}`);
    }
  }
  const own = waiting.filter(({ job }) => job.id.startsWith('unlucky'));
  for (const task of [...own, ...Array.from({ length: TASKS_A_TICK }, () => waiting[Math.floor(random() * waiting.length)]).filter((one) => one !== undefined)]) tryOn(env, task, asked);
}

function tryOn(env: TestEnv, task: Waiting, asked: Asked): void {
  const removals = removalsOf(env, task, new Set());
  if (removals === null) return;
  const alone = forked(env);
  const isStarted = goesOn(alone, () => hasStarted(alone, task));
  const what = `task ${nameOf(task)} of ${task.job.id}, for which ${JSON.stringify(reasonsOf(env, task))} was said,`;
  if (isStarted !== (removals.length === 0)) {
    asked.faults.push(`${what} ${isStarted ? 'starts though nobody acts' : `does not start: ${JSON.stringify(reasonsOf(alone, task))}`}`);
    return;
  }
  if (isStarted) {
    asked.passed += 1;
    return;
  }
  const mended = forked(env);
  // Where one obstacle stands behind another, it is heard of when the first is gone.
  let left: readonly Removal[] | null = removals;
  for (let round = 0; round < MOST_OBSTACLES && left !== null; round += 1) {
    if (left.includes(NEVER)) return;
    for (const remove of left) remove(mended);
    if (goesOn(mended, () => hasStarted(mended, task))) {
      asked.mended += 1;
      return;
    }
    left = removalsOf(mended, task, new Set());
  }
  if (left !== null) asked.faults.push(`${what} does not start when that is removed: ${JSON.stringify(reasonsOf(mended, task))}`);
}

/** Does away with what stands in the way. */
type Removal = (env: TestEnv) => void;

function NEVER(): void {
  throw new Error('nothing removes it');
}

/** What somebody has to do before the task can start; null: other things than its reasons decide on it. */
function removalsOf(env: TestEnv, task: Waiting, seen: Set<string>): readonly Removal[] | null {
  const { job } = task;
  if (seen.has(nameOf(task))) return [];
  seen.add(nameOf(task));
  const state = env.jobs.get(job.job)?.status?.state;
  if (job.manager !== null || job.maxWallClockMs !== null || job.deletedAt !== null || (state !== 'active' && state !== 'disabled')) return null;
  const reasons = reasonsOf(env, task).filter(({ code }) => code !== 'DependenciesNotMet');
  const ofTask = reasons.filter((reason) => OF_TASK.has(reason.code) && needsAction(reason));
  // Not all nodes are named.
  if (reasons.some(({ code }) => code === 'MoreNodes')) return null;
  const ofNodes = reasons.filter((reason) => !OF_TASK.has(reason.code) && !isSilentOnNodes(env, task, reason));
  const standing = nodesToCome(env, task, ofNodes) < Math.max(1, task.intent.instances ?? 1) ? [...ofTask, ...ofNodes.filter(needsAction)] : ofTask;
  const removals = standing.map((reason) => removalOf(env, reason, task));
  for (const parent of parentsOf(env, task)) {
    const more = typeof parent === 'string' ? [addsTask(job.job, parent)] : rowOf(env, parent)?.state === 'completed' ? [reactivates(parent)] : removalsOf(env, parent, seen);
    if (more === null) return null;
    removals.push(...more);
  }
  return removals;
}

/** How many nodes will have room for it, or have it: those against which nothing stands, and those to come. */
function nodesToCome(env: TestEnv, task: Waiting, ofNodes: readonly Reason[]): number {
  const there = nodesOf(env, task).filter(({ state }) => state !== 'leavingpool').length;
  const [missing] = ofNodes.filter((reason) => reason.code === 'WaitingForNodes');
  const toCome = missing === undefined || needsAction(missing) ? 0 : missing.targetNodes - there;
  return there - ofNodes.filter((reason) => 'nodeId' in reason && needsAction(reason)).length + toCome;
}

/** A node that leaves brings none; nor is one missing where as many are there as are asked for. */
function isSilentOnNodes(env: TestEnv, task: Waiting, reason: Reason): boolean {
  if (reason.code === 'NodeNotReady') return reason.state === 'leavingpool';
  return reason.code === 'WaitingForNodes' && nodesOf(env, task).filter(({ state }) => state !== 'leavingpool').length >= reason.targetNodes;
}

function removalOf(env: TestEnv, reason: Reason, task: Waiting): Removal {
  const [number] = [...env.pools].flatMap(([pool, { intent }]) => (intent.id.toLowerCase() === task.job.poolId.toLowerCase() ? [pool] : []));
  const pool = number === undefined ? undefined : new TestPool(env, number);
  if (reason.code === 'PoolNotFound') return (other) => void other.pool({ id: reason.poolId, slots: 4 });
  if (reason.code === 'LowPriorityNode' && pool !== undefined) return (other) => void new TestPool(other, pool.number).resize(pool.status.targetDedicated + 1);
  const [fix] = explained(reason, contextOf({ ask: () => null, job: new TestJob(env, task.job.job), task: task.intent.task, ...(pool === undefined ? null : { pool }) })).fixes;
  return fix === undefined ? NEVER : (other) => carryOutFix(other, fix);
}

function addsTask(job: number, idKey: string): Removal {
  return (env) => void new TestJob(env, job).task({ idKey });
}

function reactivates({ job, intent }: Waiting): Removal {
  return (env) => void new TestJob(env, job.job).reactivate(intent.task);
}

/** Those that have not satisfied it; the ids of those that are not there. */
function parentsOf(env: TestEnv, { job, intent: { dependsOn } }: Waiting): readonly (Waiting | string)[] {
  if (dependsOn === null || !job.usesTaskDependencies) return [];
  const ids = [...dependsOn.ids, ...dependsOn.ranges.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => String(start + index)))];
  return ids.flatMap((id): (Waiting | string)[] => {
    const row = [...env.tasks].findLast(([key, { intent }]) => key.startsWith(`${job.job}.`) && intent.idKey === id)?.[1];
    if (env.satisfied.has(`${job.job}/${id}`) || row?.status?.dependency === 'satisfy') return [];
    return [row === undefined ? id : { job, intent: row.intent }];
  });
}

function reasonsOf(env: TestEnv, { job, intent }: Waiting): readonly Reason[] {
  return env.core.explain(job.job, intent.task, env.now);
}

/** By its id: a bulk change makes another task of it. */
function hasStarted(env: TestEnv, { job, intent: { idKey } }: Waiting): boolean {
  return [...env.tasks].some(([key, { intent, status, offered }]) => key.startsWith(`${job.job}.`) && intent.idKey === idKey && intent.deletedAt === null && STARTED.has((offered ?? status)?.state ?? 'active'));
}

const STARTED: ReadonlySet<string> = new Set(['preparing', 'starting', 'running', 'completed']);

function waitingOf(env: TestEnv): readonly Waiting[] {
  return [...env.tasks].flatMap(([key, { intent, status, offered }]) => {
    const row = env.jobs.get(Number(key.split('.')[0]));
    const state = (offered ?? status)?.state ?? 'active';
    const isWaiting = (state === 'active' || state === 'offered') && intent.deletedAt === null && intent.terminateAt === null;
    return row !== undefined && isWaiting && intent.task <= (row.status?.ingested ?? 0) ? [{ job: row.intent, intent }] : [];
  });
}

function nameOf({ job, intent }: Waiting): string {
  return `${job.job}.${intent.task}`;
}

/** Jobs that clients get wrong, beside those that there are. */
function unlucky(env: TestEnv, random: () => number): void {
  const pools = [...env.pools.values()].filter(({ intent }) => intent.deletedAt === null);
  const pool = pools[Math.floor(random() * pools.length)]?.intent;
  if (pool === undefined) return;
  const job = { id: `unlucky-${env.now}`, poolId: pool.id, priority: Math.floor(random() * 2_000) - 1_000 };
  switch (Math.floor(random() * 6)) {
    case 0:
      return void env.job(job).task({ requiredSlots: pool.taskSlotsPerNode + 1 });
    case 1:
      return void env.job({ ...job, poolId: 'nowhere' }).task();
    case 2:
      return void env.job({ ...job, maxParallelTasks: 1 }).tasks(3);
    case 3:
      return void env.job(job).disable('wait').task();
    case 4:
      return void env.job({ ...job, usesTaskDependencies: true }).task({ dependsOn: { ids: ['nobody'], ranges: [] } });
    default:
      return void env.job(job).task({ instances: 2 });
  }
}
