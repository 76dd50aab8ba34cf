import type { NodeState } from '../../core/status.ts';
import { nodeStateSql } from '../status/nodeActivity.ts';
import { row, rows, statement, type Database } from './statement.ts';

export interface TaskTotals {
  readonly active: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
}

const totals = statement<TaskTotals>(
  'task.totals',
  `select coalesce(sum(tasks_active), 0)::float8 as active, coalesce(sum(tasks_running), 0)::float8 as running,
     coalesce(sum(tasks_succeeded), 0)::float8 as succeeded, coalesce(sum(tasks_failed), 0)::float8 as failed
   from job_status`,
);

const aside = statement<{ readonly count: number }>('quarantine.count', 'select count(*)::float8 as count from quarantine');

/** What owners of all accounts go on without. */
export async function countQuarantined(database: Database): Promise<number> {
  return (await row(database, aside, []))?.count ?? 0;
}

const nodes = statement<NodesInState>(
  'node.totals',
  `select ${nodeStateSql('a')} as state, (n.status ->> 'dedicated')::boolean as dedicated, count(*)::float8 as nodes from node n join node_activity a using (node) where n.gone_at is null group by 1, 2`,
);
interface NodesInState {
  readonly state: NodeState;
  readonly dedicated: boolean;
  readonly nodes: number;
}

/** Nodes of all accounts that are not gone; a state that none is in is left out. */
export function countNodesByState(database: Database): Promise<readonly NodesInState[]> {
  return rows(database, nodes, []);
}

const preemptions = statement<{ readonly count: number }>('pool.preemptions', 'select coalesce(sum(preemptions), 0)::float8 as count from pool_status');

/** How often nodes of pools that are there were taken back, of all accounts. */
export async function countPreemptions(database: Database): Promise<number> {
  return (await row(database, preemptions, []))?.count ?? 0;
}

/** Tasks of all jobs of all accounts, as the owners counted them: one row a job, so cheap enough for each scrape. */
export async function countTasksByState(database: Database): Promise<TaskTotals> {
  return (await row(database, totals, [])) ?? { active: 0, running: 0, succeeded: 0, failed: 0 };
}

/** So many undelivered ticks of each webhook are counted: who is further behind is as late. */
const MOST_BEHIND = 1_000;

const webhooks = statement<WebhookTotals>(
  'webhook.totals',
  `select count(*) filter (where w.disabled_at is null and w.failing_since is null)::float8 as working, count(*) filter (where w.disabled_at is null and w.failing_since is not null)::float8 as failing,
     count(*) filter (where w.disabled_at is not null)::float8 as disabled, coalesce(sum(q.ticks) filter (where w.disabled_at is null), 0)::float8 as queued
   from webhook w, lateral (
     select count(*) as ticks from (select from transition t where t.account = w.account and t.at >= w.at and (t.epoch, t.tick) > (w.epoch, w.tick) limit ${MOST_BEHIND}) behind
   ) q`,
);
export interface WebhookTotals {
  readonly working: number;
  readonly failing: number;
  readonly disabled: number;
  /** Ticks with changes that those not disabled have still to look at, all together. */
  readonly queued: number;
}

/** Webhooks of all accounts. */
export async function countWebhooks(database: Database): Promise<WebhookTotals> {
  return (await row(database, webhooks, [])) ?? { working: 0, failing: 0, disabled: 0, queued: 0 };
}
