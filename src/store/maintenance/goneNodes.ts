import type { Pool } from 'pg';
import type { NodeNumber } from '../../core/keys.ts';
import { nodeSums, tallyNodes } from '../lifetime.ts';
import { numbers } from '../owner/literals.ts';

/**
 * The row of a node that has left stays as long as a task, an instance of one, or a job's preparation names it, and
 * goes after that.
 *
 * No index says which tasks name a node: it would cost every attempt of every task (tried: a tenth of a commit's time
 * and a seventh of its log). So all statuses are gone through now and then, by key and some thousand at a time, and the
 * nodes that none named are removed. That is sound although the statuses change meanwhile: a node that is gone gets no
 * task any more, so a status that names it when it is passed has always done so, and none that was passed will do so
 * later. Nothing is gone through when nothing can have changed, and it takes a hundredth of the time at most.
 */
const STATUSES_A_WINDOW = 10_000;
const NODES_A_BATCH = 1_000;
const RESTS_TIMES_LONGER = 99;

/** Those that a job ran its preparation on, or a task an instance beside its primary, are named by an index. */
const GONE = `select node from node n where gone_at is not null and not exists (select from job_node_status s where s.node = n.node)
  and not exists (select from subtask_status s where s.node = n.node) order by node`;
const WINDOW = `with passed as materialized (select job, task, node from task_status where (job, task) > ($1, $2) order by job, task limit ${STATUSES_A_WINDOW})
  select last.job, last.task, array(select distinct node from passed where node is not null) as named from (select job, task from passed order by job desc, task desc limit 1) last`;
/**
 * The time of those whose pool is there is added to the account's tally; of the others it was when the pool went. The
 * account remembers the highest number that it has given away: the next owner goes on above it (`load`).
 */
const REMOVE = `with removed as (delete from node where node = any($1::bigint[]) and gone_at is not null returning account, pool, node, gone_at, status),
  sums as (select n.account, ${nodeSums('n.gone_at')} from removed n join pool p using (pool) where (n.status->>'dedicated')::boolean group by 1, 2),
  tally as (${tallyNodes('sums')}),
  asked as (delete from node_request where node in (select node from removed)),
  idle as (delete from node_activity where node in (select node from removed))
  update account a set last_node = greatest(a.last_node, r.last) from (select account, max(node) as last from removed group by account) r where a.account = r.account`;
/**
 * Changes with each node that leaves and each task that is deleted. Statistics tell of the latter some seconds later.
 */
const STATE = `select count(*) as gone, concat_ws(' ', count(*), max(node), pg_stat_get_tuples_deleted('task_status'::regclass), pg_stat_get_tuples_deleted('job_node_status'::regclass),
  pg_stat_get_tuples_deleted('subtask_status'::regclass), pg_stat_get_tuples_updated('subtask_status'::regclass)) as state from node where gone_at is not null`;

interface Window {
  readonly job: number;
  readonly task: number;
  readonly named: readonly NodeNumber[];
}

/**
 * Removes the rows of nodes that are gone and that no task names, unless `signal` aborts before. Returns how many went.
 */
export async function clearGoneNodes(pool: Pool, signal?: AbortSignal): Promise<number> {
  const unnamed = new Set((await pool.query<{ node: NodeNumber }>(GONE)).rows.map(({ node }) => node));
  let after: Pick<Window, 'job' | 'task'> | undefined = { job: 0, task: 0 };
  while (after !== undefined && unnamed.size > 0) {
    if (signal?.aborted === true) return 0;
    const { rows }: { rows: Window[] } = await pool.query<Window>(WINDOW, [after.job, after.task]);
    for (const node of rows[0]?.named ?? []) unnamed.delete(node);
    [after] = rows;
  }
  const all = [...unnamed];
  for (let first = 0; first < all.length; first += NODES_A_BATCH) await pool.query(REMOVE, [numbers(all.slice(first, first + NODES_A_BATCH))]);
  return all.length;
}

/**
 * `clearGoneNodes` to be called each minute: it does nothing when that would find nothing new, or has taken too much
 * time of late. `monotonic`: milliseconds.
 */
export function clearsGoneNodes(pool: Pool, monotonic: () => number): (signal: AbortSignal) => Promise<void> {
  let lookedAt: string | null = null;
  let restsUntil = 0;
  return async (signal) => {
    const begunAt = monotonic();
    if (begunAt < restsUntil) return;
    const [now] = (await pool.query<{ gone: number; state: string }>(STATE)).rows;
    if (now === undefined) throw new Error('a count has no row');
    if (now.gone === 0 || now.state === lookedAt) return;
    await clearGoneNodes(pool, signal);
    lookedAt = now.state;
    const endedAt = monotonic();
    restsUntil = endedAt + RESTS_TIMES_LONGER * (endedAt - begunAt);
  };
}
