import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Pool } from 'pg';

const DIRECTORY = fileURLToPath(new URL('migrations', import.meta.url));
const TABLE = 'migration';
const SQL = '.sql';

/** The database was migrated by a newer linarite than this one. */
export class NewerDatabase extends Error {
  readonly code = 'NEWER_DATA';
  readonly migrations: readonly string[];
  constructor(migrations: readonly string[]) {
    super(`The database belongs to a newer version of linarite: it has ${migrations.join(', ')}, which this version does not know.`);
    this.migrations = migrations;
  }
}

/** Some tables have to be written anew, and there is no room for it. Nothing was changed. */
export class NoRoomToMigrate extends Error {
  readonly code = 'NO_ROOM_TO_MIGRATE';
  constructor(neededBytes: number, freeBytes: number) {
    super(`Bringing the database to this version of linarite takes ${megabytes(neededBytes)} MB of its disk for a while, and ${megabytes(freeBytes)} MB are free. Nothing was changed.`);
  }
}

export interface MigrateOptions {
  /** Of the disk that the database lies on; left out: not known, and not looked at. */
  readonly freeBytes?: () => number;
  /** Called before each migration of a database that holds something, with a sentence on what is being done. */
  readonly say?: (progress: string) => void;
}

/** Of a table that is written anew: its rows, and the log of writing them. */
const TIMES_REWRITTEN = 2;

interface Queryable {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/**
 * Brings the database to this version, in one transaction under an advisory lock (services that start at once wait for
 * each other): whatever ends it, nothing is half done. Returns the names of what was applied. Throws `NewerDatabase`,
 * `NoRoomToMigrate`.
 */
export async function migrate(pool: Pool, { freeBytes, say = () => {} }: MigrateOptions = {}): Promise<readonly string[]> {
  const client = await pool.connect();
  try {
    // An owner's pool forbids sequential scans, and large migrations take as long as they take.
    await client.query('set statement_timeout = 0');
    const former = await appliedMigrations(client);
    refuseNewer(former);
    const pending = known().filter((name) => !former.includes(name));
    const rewritten = former.length === 0 ? 0 : await sizeOf(client, pending.flatMap(tablesRewrittenBy));
    if (rewritten > 0 && freeBytes !== undefined) refuseWithoutRoom(rewritten * TIMES_REWRITTEN, freeBytes());
    const progress = (message: string): void => {
      const place = pending.findIndex((name) => message.includes(` ${name} `));
      if (place !== -1) say(`brings the database to this version, step ${place + 1} of ${pending.length}${rewritten === 0 ? '' : ` (${megabytes(rewritten)} MB are written anew)`}`);
    };
    const applied = await runner({
      dbClient: client,
      dir: DIRECTORY,
      // Beside the .sql files nothing counts; a leading dot is ignored as usual.
      ignorePattern: '(\\..*|.*\\.(?!sql$)[^.]*)',
      migrationsTable: TABLE,
      direction: 'up',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: former.length === 0 ? () => {} : progress,
    });
    return applied.map(({ name }) => name);
  } finally {
    client.release(true);
  }
}

function known(): readonly string[] {
  return readdirSync(DIRECTORY).filter((file) => file.endsWith(SQL)).map((file) => file.slice(0, -SQL.length)).toSorted();
}

async function appliedMigrations(client: Queryable): Promise<readonly string[]> {
  const table = await client.query(`select to_regclass('public.${TABLE}') as found`);
  if (table.rows[0]?.['found'] === null) return [];
  const ran = await client.query(`select name from ${TABLE} order by id`);
  return ran.rows.map(({ name }) => String(name));
}

function refuseNewer(applied: readonly string[]): void {
  const names = known();
  const unknown = applied.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new NewerDatabase(unknown);
}

/** A migration that writes whole tables anew names them: `-- rewrites: task_status, node`. */
function tablesRewrittenBy(migration: string): readonly string[] {
  const named = /^-- rewrites: (.*)$/m.exec(readFileSync(join(DIRECTORY, migration + SQL), 'utf8'))?.[1];
  return named === undefined ? [] : named.split(', ');
}

/** In bytes, indexes included; a table that is not there is as large as none. */
async function sizeOf(client: Queryable, tables: readonly string[]): Promise<number> {
  const { rows } = await client.query('select coalesce(sum(pg_total_relation_size(to_regclass(name))), 0)::bigint as bytes from unnest($1::text[]) as name', [tables]);
  return Number(rows[0]?.['bytes']);
}

function refuseWithoutRoom(neededBytes: number, freeBytes: number): void {
  if (freeBytes < neededBytes) throw new NoRoomToMigrate(neededBytes, freeBytes);
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
