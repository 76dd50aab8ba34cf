import type { JobNumber, PoolNumber, TaskNumber } from '../../core/keys.ts';
import type { PoolRules, TaskRules } from '../rules.ts';
import { rows, statement, type Database } from './statement.ts';

/** What events in the schema of Azure Monitor have of a task beside what was told of it. */
export interface TaskForEvent {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly requiredSlots: number;
  /** null: it is none of several instances. */
  readonly instances: number | null;
  readonly maxTaskRetryCount: number;
  readonly isManager: boolean;
}

const ofTasks = statement<{ job: number; task: number; requiredSlots: number; rules: string | null; jobRetries: number; isManager: boolean }>(
  'eventFacts.tasks',
  `select t.job, t.task, t.required_slots as "requiredSlots", t.rules::text as rules, coalesce((j.rules ->> 'maxTaskRetryCount')::int, 0) as "jobRetries",
     t.task = 1 and coalesce(j.rules -> 'manager', 'null') <> 'null' as "isManager"
   from unnest($1::bigint[], $2::bigint[]) as u(job, task) join task t using (job, task) join job j using (job)`,
);

/** Those that are still there. */
export async function tasksForEvents(database: Database, keys: readonly { readonly job: JobNumber; readonly task: TaskNumber }[]): Promise<readonly TaskForEvent[]> {
  if (keys.length === 0) return [];
  const found = await rows(database, ofTasks, [keys.map(({ job }) => job), keys.map(({ task }) => task)]);
  return found.map(({ job, task, requiredSlots, rules: text, jobRetries, isManager }) => {
    const rules = text === null ? null : (JSON.parse(text) as TaskRules);
    return { job, task, requiredSlots, instances: rules?.instances ?? null, maxTaskRetryCount: rules?.maxTaskRetryCount ?? jobRetries, isManager };
  });
}

/** Likewise of a pool. */
export interface PoolForEvent {
  readonly pool: PoolNumber;
  readonly isAuto: boolean;
  /** null: no formula decides on its size. */
  readonly formula: string | null;
  readonly spec: {
    readonly displayName?: string;
    readonly vmSize?: string;
    readonly virtualMachineConfiguration?: { readonly imageReference?: object; readonly nodeAgentSKUId?: string };
    readonly networkConfiguration?: { readonly subnetId?: string };
    readonly taskSchedulingPolicy?: { readonly nodeFillType?: string };
    readonly enableInterNodeCommunication?: boolean;
  };
}

const ofPools = statement<{ pool: number; isAuto: boolean; rules: string; spec: string }>('eventFacts.pools', 'select pool, is_auto as "isAuto", rules::text as rules, spec::text as spec from pool where pool = any($1::bigint[])');

/** Those that are still there. */
export async function poolsForEvents(database: Database, pools: readonly PoolNumber[]): Promise<readonly PoolForEvent[]> {
  if (pools.length === 0) return [];
  const found = await rows(database, ofPools, [pools]);
  return found.map(({ pool, isAuto, rules, spec }) => ({ pool, isAuto, formula: (JSON.parse(rules) as PoolRules).autoScale?.formula ?? null, spec: JSON.parse(spec) as PoolForEvent['spec'] }));
}
