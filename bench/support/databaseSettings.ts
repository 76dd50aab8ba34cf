import type { Pool } from 'pg';
import { linarite, type Instance } from '../../test/support/linarite.ts';

/** What a throughput figure has to be read with: whether the database really waits for its disk. */
export async function databaseSettings(instance: Pick<Instance, 'dataDir'>): Promise<{ fsync: string; synchronous_commit: string; full_page_writes: string }> {
  const { stdout } = await linarite(['status', '--json', '--data-dir', instance.dataDir]);
  const { database } = JSON.parse(stdout) as { database: { settings: { fsync: string; synchronous_commit: string; full_page_writes: string } } };
  return database.settings;
}

/** The same of a database without a service. */
export async function databaseSettingsOf(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; setting: string }>("select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')");
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
