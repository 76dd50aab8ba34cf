import { connect } from '../src/store/connect.ts';
import { migrate } from '../src/store/migrate.ts';
import { postgresOwnerStore } from '../src/store/owner/store.ts';
import { TASK_STATUS } from '../src/store/status/taskStatus.ts';
import { createCore } from '../src/core/core.ts';
import { temporaryPostgres } from '../test/support/postgres.ts';
import { jobIntent } from '../test/support/intents.ts';
import { databaseSettingsOf } from './support/databaseSettings.ts';

const { state: { choices: STATE }, cause: { choices: CAUSE }, result: { choices: RESULT } } = TASK_STATUS.columns;

type Database = ReturnType<typeof connect>;

const OPEN = 300;
/** Of each account with completed tasks. */
const GONE_NODES = 10_000;
const RUNS = 5;

/**
 * How long an account takes to be loaded with completed tasks, nodes that are gone and few open tasks, against one with
 * the open ones alone: rows read, and the rules' memory made of them. And how long one takes with a million tasks that
 * wait: `readMsWaiting` of it is the reading.
 */
export async function run(): Promise<Record<string, unknown>> {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'owner');
  try {
    await migrate(pool);
    const few = await loadMs(pool, 1, 0);
    const some = await loadMs(pool, 2, 300_000);
    const million = await loadMs(pool, 3, 1_000_000);
    const waiting = await loadMs(pool, 4, 0, 1_000_000);
    const settings = await databaseSettingsOf(pool);
    return {
      loadMs: million.worst,
      loadMs300k: some.worst,
      loadMsOpenAlone: few.worst,
      ratio: Number((million.worst / few.worst).toFixed(2)),
      loadMsWaiting: waiting.worst,
      readMsWaiting: waiting.read,
      ...settings,
    };
  } finally {
    await pool.end();
    await postgres.remove();
  }
}

/** One job, `completed` of whose tasks are over; one of the open ones is among the first, the rest are the last. */
async function loadMs(pool: Database, account: number, completed: number, waiting = OPEN): Promise<{ readonly worst: number; readonly read: number }> {
  await fill(pool, account, completed, waiting);
  const store = postgresOwnerStore(pool);
  const times: number[] = [];
  const reads: number[] = [];
  for (let time = 0; time < RUNS; time += 1) {
    const start = performance.now();
    const snapshot = await store.load(account);
    reads.push(performance.now() - start);
    createCore(snapshot, Date.now());
    times.push(performance.now() - start);
    const open = snapshot.tasks.reduce((sum, { tasks, plain }) => sum + tasks.length + plain.numbers.length, 0);
    if (open !== waiting) throw new Error(`${open} open tasks were loaded`);
  }
  const [worst, read] = [Math.max(...times), Math.max(...reads)];
  console.log(`${completed} completed and ${waiting} open tasks: ${worst.toFixed(1)} ms at most, ${read.toFixed(1)} ms of it reading`);
  return { worst: Number(worst.toFixed(1)), read: Number(read.toFixed(1)) };
}

async function fill(pool: Database, account: number, completed: number, waiting: number): Promise<void> {
  const { id, ...rules } = jobIntent();
  await pool.query('insert into account (account, name, created) values ($1::int, $1::text, 0)', [account]);
  const last = completed + waiting;
  const added = await pool.query<{ job: number }>(
    `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at, next_task) values ($1, $2, $2, $3, $3, 0, 0, 0, $4) returning account, job)
     insert into open_job (account, job) select account, job from added returning job`,
    [account, id, rules, last + 1],
  );
  const job = added.rows[0]?.job ?? 0;
  await pool.query(
    `insert into task (job, task, id, id_key, spec, created, modified, required_slots)
     select $1, n, 'task-' || n, 'task-' || n, '{"id": "a", "commandLine": "/bin/true"}', 0, 0, 1 from generate_series(1, $2::int) n`,
    [job, last],
  );
  await pool.query(
    `insert into task_status (job, task, state, since, cause, attempt, result)
     select $1, n, ${STATE.completed}, 0, ${CAUSE.exited}, 1, ${RESULT.success} from generate_series(2, $2::int) n`,
    [job, completed + 1],
  );
  await pool.query(
    `insert into node (node, account, pool, id, id_key, gone_at, status)
     select ($1::bigint - 1) * 4294967296 + n, $1, 1, 'node-' || n, 'node-' || n, 1, '{"state": "leavingpool"}' from generate_series(1, $2::int) n`,
    [account, completed === 0 ? 0 : GONE_NODES],
  );
  // As the owner writes it: pages of 512 numbers.
  const open = completed === 0 ? [[0, last]] : [[0, 511], [Math.floor((completed + 2) / 512) * 512, last]];
  await pool.query(
    `insert into job_status (job, state, since, action_sequence, ingested, open_tasks, tasks_active, tasks_running, tasks_succeeded, tasks_failed, slots_active, slots_running, slots_succeeded, slots_failed)
     values ($1, 'active', 0, 0, $2, $3, $4, 0, $5, 0, $4, 0, $5, 0)`,
    [job, last, JSON.stringify(open), waiting, completed],
  );
  await pool.query('analyze');
}
