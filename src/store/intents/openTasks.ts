import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskRange } from '../../core/status.ts';
import { row, statement, type Database } from './statement.ts';

/**
 * What the owner says of its open tasks counts for jobs that are not completed, and where nothing is in quarantine: the
 * owner keeps no account of what it does without. Tasks of which something was asked since may be open again.
 */
const openOf = statement<{ open: string | null; ingested: TaskNumber; asked: string | null; begun: TaskNumber }>(
  'task.openTasks',
  `select case when exists (select from open_job o where o.account = j.account and o.job = j.job)
       and not exists (select from quarantine q where q.account = j.account) then s.open_tasks end as open,
     s.ingested, coalesce((select max(task) from task_status where job = $1), 0) as begun,
     (select json_agg(distinct i.task) from inbox i where i.account = j.account and i.kind = 'task' and i.subject = j.job) as asked
   from job j join job_status s on s.job = j.job where j.job = $1`,
);

/** All of one instant. */
export interface Open {
  /** Ranges of a job's task numbers, in order and apart, outside which no task reads otherwise than completed. */
  readonly ranges: readonly TaskRange[];
  /** No task above this one has been attempted. */
  readonly begun: TaskNumber;
}

/** Where a job's open tasks are. */
export async function openTasks(database: Database, job: JobNumber): Promise<Open> {
  const found = await row(database, openOf, [job]);
  const everywhere: TaskRange = [1, Number.MAX_SAFE_INTEGER];
  if (found === null || found.open === null) return { ranges: [everywhere], begun: found?.begun ?? 0 };
  const open = JSON.parse(found.open) as readonly TaskRange[];
  const asked = found.asked === null ? [] : (JSON.parse(found.asked) as readonly TaskNumber[]).map((task): TaskRange => [task, task]);
  // Those that the owner has not seen yet are above what it has.
  return { ranges: mergedRanges([...open, ...asked, [found.ingested + 1, Number.MAX_SAFE_INTEGER]]), begun: found.begun };
}

/** In order and apart. */
export function mergedRanges(ranges: readonly TaskRange[]): readonly TaskRange[] {
  const apart: TaskRange[] = [];
  for (const range of ranges.toSorted(([a], [b]) => a - b)) {
    const before = apart.at(-1);
    if (before === undefined || before[1] < range[0] - 1) apart.push(range);
    else if (range[1] > before[1]) apart[apart.length - 1] = [before[0], range[1]];
  }
  return apart;
}
