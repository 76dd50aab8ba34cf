import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';

const MIGRATIONS = join(import.meta.dirname, '../../src/store/migrations');

/** Gives an empty database the tables of a former version: those of its last migration (`0007`) and of all before. */
export async function makeFormerDatabase(pool: Pool, last: string): Promise<void> {
  await pool.query('create table migration (id serial primary key, name varchar(255) not null, run_on timestamp not null)');
  for (const file of readdirSync(MIGRATIONS).toSorted()) {
    if (!file.endsWith('.sql') || file.slice(0, last.length) > last) continue;
    await pool.query(readFileSync(join(MIGRATIONS, file), 'utf8'));
    await pool.query('insert into migration (name, run_on) values ($1, now())', [file.slice(0, -'.sql'.length)]);
  }
}
