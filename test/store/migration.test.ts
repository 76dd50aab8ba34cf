import type { Pool } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskStatus } from '../../src/core/status.ts';
import { connect } from '../../src/store/connect.ts';
import { countNodes, findNode, listNodes } from '../../src/store/intents/nodes.ts';
import { findTask, taskLabels } from '../../src/store/intents/tasks.ts';
import { migrate, NoRoomToMigrate } from '../../src/store/migrate.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { nodeStatus } from '../../src/store/status/nodeActivity.ts';
import { makeFormerDatabase } from '../support/formerDatabase.ts';
import { jobIntent } from '../support/intents.ts';
import { temporaryPostgres } from '../support/postgres.ts';

/** A database that the version with migration 0007 has filled: what it holds reads the same after what came since. */

const LAST = '0007';
const TASKS = 3_000;
/** Every tenth of them has no row: it was never attempted. */
const NODES = [1, 2, 3] as const;

let postgres: Awaited<ReturnType<typeof temporaryPostgres>>;
let pool: Pool;
let api: Pool;
beforeEach(async () => {
  postgres = await temporaryPostgres();
  pool = connect(postgres.connection, 'owner');
  api = connect(postgres.connection, 'api');
  await fill();
});
afterEach(async () => {
  await Promise.all([pool.end(), api.end()]);
  await postgres.remove();
});

const COMPLETED = { state: 'completed', previousState: 'running', previousSince: 60, attempt: 1, startedAt: 60, endedAt: 90, cause: 'exited' } as const;
const STATUSES: readonly (Partial<TaskStatus> | null)[] = [
  null,
  { ...COMPLETED, exitCode: 0, result: 'success', dependency: 'satisfy' },
  { ...COMPLETED, exitCode: 1, result: 'failure', dependency: 'block', failure: { category: 'UserError', code: 'FailureExitCode', message: 'The task "exited" \\ with \n an exit code', details: [{ name: 'Message', value: 'ü' }] }, retryCount: 2, lastRetryAt: 70 },
  { ...COMPLETED, cause: 'jobTerminated', exitCode: null, result: 'failure', dependency: 'block', failure: { category: 'UserError', code: 'TaskEnded', message: 'ended' }, requeueCount: 3, lastRequeueAt: 71 },
  { state: 'running', previousState: 'active', previousSince: 1, cause: 'started', attempt: 2, startedAt: 60, retryCount: 1, lastRetryAt: 60 },
  { state: 'offered', cause: 'offered', attempt: 1 },
  { state: 'offered', previousState: 'running', previousSince: 50, cause: 'offered', attempt: 3, exitCode: 7, retryCount: 1, lastRetryAt: 50 },
  { state: 'active', previousState: 'running', previousSince: 50, cause: 'retry', attempt: 1, exitCode: 9 },
  { state: 'active', previousState: 'completed', previousSince: 50, cause: 'reactivated', attempt: 1, reactivateSequence: 1 },
  { ...COMPLETED, exitCode: -1, result: 'success', dependency: 'satisfy', reactivateSequence: 2 },
];

function taskStatus(job: number, task: number): TaskStatus | null {
  const status = STATUSES[task % STATUSES.length] ?? null;
  const rest = { previousState: null, previousSince: null, startedAt: null, endedAt: null, exitCode: null, result: null, failure: null, container: null, retryCount: 0, lastRetryAt: null, requeueCount: 0, lastRequeueAt: null, reactivateSequence: 0, dependency: null, used: null, earlierMs: 0 };
  return status === null ? null : ({ job, task, since: 2 ** 40 + task, node: NODES[task % NODES.length] ?? null, ...rest, ...status } as TaskStatus);
}

/** As `node.status` was: JSON of everything. */
function formerNode(node: number, job: number): Record<string, unknown> {
  const lines = [20 + node, 10 + node].map((task) => ({ job, task, state: 'running', startedAt: 60, endedAt: null, exitCode: null, failure: null, result: null }));
  return {
    node, pool: 1, id: `tvmps_${node}_d`, dedicated: node !== 2, state: (['idle', 'running', 'leavingpool'] as const)[node - 1], since: 2 ** 41, scheduling: 'enabled', life: node, allocatedAt: 3, bootedAt: node === 3 ? null : 4,
    slots: 4, runningTasks: node, runningSlots: 2 * node, totalTasksRun: 2 ** 33, totalTasksSucceeded: 5, recentTasks: node === 3 ? [] : lines, startTask: null,
    errors: node === 1 ? [] : [{ code: 'X', message: 'y' }], retainUntil: 2 ** 42, agent: { version: '1', ipAddress: '127.0.0.1', updatedAt: 5 }, goneAt: null,
  };
}

let job = 0;
async function fill(): Promise<void> {
  await makeFormerDatabase(pool, LAST);
  const { id, ...rules } = jobIntent();
  await pool.query("insert into account (account, name, created) values (1, 'one', 0)");
  await pool.query(`insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation, resize_requested_at)
    values (1, 'p', 'p', '{"enableInterNodeCommunication": true}', '{}', 0, 0, 4, 2, 0, 'requeue', 0)`);
  const added = await pool.query<{ job: number }>('insert into job (account, id, id_key, spec, rules, created, modified, action_at, next_task) values (1, $1, $1, $2, $2, 0, 0, 0, $3) returning job', [id, rules, TASKS + 1]);
  job = added.rows[0]?.job ?? 0;
  await pool.query('insert into open_job (account, job) values (1, $1)', [job]);
  await pool.query(
    `insert into job_status (job, state, since, action_sequence, ingested, tasks_active, tasks_running, tasks_succeeded, tasks_failed, slots_active, slots_running, slots_succeeded, slots_failed)
     values ($1, 'active', 0, 0, $2, 0, 0, 0, 0, 0, 0, 0, 0)`,
    [job, TASKS],
  );
  await pool.query(
    "insert into task (job, task, id, id_key, spec, created, modified, required_slots, reactivate_sequence) select $1, n, 't' || n, 't' || n, '{}', 1, 1, 1, case n % 10 when 8 then 1 when 9 then 2 else 0 end from generate_series(1, $2::int) n",
    [job, TASKS],
  );
  const rows = Array.from({ length: TASKS }, (_, index) => taskStatus(job, index + 1)).filter((row) => row !== null);
  await pool.query(
    `insert into task_status (job, task, state, since, previous_state, previous_since, cause, attempt, node, started_at, ended_at, exit_code, result, failure, retry_count, last_retry_at, requeue_count, last_requeue_at, reactivate_sequence, dependency)
     select job, task, state, since, "previousState", "previousSince", cause, attempt, node, "startedAt", "endedAt", "exitCode", result, failure, "retryCount", "lastRetryAt", "requeueCount", "lastRequeueAt", "reactivateSequence", dependency
     from json_to_recordset($1::json) as r(job bigint, task bigint, state text, since bigint, "previousState" text, "previousSince" bigint, cause text, attempt int, node bigint, "startedAt" bigint, "endedAt" bigint, "exitCode" int, result text,
       failure jsonb, "retryCount" int, "lastRetryAt" bigint, "requeueCount" int, "lastRequeueAt" bigint, "reactivateSequence" int, dependency text)`,
    [JSON.stringify(rows)],
  );
  for (const node of NODES) {
    const status = formerNode(node, job);
    await pool.query('insert into node (node, account, pool, id, id_key, status) values ($1, 1, 1, $2, $2, $3)', [node, status['id'], JSON.stringify(status)]);
  }
}

/** What it holds is all there: for the owner, and for handlers. */
async function expectEverything(): Promise<void> {
  const { pools, nodes, tasks } = await postgresOwnerStore(pool).load(1);
  expect(pools).toMatchObject([{ intent: { interNode: true } }]);
  const expectedNodes = NODES.map((node) => ({ ...formerNode(node, job), offers: [], recentInstances: [], recentTasks: node === 3 ? [] : [{ job, task: 20 + node }, { job, task: 10 + node }] }));
  expect(nodes).toEqual(expectedNodes);
  const all = Array.from({ length: TASKS }, (_, index) => index + 1);
  const expected = all.flatMap((task) => taskStatus(job, task) ?? []);
  expect(tasks.map(({ plain }) => plain.numbers)).toEqual([all.filter((task) => taskStatus(job, task) === null)]);
  expect(tasks.flatMap((of) => of.tasks.map(({ status }) => status))).toEqual(expected.filter(({ state }) => state !== 'completed'));

  for (const status of expected.slice(0, 30)) {
    const { state, since, previousState, previousSince, node, startedAt, endedAt, exitCode, result, failure, retryCount, lastRetryAt, requeueCount, lastRequeueAt, reactivateSequence } = status;
    const found = await findTask(api, job, `t${status.task}`);
    expect(found).toMatchObject({ state, since, previousState, previousSince, node, startedAt, endedAt, exitCode, result, retryCount, lastRetryAt, requeueCount, lastRequeueAt, seenReactivateSequence: reactivateSequence });
    expect(found?.failure === null || found?.failure === undefined ? null : JSON.parse(found.failure)).toEqual(failure);
  }
  expect((await listNodes(api, 1, 1, '', 10)).map(nodeStatus)).toEqual(expectedNodes);
  expect(await findNode(api, 1, 1, 'TVMPS_2_d')).toMatchObject({ n_node: 2, a_state: 'running' });
  expect(await countNodes(api, 1, { after: '', limit: 10, only: null })).toEqual(
    expect.arrayContaining([expect.objectContaining({ dedicated: true, state: 'idle', nodes: 1 }), expect.objectContaining({ dedicated: false, state: 'running', nodes: 1 })]),
  );
  const labels = await taskLabels(api, [{ job, task: 21 }, { job, task: 20 }]);
  expect([...labels.values()]).toEqual([expect.objectContaining({ task: 21, taskId: 't21', state: 'completed', node: 1 }), expect.objectContaining({ task: 20, taskId: 't20', state: null })]);
}

test('is brought forward with its nodes and tasks', async () => {
  expect((await migrate(pool))[0]?.slice(0, 4)).toBe('0008');
  await expectEverything();
});

test('is not begun to be brought forward where the disk has no room for the tables that are written anew, and as it was', async () => {
  const rows = (await pool.query<{ bytes: number }>("select pg_total_relation_size('task_status') as bytes")).rows[0]?.bytes ?? 0;
  const refused = await migrate(pool, { freeBytes: () => rows }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NoRoomToMigrate);
  expect(refused).toHaveProperty('message', expect.stringMatching(/takes [1-9] MB of its disk for a while, and [1-9] MB are free/));
  expect((await api.query('select name from migration order by id desc limit 1')).rows).toEqual([{ name: '0007_pool_targets' }]);
  const told: string[] = [];
  const applied = await migrate(pool, { freeBytes: () => 2 * rows, say: (progress) => told.push(progress) });
  expect(told).toEqual(applied.map((_, index) => expect.stringMatching(`step ${index + 1} of ${applied.length} \\([1-9] MB are written anew\\)`)));
  await expectEverything();
});

test('is as it was if its migration breaks off in the middle, and is brought forward the next time', async () => {
  await api.query("alter database linarite set lock_timeout = '1ms'");
  const impatient = connect(postgres.connection, 'owner');
  const reader = await api.connect();
  try {
    // Node rows can be read and not be written: the first statements of a migration pass.
    await reader.query('begin; lock table node in share mode');
    await expect(migrate(impatient)).rejects.toMatchObject({ code: '55P03' });
  } finally {
    await reader.query('rollback');
    reader.release();
    await impatient.end();
  }
  expect((await api.query('select name from migration order by id desc limit 1')).rows).toEqual([{ name: '0007_pool_targets' }]);
  expect((await api.query("select to_regclass('node_activity') as found, count(*)::int as whole from node where status ? 'recentTasks'")).rows).toEqual([{ found: null, whole: NODES.length }]);
  await migrate(pool);
  await expectEverything();
});
