import { dataDirectoryPath, findDataDirectory, purgeDataDirectory } from '../service/data/dataDirectory.ts';
import { placeOfDatabase, readExternals } from '../service/externals.ts';
import { stopService } from '../service/stop.ts';

export interface DownOptions {
  readonly dataDir?: string;
  readonly purge?: boolean;
}

/**
 * `linarite down`: ends service, agents and tasks, also what a killed service left; `--purge` removes the data as well.
 */
export async function down(options: DownOptions): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  if (directory === undefined) return console.log(`no service and no data at ${path}`);
  // Another `down` waits for this one rather than cutting it off.
  process.on('SIGTERM', () => undefined);
  const { service, leftovers, gone } = await stopService(directory, 'end');
  // What was in memory is gone with its service.
  if (gone) return console.log(service ? 'ended' : `no service and no data at ${path} any more`);
  if (service) console.log('ended');
  else if (leftovers.length === 0) console.log('no service was running');
  if (leftovers.length > 0) console.log(`ended what a killed service had left: ${leftovers.join(', ')}`);
  if (options.purge !== true && directory.memory === null) return;
  const { databaseUrl, storage } = readExternals(directory);
  const left = await purgeDataDirectory(directory);
  console.log(left.length === 0 ? `removed ${path}` : `removed our data from ${path}; left what is not ours: ${left.join(', ')}`);
  // Others may use them too, so they are for whoever gave them.
  if (databaseUrl !== undefined) console.log(`the database at ${placeOfDatabase(databaseUrl)}, which was given, keeps pools, jobs and tasks: drop it before another service uses it`);
  if (storage !== undefined) console.log(`the storage account ${storage.accountName}, which was given, keeps its blobs`);
}
