import { Client, type ClientConfig } from 'pg';
import type { QuarantineSubject } from './ownerStore.ts';

/** What is in quarantine, of all accounts, for people. */
export interface QuarantineReport {
  readonly count: number;
  /** The oldest ones. */
  readonly first: readonly { readonly what: string; readonly since: string; readonly error: string }[];
}

const SHOWN = 5;

const ROWS = `select q.subject, q.at, q.error, count(*) over () as count, p.id as pool, j.id as job, s.id as schedule, t.id as task, n.id as node
  from quarantine q
  left join pool p on p.pool = (q.subject ->> 'pool')::bigint
  left join job j on j.job = (q.subject ->> 'job')::bigint
  left join job_schedule s on s.schedule = (q.subject ->> 'schedule')::bigint
  left join task t on t.job = j.job and t.task = (q.subject ->> 'task')::bigint
  left join node n on n.node = (q.subject ->> 'node')::bigint
  order by q.at, q.account, q.epoch, q.tick limit ${SHOWN}`;

interface ReportRow {
  readonly subject: QuarantineSubject;
  readonly at: string;
  readonly error: string;
  readonly count: string;
  readonly pool: string | null;
  readonly job: string | null;
  readonly schedule: string | null;
  readonly task: string | null;
  readonly node: string | null;
}

/** Throws what the database throws, also where it has not been migrated yet. */
export async function readQuarantineReport(connection: ClientConfig): Promise<QuarantineReport> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rows } = await client.query<ReportRow>(ROWS);
    const first = rows.map((row) => ({ what: nameOf(row), since: new Date(Number(row.at)).toISOString(), error: row.error.split('\n', 1)[0] ?? '' }));
    return { count: Number(rows[0]?.count ?? 0), first };
  } finally {
    await client.end();
  }
}

function nameOf(row: ReportRow): string {
  const { subject } = row;
  switch (subject.kind) {
    case 'pool':
      return `pool ${row.pool ?? subject.pool}`;
    case 'job':
      return `job ${row.job ?? subject.job}`;
    case 'schedule':
      return `job schedule ${row.schedule ?? subject.schedule}`;
    case 'tasks':
    case 'task':
      return taskOf(row);
    case 'report':
      return `a report of node ${row.node ?? subject.node}${subject.task === null ? '' : ` on ${taskOf(row)}`}`;
    case 'node':
      return `node ${row.node ?? subject.node}`;
  }
}

function taskOf({ task, job }: ReportRow): string {
  return `task ${task ?? '(gone)'} of job ${job ?? '(gone)'}`;
}
