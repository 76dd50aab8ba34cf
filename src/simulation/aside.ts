import { idKey, type JobNumber, type NodeNumber, type PoolNumber, type TaskNumber } from '../core/keys.ts';
import type { Quarantined } from '../store/ownerStore.ts';
import type { JobRecord, Tables } from './memoryStore.ts';

/** What an account goes on without, as its rows have it. */
export function aside(quarantine: readonly Quarantined[]) {
  const pools = new Set<PoolNumber>();
  const jobs = new Set<JobNumber>();
  const tasks = new Set<string>();
  const reports = new Set<string>();
  const nodes = new Set<NodeNumber>();
  for (const { subject } of quarantine) {
    if (subject.kind === 'pool') pools.add(subject.pool);
    if (subject.kind === 'job') jobs.add(subject.job);
    if (subject.kind === 'task' || subject.kind === 'tasks') tasks.add(`${subject.job}.${subject.task}`);
    if (subject.kind === 'node') nodes.add(subject.node);
    if (subject.kind === 'report') reports.add(`${subject.job}.${subject.task}`);
  }
  return {
    job: (job: JobNumber): boolean => jobs.has(job),
    poolOf: ({ intent: { poolId } }: JobRecord, tables: Tables): boolean => [...pools].some((pool) => idKey(tables.pools.get(pool)?.intent.id ?? '') === idKey(poolId)),
    /** The node is left out, and what is out on it. */
    node: (node: NodeNumber, tables: Tables): boolean => nodes.has(node) || pools.has(tables.nodes.get(node)?.status.pool ?? -1),
    task: (job: JobNumber, task: TaskNumber): boolean => jobs.has(job) || tasks.has(`${job}.${task}`),
    /** What a node reported of it. */
    report: (job: JobNumber, task: TaskNumber): boolean => reports.has(`${job}.${task}`),
  };
}
