import type { Instant, JobNumber, PoolNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskStatus } from '../../core/status.ts';
import type { TaskRules } from '../rules.ts';
import { asShown, type ApiRow, type NoRow } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { rows, statement, type Database } from './statement.ts';

/** What a task was given, and what became of it; the status is all null where it was never attempted. */
export type TaskHistory = {
  readonly task: TaskNumber;
  readonly id: string;
  readonly createdAt: Instant;
  readonly requiredSlots: number;
  /** `TaskRules` as JSON; null: nothing but defaults. */
  readonly rules: string | null;
} & (ApiRow<TaskStatus, typeof TASK_STATUS> | NoRow<ApiRow<TaskStatus, typeof TASK_STATUS>>);

export interface NodeHistory {
  readonly dedicated: boolean;
  readonly allocatedAt: Instant;
  /** Of its present or last life; null: it has not come up. */
  readonly bootedAt: Instant | null;
  readonly goneAt: Instant | null;
}

const tasks = statement<TaskHistory>(
  'jobHistory.tasks',
  `select t.task, t.id, t.created as "createdAt", t.required_slots as "requiredSlots", t.rules::text as rules, ${asShown<TaskStatus, typeof TASK_STATUS>(TASK_STATUS).columns}
   from task t left join task_status s using (job, task) where t.job = $1 and t.deleted_at is null order by t.task limit $2`,
);
const nodes = statement<NodeHistory>(
  'jobHistory.nodes',
  `select (status ->> 'dedicated')::boolean as dedicated, (status ->> 'allocatedAt')::bigint as "allocatedAt", (status ->> 'bootedAt')::bigint as "bootedAt", gone_at as "goneAt"
   from node where account = $1 and pool = $2 order by node`,
);

/** In the order of their numbers; without those that were deleted. `most`: the first ones; null: all. */
export function taskHistory(database: Database, job: JobNumber, most: number | null): Promise<readonly TaskHistory[]> {
  return rows(database, tasks, [job, most]);
}

/** Those that have left as well, as long as a task names them. */
export function nodeHistory(database: Database, account: number, pool: PoolNumber): Promise<readonly NodeHistory[]> {
  return rows(database, nodes, [account, pool]);
}

/** The rules' part of a task's specification. */
export function rulesOfTask({ rules }: TaskHistory): TaskRules | null {
  return rules === null ? null : (JSON.parse(rules) as TaskRules);
}
