import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { SubtaskStatus } from '../../core/status.ts';
import { asShown, type ApiRow } from '../status/description.ts';
import { SUBTASK_STATUS } from '../status/subtaskStatus.ts';
import { rows, statement, type Database } from './statement.ts';

/** An instance of a multi-instance task beside its primary. JSON is text. */
export type SubtaskRow = ApiRow<SubtaskStatus, typeof SUBTASK_STATUS>;

const SHOWN = asShown<SubtaskStatus, typeof SUBTASK_STATUS>(SUBTASK_STATUS).columns;
const list = statement<SubtaskRow>('subtasks.list', `select ${SHOWN} from ${SUBTASK_STATUS.table} s where s.job = $1 and s.task = $2 order by s.instance`);
const some = statement<SubtaskRow>(
  'subtasks.some',
  `select ${SHOWN} from unnest($1::bigint[], $2::bigint[], $3::int[]) as u(job, task, instance) join ${SUBTASK_STATUS.table} s on s.job = u.job and s.task = u.task and s.instance = u.instance`,
);

/** In the order of their numbers. */
export function listSubtasks(database: Database, job: JobNumber, task: TaskNumber): Promise<readonly SubtaskRow[]> {
  return rows(database, list, [job, task]);
}

/** By `job.task.instance`. */
export async function findSubtasks(database: Database, wanted: readonly Pick<SubtaskStatus, 'job' | 'task' | 'instance'>[]): Promise<ReadonlyMap<string, SubtaskRow>> {
  if (wanted.length === 0) return new Map();
  const found = await rows(database, some, [wanted.map(({ job }) => job), wanted.map(({ task }) => task), wanted.map(({ instance }) => instance)]);
  return new Map(found.map((row) => [`${row.job}.${row.task}.${row.instance}`, row]));
}
