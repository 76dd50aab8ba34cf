import { describe, expect, test } from 'vitest';
import { asArrays, asRead, asRecords, asShown, column, columnNames, overwriteRow, type Description } from '../../src/store/status/description.ts';
import type { TaskTally } from '../../src/core/status.ts';

interface Status {
  readonly job: number;
  readonly state: 'active' | 'completed';
  readonly failure: { readonly code: string } | null;
  readonly seen: number;
  readonly target: number;
  readonly cause: string;
  readonly tasks: TaskTally;
}

const STATUS = {
  table: 'thing_status',
  key: ['job'],
  present: 'state',
  columns: {
    job: column('job', 'bigint', null),
    state: column('state', 'word'),
    failure: column('failure', 'json'),
    seen: column('seen_sequence', 'int', 'seenSequence'),
    target: column('target', 'int', true, 'p.target'),
    cause: column('cause', 'text', null),
    tasks: {
      active: column('tasks_active', 'bigint', 'tasksActive'),
      running: column('tasks_running', 'bigint', 'tasksRunning'),
      succeeded: column('tasks_succeeded', 'bigint', 'tasksSucceeded'),
      failed: column('tasks_failed', 'bigint', 'tasksFailed'),
    },
  },
} as const satisfies Description<Status>;

describe('the description of a status row', () => {
  test('names its columns in order, and overwrites all but the key', () => {
    expect(columnNames<Status>(STATUS)).toEqual(['job', 'state', 'failure', 'seen_sequence', 'target', 'cause', 'tasks_active', 'tasks_running', 'tasks_succeeded', 'tasks_failed']);
    expect(overwriteRow<Status>(STATUS)).toMatch(/^on conflict \(job\) do update set state = excluded\.state, .*, tasks_failed = excluded\.tasks_failed$/);
  });

  test('writes rows as one JSON text: each column has the value of its field', () => {
    const { select, from } = asRecords<Status>(STATUS);
    expect(select).toBe(`"job", "state", "failure", "seen", "target", "cause", ("tasks" ->> 'active')::bigint, ("tasks" ->> 'running')::bigint, ("tasks" ->> 'succeeded')::bigint, ("tasks" ->> 'failed')::bigint`);
    expect(from('$3', 'r', 'refused boolean')).toBe('json_to_recordset($3::json) as r("job" bigint, "state" text, "failure" jsonb, "seen" int, "target" int, "cause" text, "tasks" json, refused boolean)');
  });

  test('is read by the owner as it was written, and as nothing where a join found no row', () => {
    const { columns, read } = asRead<Status>(STATUS, 'x');
    expect(columns).toContain('x.seen_sequence as x_seen_sequence, coalesce(x.target, p.target) as x_target, x.cause as x_cause');
    const row = { x_state: 'active', x_failure: null, x_seen_sequence: 4, x_target: 2, x_cause: 'added', x_tasks_active: 1, x_tasks_running: 2, x_tasks_succeeded: 3, x_tasks_failed: 4, other: 9 };
    const status: Status = { job: 7, state: 'active', failure: null, seen: 4, target: 2, cause: 'added', tasks: { active: 1, running: 2, succeeded: 3, failed: 4 } };
    expect(read({ job: 7 }, row)).toEqual(status);
    expect(read({ job: 8 }, { ...row, x_tasks_active: 5 })?.tasks.active).toBe(5);
    expect(read({ job: 7 }, row)?.tasks.active, 'no row shares what another one counts').toBe(1);
    expect(read({ job: 7 }, { ...row, x_state: null })).toBeNull();
  });

  test('shows the API what is its own, by its names, and null for each where there is no row', () => {
    const { columns, none } = asShown<Status, typeof STATUS>(STATUS);
    expect(columns).toBe('s.state as "state", s.failure as "failure", s.seen_sequence as "seenSequence", s.target as "target", s.tasks_active as "tasksActive", s.tasks_running as "tasksRunning", s.tasks_succeeded as "tasksSucceeded", s.tasks_failed as "tasksFailed"');
    expect(Object.keys(none)).toEqual(['state', 'failure', 'seenSequence', 'target', 'tasksActive', 'tasksRunning', 'tasksSucceeded', 'tasksFailed']);
  });

  test('writes the busiest rows as one array a column', () => {
    type Narrow = Pick<Status, 'job' | 'state' | 'failure'>;
    const narrow = { table: 'narrow', key: ['job'], present: 'state', columns: { job: STATUS.columns.job, state: STATUS.columns.state, failure: STATUS.columns.failure } } as const satisfies Description<Narrow>;
    const { from, values } = asArrays<Narrow>(narrow);
    let used = 0;
    expect(from(() => `$${(used += 1)}`)).toBe('unnest($1::bigint[], $2::text[], $3::jsonb[]) as u(job, state, failure)');
    expect(values([{ job: 1, state: 'active', failure: null }, { job: 2, state: 'completed', failure: { code: 'a"b' } }])).toEqual(['{1,2}', '{active,completed}', String.raw`{NULL,"{\"code\":\"a\\\"b\"}"}`]);
  });

  test('is asked for by the compiler when the type has a field that it does not have', () => {
    const columns = { job: STATUS.columns.job };
    // @ts-expect-error `state` has no column
    const incomplete: Description<Pick<Status, 'job' | 'state'>> = { table: 'thing_status', key: ['job'], present: 'state', columns };
    expect(() => asRead(incomplete, 'x')).toThrow('thing_status has no column that is never null');
  });
});
