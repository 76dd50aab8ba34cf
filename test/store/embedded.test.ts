import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { identifyProcess, isRunning } from '../../src/processes/identity.ts';
import { ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type Postgres, PostgresVersionError, bundledMajorVersion, startPostgres } from '../../src/store/embedded/postgres.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-pg-'));
  cleanups.push(() => {
    rmSync(directory, { recursive: true, force: true });
    rmSync(`${directory}.log`, { force: true });
  });
  return directory;
}

async function start(directory: string): Promise<Postgres> {
  const postgres = await startPostgres({ directory });
  cleanups.push(() => postgres.stop());
  return postgres;
}

async function connect(postgres: Postgres): Promise<Client> {
  const client = new Client(postgres.connection);
  // A killed server is part of these tests: the client must not throw into the void.
  client.on('error', () => {});
  await client.connect();
  cleanups.push(() => client.end().catch(() => {}));
  return client;
}

describe('the embedded PostgreSQL', () => {
  test('starts on an empty directory, durable settings on, reachable by nobody else', async () => {
    const directory = temporaryDirectory();
    const postgres = await start(directory);
    const client = await connect(postgres);
    const rows = await client.query(
      "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses') order by name",
    );
    expect(Object.fromEntries(rows.rows.map((row: { name: string; setting: string }) => [row.name, row.setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      listen_addresses: '',
    });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    if (process.platform === 'linux') {
      // Files of shared memory in /dev/shm would outlast a kill, and nobody would remove them.
      const mapped = readFileSync(`/proc/${postgres.pid}/maps`, 'utf8');
      expect(mapped).toContain(`${directory}/data/pg_dynshmem/`);
      expect(mapped).not.toContain('/dev/shm/');
    }
    if (process.getuid?.() === 0) {
      expect(statSync(directory).uid).not.toBe(0);
      expect(readFileSync(`/proc/${postgres.pid}/status`, 'utf8')).not.toMatch(/^Uid:\s+0/m);
    }
  });

  test('makes a database once, however often it is asked', async () => {
    const postgres = await start(temporaryDirectory());
    const made = await Promise.all([ensureDatabase(postgres.connection, 'batch "x"'), ensureDatabase(postgres.connection, 'batch "x"')]);
    const client = new Client(made[0]);
    await client.connect();
    cleanups.push(() => client.end());
    expect((await client.query('select current_database() as name')).rows).toEqual([{ name: 'batch "x"' }]);
  });

  test('keeps what was committed when it is stopped and started again', async () => {
    const directory = temporaryDirectory();
    const first = await startPostgres({ directory });
    const client = await connect(first);
    await client.query('create table kept (n int); insert into kept values (1)');
    await client.end();
    await first.stop();
    await first.exited;
    const again = await connect(await start(directory));
    expect((await again.query('select n from kept')).rows).toEqual([{ n: 1 }]);
  });

  test('a postmaster that outlived the service is ended and the database taken over', async () => {
    const directory = temporaryDirectory();
    const orphan = await start(directory);
    const client = await connect(orphan);
    await client.query('create table kept (n int); insert into kept values (1)');
    const second = await start(directory);
    expect(second.pid).not.toBe(orphan.pid);
    await orphan.exited;
    expect((await (await connect(second)).query('select n from kept')).rows).toEqual([{ n: 1 }]);
  });

  test('a killed postmaster whose server processes still work does not keep the next one from starting', async () => {
    const directory = temporaryDirectory();
    const killed = await start(directory);
    const client = await connect(killed);
    await client.query('create table kept (n int)');
    await client.query('insert into kept values (1)');
    const busy = (await client.query('select pg_backend_pid() as pid')).rows[0] as { pid: number };
    const backend = identifyProcess(busy.pid);
    // A loop that looks at nothing but its counter notices the death of the postmaster late or never.
    const loop = client.query("do $$ begin for i in 1..2000000000 loop end loop; end $$").catch(() => 'cut off');
    const ended = new Promise((resolve) => client.once('end', resolve));
    process.kill(killed.pid, 'SIGKILL');
    await killed.exited;
    const next = await start(directory);
    await ended;
    expect(await loop).toBe('cut off');
    expect(backend !== undefined && isRunning(backend)).toBe(false);
    expect((await (await connect(next)).query('select n from kept')).rows).toEqual([{ n: 1 }]);
  });

  test('a stranger who got the old process id is left alone', async () => {
    const directory = temporaryDirectory();
    const first = await startPostgres({ directory });
    await first.stop();
    writeFileSync(join(directory, 'data', 'postmaster.pid'), `${process.pid}\n${directory}/data\n1\n5432\n\n\n\nready\n`);
    const second = await start(directory);
    expect(second.pid).not.toBe(process.pid);
  });

  test('a database that was only half made is made again', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'data.new', 'base'), { recursive: true });
    const postgres = await start(directory);
    await connect(postgres);
    expect(readdirSync(directory).sort()).toEqual(['data', 'socket']);
  });

  test('data of a newer PostgreSQL is refused by name and not touched', async () => {
    const directory = temporaryDirectory();
    const postgres = await startPostgres({ directory });
    await postgres.stop();
    const newer = bundledMajorVersion() + 1;
    writeFileSync(join(directory, 'data', 'PG_VERSION'), `${newer}\n`);
    const before = readFileSync(join(directory, 'data', 'postgresql.conf'), 'utf8');
    await expect(startPostgres({ directory })).rejects.toThrow(PostgresVersionError);
    await expect(startPostgres({ directory })).rejects.toThrow(`belongs to PostgreSQL ${newer}`);
    expect(readFileSync(join(directory, 'data', 'postgresql.conf'), 'utf8')).toBe(before);
  });

  test('a path too long for a unix socket is refused before anything is written', async () => {
    const directory = join(temporaryDirectory(), 'x'.repeat(100));
    await expect(startPostgres({ directory })).rejects.toThrow('too long for the path of a unix socket');
    expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
  });
});
