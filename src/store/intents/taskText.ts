import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import { loweringOf } from './lowering.ts';
import { rowsOf, type Database } from './statement.ts';

const ASCII = /^[\u0020-\u007e]*$/;

/** Numbers of the tasks in a window whose id or command line has a text, whatever its case; in order. */
export async function tasksWithText(database: Database, { job, text, after, through }: { readonly job: JobNumber; readonly text: string; readonly after: TaskNumber; readonly through: TaskNumber }): Promise<readonly TaskNumber[]> {
  // Of ASCII letters the database's own way is several times as quick.
  const lowered = ASCII.test(text) ? (sql: string) => `lower(${sql} collate "C")` : await loweringOf(database);
  const has = (sql: string): string => `strpos(${lowered(sql)}, ${lowered('$4::text')}) > 0`;
  const found = await rowsOf<{ task: TaskNumber }>(
    database,
    `select task from task where job = $1 and task > $2 and task <= $3 and deleted_at is null and (${has('id')} or ${has("spec ->> 'commandLine'")}) order by task`,
    [job, after, through, text],
  );
  return found.map(({ task }) => task);
}
