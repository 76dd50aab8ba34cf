import { linarite, type Instance } from '../../test/support/linarite.ts';

/** What a throughput figure has to be read with: whether the database really waits for its disk. */
export const databaseSettings = async (instance: Instance): Promise<{ fsync: string; synchronous_commit: string; full_page_writes: string }> => {
  const { stdout } = await linarite(['status', '--json', '--data-dir', instance.dataDir]);
  const { database } = JSON.parse(stdout) as { database: { settings: { fsync: string; synchronous_commit: string; full_page_writes: string } } };
  return database.settings;
};
