import type { Instant, JobNumber, TaskNumber } from '../../core/keys.ts';
import { row, rows, statement, type Database } from './statement.ts';

/** What is archived of a task. */
export interface ArchivedTaskRow {
  readonly blob: string;
  readonly archivedAt: Instant;
  /** JSON: what its node said of them. */
  readonly files: string;
  /** Files and directories that clients have deleted. */
  readonly deleted: readonly string[];
}

/** Not of an attempt before the last one, nor where its time is over: it may be cleared away at any moment. */
const find = statement<ArchivedTaskRow>(
  'logArchive.find',
  `select o.blob, o.recorded_at as "archivedAt", a.files, array(select path from deleted_file d where d.job = a.job and d.task = a.task and d.attempt = a.attempt) as deleted
    from archived_task a join archive_object o on o.object = a.object join task_status s on s.job = a.job and s.task = a.task and s.attempt = a.attempt
    where a.job = $1 and a.task = $2 and (a.expires_at is null or a.expires_at > $3)`,
);
const deleteFile = statement('logArchive.deleteFile', 'insert into deleted_file (job, task, attempt, path) select job, task, attempt, $3 from task_status where job = $1 and task = $2 on conflict do nothing');

/** null: nothing is archived of it. */
export function findArchived(database: Database, job: JobNumber, task: TaskNumber, now: Instant): Promise<ArchivedTaskRow | null> {
  return row(database, find, [job, task, now]);
}

/** What a task has left is not to come back from the archive, into which it may be on its way. */
export async function noteDeletedFile(database: Database, job: JobNumber, task: TaskNumber, path: string): Promise<void> {
  await rows(database, deleteFile, [job, task, path]);
}
