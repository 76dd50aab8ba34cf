import { CommandError, EXIT } from '../errors.ts';
import { hint } from '../hint.ts';
import { dataDirectoryPath, findDataDirectory, type DataDirectory } from '../service/data/dataDirectory.ts';
import { runningService, type ServiceRecord } from '../service/data/record.ts';

/** A service that runs on this machine, and where it keeps its things. */
export interface Running {
  readonly directory: DataDirectory;
  readonly record: ServiceRecord;
}

/** @throws CommandError notRunning. */
export function runningOn(dataDir: string | undefined): Running {
  const path = dataDirectoryPath(dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || record === undefined || record.state === 'starting') {
    throw new CommandError(EXIT.notRunning, `no service is ready on ${path}: start one with ${hint('up --detach', dataDir)}`);
  }
  return { directory, record };
}
