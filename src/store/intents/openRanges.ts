import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskRange } from '../../core/status.ts';
import { row, statement, type Database } from './statement.ts';

/**
 * What the owner says of its open tasks counts for jobs that are not completed, and where nothing is in quarantine: the
 * owner keeps no account of what it does without. Tasks of which something was asked since may be open again.
 */
const openOf = statement<{ open: string | null; ingested: TaskNumber; asked: string | null }>(
  'task.openRanges',
  `select case when exists (select from open_job o where o.account = j.account and o.job = j.job)
       and not exists (select from quarantine q where q.account = j.account) then s.open_tasks end as open,
     s.ingested, (select json_agg(distinct i.task) from inbox i where i.account = j.account and i.kind = 'task' and i.subject = j.job) as asked
   from job j join job_status s on s.job = j.job where j.job = $1`,
);

/**
 * Ranges of a job's task numbers, in order and apart, outside which no task reads otherwise than completed; all of one
 * instant.
 */
export async function openRanges(database: Database, job: JobNumber): Promise<readonly TaskRange[]> {
  const found = await row(database, openOf, [job]);
  const everywhere: TaskRange = [1, Number.MAX_SAFE_INTEGER];
  if (found === null || found.open === null) return [everywhere];
  const open = JSON.parse(found.open) as readonly TaskRange[];
  const asked = found.asked === null ? [] : (JSON.parse(found.asked) as readonly TaskNumber[]).map((task): TaskRange => [task, task]);
  // Those that the owner has not seen yet are above what it has.
  return merged([...open, ...asked, [found.ingested + 1, Number.MAX_SAFE_INTEGER]]);
}

function merged(ranges: readonly TaskRange[]): readonly TaskRange[] {
  const apart: TaskRange[] = [];
  for (const range of ranges.toSorted(([a], [b]) => a - b)) {
    const before = apart.at(-1);
    if (before === undefined || before[1] < range[0] - 1) apart.push(range);
    else if (range[1] > before[1]) apart[apart.length - 1] = [before[0], range[1]];
  }
  return apart;
}
