import type { Reason } from '../../../src/core/reasons.ts';
import type { JobIntent, PoolIntent, TaskIntent } from '../../../src/core/intent.ts';
import type { NodeStatus, TaskStatus } from '../../../src/core/status.ts';
import type { TestEnv } from '../../core/harness.ts';

/** A task of the ledger. */
export interface Waiting {
  readonly job: JobIntent;
  readonly intent: TaskIntent;
}

type Of<Code extends Reason['code']> = Extract<Reason, { readonly code: Code }>;

/** What the rows say against a reason that a task was given; null: it is true. */
export function untrue(env: TestEnv, task: Waiting, reason: Reason): string | null {
  switch (reason.code) {
    case 'JobNotActive':
      return isActive(env, task) ? 'the job is active' : null;
    case 'DependenciesNotMet':
      return satisfiedOf(env, task, reason.missing);
    case 'MaxParallelTasks': {
      const live = [...outOf(env)].filter((name) => name.startsWith(`${task.job.job}.`)).length;
      return live === reason.liveTasks && live >= task.job.maxParallelTasks && task.job.maxParallelTasks >= 0 ? null : `${live} tasks are out`;
    }
    case 'OverTime':
      return env.now - task.intent.createdAt >= reason.days * 24 * 3_600_000 ? null : `it was added ${env.now - task.intent.createdAt} ms ago`;
    case 'PoolNotFound':
      return poolOf(env, task)?.deletedAt === null ? 'there is the pool' : null;
    case 'TooManySlots': {
      const most = Math.max(...nodesOf(env, task).map(({ slots }) => slots), poolOf(env, task)?.taskSlotsPerNode ?? 0);
      return task.intent.requiredSlots === reason.requiredSlots && reason.taskSlotsPerNode === most && reason.requiredSlots > most ? null : `nodes have ${most} slots`;
    }
    case 'PoolNotForMultiInstance': {
      const pool = poolOf(env, task);
      return pool?.interNode === true && pool.taskSlotsPerNode === 1 ? 'the pool is for such tasks' : null;
    }
    case 'NoNodes':
      return nodesOf(env, task).every(({ state }) => state === 'leavingpool') ? null : 'the pool has nodes';
    case 'WaitingForNodes': {
      const ready = nodesOf(env, task).filter((node) => mayTake(node)).length;
      return reason.readyNodes <= ready && reason.readyNodes < reason.targetNodes ? null : `${ready} nodes are ready`;
    }
    case 'NodeNotReady':
      return ofNode(env, reason, ({ state, scheduling }) => state === reason.state && scheduling === reason.schedulingState && !(state === 'idle' && scheduling === 'enabled' && reason.connected));
    case 'NodeBeingPreempted':
      return ofNode(env, reason, ({ notice }) => notice !== undefined);
    case 'StartTaskFailed':
      return ofNode(env, reason, ({ state }) => state === 'starttaskfailed');
    case 'PreparationFailed':
      return ofNode(env, reason, ({ node }) => env.jobNodes.get(`${task.job.job}.${node}`)?.preparation?.result === 'failure');
    case 'NoFreeSlots':
      return noFreeSlots(env, task, reason);
    case 'LowPriorityNode':
      return ofNode(env, reason, ({ dedicated }) => !dedicated);
    case 'TooFewNodesTogether':
      return nodesOf(env, task).filter((node) => mayTake(node)).length < reason.instances || task.intent.instances !== reason.instances ? null : oldOrClosed(env, task, reason.instances);
    case 'WaitingForNodesTogether':
      return task.intent.instances === reason.instances ? null : `it needs ${task.intent.instances} nodes`;
    case 'WaitingOnNode':
    case 'RoomIsMade':
      return ofNode(env, reason, ({ offers }) => offers.some((offer) => offer.job === task.job.job && offer.task === task.intent.task));
    case 'TaskCompleted':
      return env.jobs.get(task.job.job)?.status?.state === 'completed' ? null : `it waits, and its job is ${env.jobs.get(task.job.job)?.status?.state}`;
    case 'MoreNodes':
      return nodesOf(env, task).length > reason.nodes ? null : 'the pool has no more nodes';
    default:
      return null;
  }
}

export function rowOf(env: TestEnv, { job, intent }: Waiting): TaskStatus | null {
  const row = env.tasks.get(`${job.job}.${intent.task}`);
  return row === undefined ? null : (row.offered ?? row.status);
}

/** `job.task` of all that nodes have; what was only offered may stand in the row of its node alone. */
function outOf(env: TestEnv): ReadonlySet<string> {
  const running = [...env.tasks].flatMap(([name, { status, offered }]) => (['active', 'completed'].includes((offered ?? status)?.state ?? 'active') ? [] : [name]));
  return new Set([...running, ...[...env.nodes.values()].flatMap(({ offers }) => offers.map(({ job, task }) => `${job}.${task}`))]);
}

function isActive(env: TestEnv, { job }: Waiting): boolean {
  const row = env.jobs.get(job.job);
  return row?.status?.state === 'active' && row.intent.deletedAt === null;
}

function satisfiedOf(env: TestEnv, { job }: Waiting, missing: readonly string[]): string | null {
  for (const id of missing) {
    if (/\(/.test(id)) continue;
    const parents = [...env.tasks].filter(([key, { intent }]) => key.startsWith(`${job.job}.`) && intent.idKey === id);
    if (parents.at(-1)?.[1].status?.dependency === 'satisfy') return `task ${id} has satisfied it`;
  }
  return null;
}

/** What runs there and what was given to it before leave no room. */
function noFreeSlots(env: TestEnv, { intent }: Waiting, reason: Of<'NoFreeSlots'>): string | null {
  const node = nodeOf(env, reason.nodeId);
  if (node === undefined) return 'there is no such node';
  const wanted = node.offers.reduce((sum, offer) => sum + (env.tasks.get(`${offer.job}.${offer.task}`)?.intent.requiredSlots ?? 0), node.runningSlots);
  if (reason.runningSlots !== node.runningSlots || reason.taskSlotsPerNode !== node.slots) return `${node.runningSlots} of ${node.slots} slots are taken`;
  return reason.requiredSlots >= intent.requiredSlots && wanted + reason.requiredSlots > node.slots ? null : `${wanted} of ${node.slots} slots are wanted there`;
}

function oldOrClosed(env: TestEnv, task: Waiting, instances: number): string | null {
  const open = nodesOf(env, task).filter((node) => mayTake(node) && node.agent?.cores !== undefined && env.jobNodes.get(`${task.job.job}.${node.node}`)?.preparation?.result !== 'failure');
  const managed = [...env.jobs.values()].some(({ intent }) => intent.manager !== null);
  return open.length < instances || managed ? null : `${open.length} nodes may have it`;
}

function mayTake({ state, scheduling, notice }: NodeStatus): boolean {
  return (state === 'idle' || state === 'running') && scheduling === 'enabled' && notice === undefined;
}

function nodeOf(env: TestEnv, id: string): NodeStatus | undefined {
  return [...env.nodes.values()].find((node) => node.id === id);
}

function ofNode(env: TestEnv, { nodeId }: { readonly nodeId: string }, is: (node: NodeStatus) => boolean): string | null {
  const node = nodeOf(env, nodeId);
  return node !== undefined && is(node) ? null : `node ${nodeId} is ${node?.state ?? 'not there'}, scheduling ${node?.scheduling}`;
}

function poolOf(env: TestEnv, { job }: Waiting): PoolIntent | undefined {
  return [...env.pools.values()].find(({ intent }) => intent.id.toLowerCase() === job.poolId.toLowerCase())?.intent;
}

export function nodesOf(env: TestEnv, task: Waiting): readonly NodeStatus[] {
  const pool = poolOf(env, task)?.pool;
  return [...env.nodes.values()].filter((node) => node.pool === pool && node.goneAt === null);
}
