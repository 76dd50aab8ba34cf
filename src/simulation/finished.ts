import type { JobRecord, Tables, TaskRecord } from './memoryStore.ts';
import type { SimulatedProvider } from './provider.ts';
import type { AccountNumber } from '../core/keys.ts';
import { aside } from './aside.ts';
import { orphanPool } from './autoPools.ts';
import { byId, isSatisfied } from './satisfied.ts';
import type { Truth } from './truth.ts';
import { EPOCH } from './world.ts';

/**
 * What is still to be done, or null. `keep` 1: jobs and pools stay, tasks have to be done; 0: nothing may be left at
 * all. A task that waits for one which failed, waits for ever itself (task dependencies: the default action is to
 * block), and is done in this sense. So is what is in quarantine, and what has waited for longer than tasks live.
 */
export function unfinished({ tables, account, truth, provider }: { tables: Tables; account: AccountNumber; truth: Truth; provider: SimulatedProvider }, keep: 0 | 1): string | null {
  if (tables.inbox.length > 0) return `${tables.inbox.length} inbox entries wait`;
  if (keep === 0) {
    if (tables.schedules.size > 0) return `schedules ${[...tables.schedules.keys()].join(', ')} are still there`;
    if (tables.jobs.size > 0) return `jobs ${[...tables.jobs.keys()].join(', ')} are still there`;
    if (tables.pools.size > 0) return `pools ${[...tables.pools.keys()].join(', ')} are still there`;
    if (provider.agents.size > 0) return `nodes ${[...provider.agents.keys()].join(', ')} still run`;
    const left = [...tables.nodes.values()].filter(({ status }) => status.goneAt === null);
    return left.length > 0 ? `node rows ${left.map(({ status }) => `${status.node} (${status.state})`).join(', ')} are still there` : null;
  }
  for (const { intent: { schedule, deletedAt }, status } of tables.schedules.values()) {
    if (deletedAt !== null || status?.state !== 'completed') return `schedule ${schedule} is ${deletedAt === null ? status?.state : 'being deleted'}`;
  }
  const orphan = orphanPool(tables);
  if (orphan !== null) return orphan;
  if (truth.live.size > 0) return `${truth.live.size} attempts run`;
  const isAside = aside(tables.quarantine(account));
  for (const [node, { holds }] of provider.agents) {
    if (isAside.node(node, tables)) continue;
    for (const job of holds) if (!tables.jobs.has(job)) return `something of job ${job}, which is gone, lies on node ${node}`;
  }
  for (const job of tables.jobs.values()) {
    if (isAside.job(job.intent.job) || isAside.poolOf(job, tables)) continue;
    const why = unfinishedJob(job, isAside.task);
    if (why !== null) return why;
  }
  return null;
}

function unfinishedJob(job: JobRecord, isAside: (job: number, task: number) => boolean): string | null {
  const { intent, status, tasks } = job;
  if (intent.deletedAt !== null) return `job ${intent.job} is being deleted`;
  if (status?.state === 'completed') return null;
  if (status?.state !== 'active') return `job ${intent.job} is ${status?.state}`;
  if (status.ingested !== intent.nextTask - 1) return `job ${intent.job} has taken in ${status.ingested} of ${intent.nextTask - 1} tasks`;
  const open = [...tasks.values()].filter((task) => task.status?.state !== 'completed');
  // Some nodes, or all, are closed to its tasks.
  const isClosed = intent.preparation?.waitForSuccess === true && [...job.onNodes.values()].some(({ preparation }) => preparation?.result === 'failure');
  if (isClosed && open.every((task) => task.status === null || task.status.state === 'active')) return null;
  const waiting = open.length === 0 ? open : open.filter((task) => !isOverTime(task) && !isBlocked(task, job, new Set(), isAside) && !isAside(intent.job, task.intent.task));
  const [first] = waiting;
  return first === undefined ? null : `task ${intent.job}.${first.intent.task} is ${first.status?.state ?? 'new'}, depends on ${JSON.stringify(first.intent.dependsOn)}, and ${waiting.length - 1} more`;
}

/** It was added before the simulation began, and nobody runs it. */
function isOverTime({ intent, status }: TaskRecord): boolean {
  return intent.createdAt < EPOCH && (status === null || status.state === 'active');
}

/**
 * Whether a task waits for one that went without satisfying it, is in quarantine, has blocked it, or is blocked in
 * turn.
 */
function isBlocked(task: TaskRecord, job: JobRecord, seen: Set<string>, isAside: (job: number, task: number) => boolean): boolean {
  const { dependsOn } = task.intent;
  if (dependsOn === null || (task.status !== null && task.status.state !== 'active')) return false;
  const parents = [...dependsOn.ids, ...dependsOn.ranges.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => String(start + index)))];
  return parents.some((id) => {
    if (isSatisfied(job, id)) return false;
    const parent = byId(job).get(id);
    if (parent === undefined || isAside(job.intent.job, parent.intent.task)) return true;
    if (parent.status?.state === 'completed') return parent.status.dependency === 'block';
    if (isOverTime(parent)) return true;
    if (seen.has(id)) return false;
    seen.add(id);
    return isBlocked(parent, job, seen, isAside);
  });
}
