import type { Instant, JobNumber, NodeNumber, TaskNumber } from '../../core/keys.ts';
import { valueSql } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { rows, statement, type Database } from './statement.ts';

/** A task that runs on a node, or one of its instances does. */
export interface NodeTask {
  readonly jobId: string;
  readonly taskId: string;
  readonly slots: number;
  readonly startedAt: Instant | null;
}

const running = statement<NodeTask>(
  'node.running',
  `select j.id as "jobId", t.id as "taskId", t.required_slots as slots, coalesce(i.started_at, s.started_at) as "startedAt"
   from (select distinct * from unnest($2::bigint[], $3::bigint[]) as a (job, task)) asked
   join task t on t.job = asked.job and t.task = asked.task and t.deleted_at is null join job j on j.job = t.job
   join task_status s on s.job = t.job and s.task = t.task
   left join subtask_status i on i.job = t.job and i.task = t.task and i.node = $1 and i.state = 'running'
   where j.account = (select account from node where node = $1) and ((s.node = $1 and ${valueSql('s', TASK_STATUS.columns.state)} = 'running') or i.node is not null)
   order by 4, 1, 2`,
);

/** Those among these tasks that run on the node now, the earliest first. */
export async function runningOn(database: Database, node: NodeNumber, asked: readonly { readonly job: JobNumber; readonly task: TaskNumber }[]): Promise<readonly NodeTask[]> {
  return asked.length === 0 ? [] : rows(database, running, [node, asked.map(({ job }) => job), asked.map(({ task }) => task)]);
}
