import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../src/store/connect.ts';
import { connectionUrl } from '../../../src/store/embedded/databases.ts';
import { makeFormerDatabase } from '../../support/formerDatabase.ts';
import { linarite, run, until } from '../../support/linarite.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../support/postgres.ts';
import { dataDirectories, LAUNCHER, status } from './services.ts';

const directories = dataDirectories();
let postgres: TemporaryPostgres;
beforeAll(async () => {
  postgres = await temporaryPostgres();
});
afterAll(() => postgres.remove());

test('a service that brings its database forward says so, and one that is killed over it has changed nothing', async () => {
  const dataDir = directories.ofTest('migrating');
  const pool = connect(postgres.connection, 'api');
  await makeFormerDatabase(pool, '0007');
  const holder = await pool.connect();
  await holder.query('begin; lock table node in share mode');

  const starting = run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0', '--database-url', connectionUrl(postgres.connection)]);
  const busy = await until('status says what the start is busy with', 60_000, async () => {
    const shown = await status(dataDir);
    return shown.progress === undefined ? undefined : shown;
  }, 100);
  expect(busy).toMatchObject({ state: 'starting', progress: expect.stringMatching(/^brings the database to this version, step \d+ of \d+ \(1 MB are written anew\)$/) });
  expect((await linarite(['status', '--data-dir', dataDir])).stdout).toMatch(/^ {2}it {15}brings the database to this version, step \d+ of \d+/m);

  process.kill(busy.service?.pid ?? 0, 'SIGKILL');
  expect((await starting).code).not.toBe(0);
  await holder.query('rollback');
  holder.release();
  expect((await pool.query('select name from migration order by id desc limit 1')).rows).toEqual([{ name: '0007_pool_targets' }]);

  await linarite(['up', '--detach', '--data-dir', dataDir]);
  const ready = await status(dataDir);
  expect([ready.state, ready.progress]).toEqual(['ready', undefined]);
  await linarite(['down', '--data-dir', dataDir]);
  await pool.end();
});
