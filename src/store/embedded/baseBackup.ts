import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';

/**
 * A copy of the files of a running PostgreSQL, as its manual describes it ("Making a Base Backup Using the Low Level
 * API"): between begin and end the files are copied as they are, and afterwards what the log has of that time.
 */
export interface BaseBackup {
  /**
   * To be called when all files are copied. The copy is as of this moment once the database has gone over its log.
   * `label`: a file of that name has to stand in the copy. `log`: the names of the pieces of `pg_wal` it needs, which
   * stay until `close`.
   */
  end(): Promise<{ readonly label: string; readonly log: readonly string[] }>;
  /** Ends it in any case. */
  close(): Promise<void>;
}

/** Files of PostgreSQL that a copy has to be without, by the same page of the manual; directories of it stay empty. */
const LEFT_OUT_FILES: readonly string[] = ['postmaster.pid', 'postmaster.opts', 'backup_label', 'tablespace_map'];
const EMPTIED: readonly string[] = ['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_stat_tmp', 'pg_subtrans'];

/** Whether a copy has the contents of this file, by its path below the data. */
export function isCopied(path: string): boolean {
  const [top = ''] = path.split('/');
  return !LEFT_OUT_FILES.includes(path) && !(EMPTIED.includes(top) && path !== top);
}

/** `data`: the database's files. Throws what the database says. */
export async function beginBaseBackup(connection: ClientConfig, data: string): Promise<BaseBackup> {
  // The backup is one of this session: it ends with it.
  const client = new Client({ ...connection, statement_timeout: 0 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    // What the copy needs of the log is kept for as long as the session lasts.
    await client.query("select pg_create_physical_replication_slot('linarite_backup_' || pg_backend_pid(), true, true)");
    const first = await client.query<{ file: string }>("select pg_walfile_name(pg_backup_start('linarite', true)) as file");
    return {
      end: async () => {
        const { rows } = await client.query<{ label: string; file: string }>('select labelfile as label, pg_walfile_name(lsn) as file from pg_backup_stop(false)');
        const [from, until] = [first.rows[0]?.file, rows[0]];
        if (from === undefined || until === undefined) throw new Error('the database did not say where its backup begins and ends');
        // Names of pieces sort as they follow one another.
        const log = readdirSync(join(data, 'pg_wal')).filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= from && name <= until.file);
        return { label: until.label, log: log.sort() };
      },
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
}
