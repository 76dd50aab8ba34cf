import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { PoolMeasure } from '../../core/pool/measure.ts';
import { nodeTime, RESOURCE_SUMS, resourcesOf, TALLIED_RESOURCES, taskSums, USED } from '../lifetime.ts';
import { readSums, type SumsRow, type TaskSums } from './statistics.ts';
import { row, rows, statement, type Database } from './statement.ts';

export interface LifetimeTasks extends TaskSums {
  /** When the account was made. */
  readonly since: Instant;
}

const tasks = statement<SumsRow & Pick<LifetimeTasks, 'since'>>(
  'lifetime.tasks',
  `with kept as (
     select ${taskSums('$2')} from (select job from job where account = $1 union all select job from gone_job where account = $1) j
     join task_status s using (job) join task t using (job, task)
   )
   select a.created as since, k.succeeded + coalesce(l.succeeded, 0) as succeeded, k.failed + coalesce(l.failed, 0) as failed, k.retries + coalesce(l.retries, 0) as retries,
     k.wall_clock + coalesce(l.wall_clock, 0) as "wallClockMs", k.wait + coalesce(l.wait, 0) as "waitMs",
     json_build_array(${USED.map((name) => `k.${name} + coalesce(l.${name}, 0)`).join(', ')}) as used
   from account a cross join kept k left join lifetime_tasks l using (account) where a.account = $1`,
);

/** All tasks that the account has ever had, as its rows say. Goes through all of them. */
export async function lifetimeTasks(database: Database, account: AccountNumber, now: Instant): Promise<LifetimeTasks> {
  const found = await row(database, tasks, [account, now]);
  if (found === null) throw new Error('an account has no row');
  return readSums(found);
}

export interface LifetimeNodes {
  readonly vmSize: string;
  readonly dedicatedMs: number;
}

const nodes = statement<LifetimeNodes>(
  'lifetime.nodes',
  `select vm_size as "vmSize", sum(dedicated)::bigint as "dedicatedMs" from (
     select p.spec->>'vmSize' as vm_size, ${nodeTime('$2')} as dedicated from node n join pool p using (pool) where n.account = $1 and (n.status->>'dedicated')::boolean
     union all select vm_size, dedicated from lifetime_nodes where account = $1
   ) all_nodes group by 1 order by 1`,
);

/** For how long the account has had dedicated nodes of each size. */
export function lifetimeNodes(database: Database, account: AccountNumber, now: Instant): Promise<readonly LifetimeNodes[]> {
  return rows(database, nodes, [account, now]);
}

const resources = statement<{ readonly resources: string }>(
  'lifetime.resources',
  `${resourcesOf(`select ${RESOURCE_SUMS} from pool p join pool_status s using (pool) where p.account = $1 and s.resources is not null union all ${TALLIED_RESOURCES} where account = $1`)}`,
);

/** What all nodes have used that the account has ever had. */
export async function lifetimeResources(database: Database, account: AccountNumber): Promise<PoolMeasure> {
  const found = await row(database, resources, [account]);
  if (found === null) throw new Error('a sum has no row');
  return JSON.parse(found.resources) as PoolMeasure;
}

const created = statement<{ since: Instant }>('lifetime.since', 'select created as since from account where account = $1');

export async function accountSince(database: Database, account: AccountNumber): Promise<Instant> {
  const found = await row(database, created, [account]);
  if (found === null) throw new Error('an account has no row');
  return found.since;
}
