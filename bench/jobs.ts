import { randomUUID } from 'node:crypto';
import { connect } from '../src/store/connect.ts';
import { lockAccount } from '../src/store/intents/accounts.ts';
import { countActiveJobs, findJob, insertJob } from '../src/store/intents/jobs.ts';
import { transaction } from '../src/store/intents/statement.ts';
import { migrate } from '../src/store/migrate.ts';
import { createSealing } from '../src/store/sealing.ts';
import { temporaryPostgres } from '../test/support/postgres.ts';
import { jobIntent } from '../test/support/intents.ts';
import { databaseSettingsOf } from './support/databaseSettings.ts';
import { quantile, rounded } from './support/pool.ts';

const COMPLETED = 100_000;
const ADDS = 200;
const SEALING = createSealing(new Uint8Array(32));

/**
 * What adding a job costs in the database (lock, look for the id, count for the quota, insert) beside 100,000 completed
 * jobs, against none: medians.
 */
export async function run(): Promise<Record<string, unknown>> {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'api');
  try {
    await migrate(pool);
    await pool.query("insert into account (account, name, created) values (1, 'none', 0), (2, 'many', 0)");
    const { id: _id, manager: _manager, ...rules } = jobIntent();
    await pool.query(
      `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at)
         select 2, 'done' || n, 'done' || n, '{}', $1, 0, 0, 0 from generate_series(1, ${COMPLETED}) n returning job)
       insert into job_status (job, state, since, action_sequence, ingested, tasks_active, tasks_running, tasks_succeeded, tasks_failed, slots_active, slots_running, slots_succeeded, slots_failed)
       select job, 'completed', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from added`,
      [rules],
    );
    const times = new Map<number, number[]>([[1, []], [2, []]]);
    for (let add = 0; add < ADDS; add += 1) {
      for (const [account, taken] of times) {
        const start = performance.now();
        await transaction(pool, async (tx) => {
          const now = Date.now();
          await lockAccount(tx, account);
          const jobId = randomUUID();
          await findJob(tx, account, jobId);
          await countActiveJobs(tx, account);
          await insertJob(tx, SEALING, account, { id: jobId, spec: '{}', rules, autoPool: null }, now);
        });
        taken.push(performance.now() - start);
      }
    }
    const [none = Number.NaN, many = Number.NaN] = [...times.values()].map((taken) => quantile(taken, 0.5));
    console.log(`adding a job: ${none.toFixed(2)} ms with no completed jobs, ${many.toFixed(2)} ms beside ${COMPLETED}`);
    return { addMs: rounded(none), addBesideHistoryMs: rounded(many), ratio: rounded(many / none), ...(await databaseSettingsOf(pool)) };
  } finally {
    await pool.end();
    await postgres.remove();
  }
}
