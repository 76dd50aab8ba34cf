import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import type { LogLevel } from '../service/log/level.ts';
import { readRecord } from '../service/data/record.ts';
import { startDetached } from '../service/start.ts';
import { stopService } from '../service/stop.ts';
import { hint } from '../hint.ts';

/**
 * `linarite restart`: a new service in the background, as the old one was asked to run, but for the level of its log;
 * agents and tasks go on meanwhile.
 */
export async function restart(options: { readonly dataDir?: string; readonly logLevel?: LogLevel }): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  const former = directory === undefined ? undefined : readRecord(directory);
  if (directory === undefined || former === undefined) {
    throw new CommandError(EXIT.notRunning, `no service runs on ${path}: start one with ${hint('up --detach', options.dataDir)}`);
  }
  await stopService(directory, 'leave');
  const record = await startDetached(path, options.logLevel === undefined ? {} : { logLevel: options.logLevel });
  console.log(`linarite ${record.version} is ready again at ${record.endpoint} (process ${record.process.pid})`);
}
