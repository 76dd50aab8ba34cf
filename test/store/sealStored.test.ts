import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/store/connect.ts';
import { migrate } from '../../src/store/migrate.ts';
import { readPoolSpecs } from '../../src/store/owner/specs.ts';
import { opened, openedCertificate } from '../../src/store/sealedSpecs.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { sealStored } from '../../src/store/sealStored.ts';
import { makeFormerDatabase } from '../support/formerDatabase.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../support/postgres.ts';

/** A database of the last version that kept secrets in plain text. */
const LAST = '0067';
const SECRET = 'open sesame';
const TASKS = 1_200;
const sealing = createSealing(new Uint8Array(32).fill(1));

const POOL = { id: 'p', vmSize: 's', certificateReferences: [{ thumbprint: 'ab', thumbprintAlgorithm: 'sha1' }], userAccounts: [{ name: 'anna', password: SECRET, linuxUserConfiguration: { sshPrivateKey: SECRET } }] };
const TASK = { id: 't', commandLine: 'x', containerSettings: { imageName: 'i', registry: { username: 'u', password: SECRET } } };
const JOB = { id: 'j', poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job', pool: POOL } }, jobManagerTask: TASK };
const TEMPLATE = { spec: JOB, rules: {}, autoPool: { spec: POOL }, manager: { id: 't', spec: TASK } };

let postgres: TemporaryPostgres;
let pool: Pool;
beforeAll(async () => {
  postgres = await temporaryPostgres();
  pool = connect(postgres.connection, 'migration');
  await makeFormerDatabase(pool, LAST);
  await pool.query("insert into account (account, name, created) values (1, 'one', 0)");
  await pool.query(`insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation, resize_requested_at)
    values (1, 'p', 'p', $1, '{}', 0, 0, 4, 2, 0, 'requeue', 0)`, [POOL]);
  await pool.query("insert into job (account, id, id_key, spec, rules, created, modified, action_at, auto_pool) values (1, 'j', 'j', $1, '{}', 0, 0, 0, $2)", [JOB, TEMPLATE.autoPool]);
  await pool.query("insert into job_schedule (account, id, id_key, spec, rules, job, created, modified, action_at) values (1, 's', 's', $1, '{}', $2, 0, 0, 0)", [{ id: 's', jobSpecification: JOB }, TEMPLATE]);
  await pool.query(`insert into task (job, task, id, id_key, spec, created, modified, required_slots)
    select 1, n, 't' || n, 't' || n, case when n % 2 = 0 then $1::json else '{"id": "t", "commandLine": "echo \\"password\\""}' end, 0, 0, 1 from generate_series(1, $2::int) n`, [JSON.stringify(TASK), TASKS]);
  await pool.query("insert into certificate (account, thumbprint, thumbprint_key, format, data, password, public_data, state, state_since) values (1, 'AB', 'ab', 'pfx', $1, $2, '', 'active', 1)", [Buffer.from('file'), SECRET]);
  await migrate(pool);
});
afterAll(async () => {
  await pool.end();
  await postgres.remove();
});

test('what earlier versions left in plain text is sealed once, and opens as it was', async () => {
  expect(await sealStored(pool, sealing)).toBe(5 + TASKS / 2 + 1);
  const { rows } = await pool.query<{ text: string }>(
    "select coalesce(string_agg(t, ' '), '') as text from (select pool::text as t from pool union all select job::text from job union all select job_schedule::text from job_schedule union all select task::text from task union all select certificate::text from certificate) all_rows",
  );
  expect(rows[0]?.text).toContain('sealed');
  expect(rows[0]?.text).not.toContain(SECRET);
  expect(rows[0]?.text).not.toContain(Buffer.from('file').toString('hex'));

  const [found] = await readPoolSpecs(pool, [1]);
  expect(opened('pool.spec', found?.spec, sealing)).toEqual(POOL);
  expect(found?.certificates.map((certificate) => openedCertificate(certificate, sealing))).toEqual([{ data: Buffer.from('file').toString('base64'), password: SECRET }]);
  const [kept] = (await pool.query('select j.spec, j.auto_pool, s.spec as schedule, s.job from job j, job_schedule s')).rows;
  expect(opened('job.spec', kept.spec, sealing)).toEqual(JOB);
  expect(opened('job.auto_pool', kept.auto_pool, sealing)).toEqual(TEMPLATE.autoPool);
  expect(opened('job_schedule.spec', kept.schedule, sealing)).toEqual({ id: 's', jobSpecification: JOB });
  expect(opened('job_schedule.job', kept.job, sealing)).toEqual(TEMPLATE);
  const tasks = (await pool.query('select spec from task order by task')).rows;
  expect(tasks.filter((_, place) => place % 2 === 1).map(({ spec }) => opened('task.spec', spec, sealing))).toEqual(Array.from({ length: TASKS / 2 }, () => TASK));

  expect(await sealStored(pool, sealing)).toBe(0);
  expect((await pool.query('select from unsealed')).rowCount).toBe(0);
});
