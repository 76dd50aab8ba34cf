import { endProcess } from '../../processes/end.ts';
import { isRunning } from '../../processes/identity.ts';
import { takeOver } from './data/claim.ts';
import type { DataDirectory } from './data/dataDirectory.ts';
import { type ServiceRecord, readRecord, removeRecord } from './data/record.ts';
import type { AgentsFate } from './process/run.ts';

/** What `stopService` found and ended. */
export interface Stopped {
  /** The service itself was alive. */
  readonly service: boolean;
  /** Processes that had outlived a service, by what they are. */
  readonly leftovers: readonly string[];
  /** Somebody else has removed the data directory meanwhile. */
  readonly gone: boolean;
}

/** Agents get time to end their tasks, PostgreSQL to write its checkpoint. */
const STOP_MS = 60_000;

/**
 * Ends the service, and whatever one that was killed left behind: agents with their tasks, blob server, database. With
 * `leave` agents are spared, and the next service is asked to run as this one was. Afterwards this process holds the
 * data directory. What somebody else runs is never touched: every process is known by its id and its start time.
 */
export async function stopService(directory: DataDirectory, agents: AgentsFate): Promise<Stopped> {
  const record = readRecord(directory);
  const service = record !== undefined && isRunning(record.process);
  if (service) {
    await endProcess(record.process, [
      { signal: agents === 'end' ? 'SIGTERM' : 'SIGUSR2', waitMs: STOP_MS },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ]);
  }
  // One that only starts has no record yet.
  if (!(await takeOver(directory, STOP_MS))) return { service, leftovers: [], gone: true };
  const leftovers: string[] = [];
  if (agents === 'end') {
    const { endAgents } = await import('./agents.ts');
    const count = await endAgents(directory, record);
    if (count > 0) leftovers.push(`${count} agent${count === 1 ? '' : 's'}`);
  }
  leftovers.push(...(await endParts(directory)));
  if (agents === 'end') removeRecord(directory);
  return { service, leftovers, gone: false };
}

/** Blob server first: it writes to the database. */
async function endParts(directory: DataDirectory): Promise<string[]> {
  const ended: string[] = [];
  const [{ endLeftoverBlobServer }, { endLeftovers }] = await Promise.all([import('../../blobs/embedded/server.ts'), import('../../store/embedded/leftover.ts')]);
  if ((await endLeftoverBlobServer(directory.blobs)) !== undefined) ended.push('blob server');
  if ((await endLeftovers(`${directory.database}/data`)).length > 0) ended.push('PostgreSQL');
  return ended;
}

/** Processes of a killed service that still run, for `status`. */
export function livingParts(record: ServiceRecord): string[] {
  const named = [
    ['PostgreSQL', record.database],
    ['blob server', record.blobs],
  ] as const;
  return named.flatMap(([name, part]) => (part !== undefined && isRunning(part) ? [`${name} (process ${part.pid})`] : []));
}
