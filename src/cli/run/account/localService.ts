import { CommandError, EXIT } from '../../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../../service/data/dataDirectory.ts';
import { clientEnvironment, type ClientEnvironment } from '../../service/environment.ts';
import type { ServiceRecord } from '../../service/data/record.ts';
import { ensureService, readyService, type Wishes } from '../../service/start.ts';
import { stopService } from '../../service/stop.ts';

/** A service on this machine. */
export interface LocalService {
  readonly dataDir: string;
  readonly environment: ClientEnvironment;
  /** True when it did not run before. */
  readonly startedHere: boolean;
}

/**
 * The service of a data directory (`undefined`: the default one), started in the background when it does not run.
 * @param beforeStart called before that, since it takes a moment
 * @throws CommandError when it does not start, or runs otherwise than `wishes` says
 */
export async function localService(dataDir: string | undefined, beforeStart: (dataDir: string) => void, wishes: Wishes = {}): Promise<LocalService> {
  const path = dataDirectoryPath(dataDir);
  const running = await readyService(path, wishes);
  if (running === undefined) beforeStart(path);
  const record = running ?? (await start(path, wishes));
  const directory = findDataDirectory(path);
  if (directory === undefined) throw new Error(`${path} went away while its service started`);
  return { dataDir: path, environment: clientEnvironment(directory, record), startedHere: running === undefined };
}

/** On the usual port, or on any when that is taken: whoever calls `run` or `demo` did not ask for one. */
async function start(path: string, wishes: Wishes): Promise<ServiceRecord> {
  try {
    return await ensureService(path, wishes);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== EXIT.portTaken) throw error;
    return ensureService(path, { ...wishes, port: 0 });
  }
}

/** Ends the service of a data directory with its nodes. */
export async function stopHere(dataDir: string | undefined): Promise<void> {
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  if (directory !== undefined) await stopService(directory, 'end');
}
