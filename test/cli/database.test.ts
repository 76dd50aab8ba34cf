import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connectionUrl } from '../../src/store/embedded/databases.ts';
import { freePort, linarite, run } from '../support/linarite.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../support/postgres.ts';

const isRoot = process.getuid?.() === 0;
const LAUNCHER = resolve(import.meta.dirname, '../../linarite');
let parent: string;
let dataDir: string;
let database: TemporaryPostgres;
let url: string;

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'linarite-database-'));
  chmodSync(parent, 0o711);
  dataDir = join(parent, 'data');
  database = await temporaryPostgres();
  url = connectionUrl({ ...database.connection, database: 'linarite' });
});
afterEach(async () => void (await linarite(['down', '--purge', '--data-dir', dataDir])));
afterAll(async () => {
  await database.remove();
  rmSync(parent, { recursive: true, force: true });
});

function up(options: { readonly flags?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {}) {
  return run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, ...(options.flags ?? [])], { timeoutMs: 120_000, ...(options.env === undefined ? {} : { env: options.env }) });
}

async function jobsInDatabase(): Promise<string[]> {
  const client = new Client({ ...database.connection });
  await client.connect();
  try {
    return (await client.query<{ id: string }>('select id from job order by id')).rows.map(({ id }) => id);
  } finally {
    await client.end();
  }
}

function runJob(id: string) {
  return linarite(['run', '--data-dir', dataDir, '--job', id, '--keep', '--items', 'hello', '--', 'echo', '{item}']);
}

describe('a PostgreSQL of my own', () => {
  test('given to a detached service holds its pools and jobs, also after a restart', async () => {
    expect(await up({ flags: ['--port', '0', '--database-url', url] })).toMatchObject({ code: 0 });
    expect((await runJob('first')).stdout).toContain('hello');
    expect(await jobsInDatabase()).toEqual(['first']);
    expect(existsSync(join(dataDir, 'database'))).toBe(false);

    await linarite(['restart', '--data-dir', dataDir], { env: { LINARITE_STORAGE_CONNECTION_STRING: '' } });
    expect((await runJob('second')).stdout).toContain('hello');
    expect(await jobsInDatabase()).toEqual(['first', 'second']);

    const other = await up({ flags: ['--database-url', 'postgres://localhost/other'] });
    expect(other).toMatchObject({ code: 1 });
    expect(other.stderr).toContain('already runs, on another database: end it with linarite down first');
  }, 120_000);

  test('given by LINARITE_DATABASE_URL is used as well', async () => {
    expect(await up({ flags: ['--port', '0'], env: { LINARITE_DATABASE_URL: url } })).toMatchObject({ code: 0 });
    expect(existsSync(join(dataDir, 'database'))).toBe(false);
    // A unix socket's directory is where this one is.
    expect((await linarite(['status', '--data-dir', dataDir])).stdout).toContain(`PostgreSQL       given: ${database.connection.host}, version`);
    expect((await linarite(['down', '--purge', '--data-dir', dataDir])).stdout).toContain(`the database at ${database.connection.host}, which was given, keeps pools, jobs and tasks`);
  }, 120_000);

  test('where nothing listens is told with its place, without the password, and is not remembered', async () => {
    const port = await freePort();
    const refused = await up({ flags: ['--port', '0'], env: { LINARITE_DATABASE_URL: `postgres://user:word-of-mine@127.0.0.1:${port}/linarite` } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`cannot use the database at 127.0.0.1:${port} (LINARITE_DATABASE_URL or --database-url): connect ECONNREFUSED`);
    expect(refused.stderr).not.toContain('word-of-mine');
    expect(existsSync(join(dataDir, 'keys', 'database-url'))).toBe(false);
  }, 120_000);

  test('is refused with a password on the command line', async () => {
    const refused = await up({ flags: ['--database-url', 'postgres://user:word-of-mine@127.0.0.1:1/linarite'] });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('give the URL in LINARITE_DATABASE_URL instead of --database-url');
    expect(refused.stderr).not.toContain('word-of-mine');
  });
});

test('a running service refuses another address and other keys', async () => {
  await up({ flags: ['--port', '0', '--host', '127.0.0.1'] });
  expect(await up({ flags: ['--host', 'localhost'] })).toMatchObject({ code: 0 });
  const refused = await up({ flags: ['--host', '127.0.0.2', '--well-known-key'] });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`already runs, on the address 127.0.0.1${isRoot ? ' and without --well-known-key' : ''}: end it with linarite down first`);
}, 120_000);
