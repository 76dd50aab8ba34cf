import { readFile } from 'node:fs/promises';
import type { BatchConnection } from './batchAccount.ts';
import { RunError, whyUnread } from '../failure.ts';
import { hint } from '../../hint.ts';
import { localService } from './localService.ts';
import type { ClientEnvironment } from '../../service/environment.ts';
import type { LogLevel } from '../../service/log/level.ts';

/** Where a run goes. */
export interface Connection {
  readonly batch: BatchConnection;
  /** Of the storage account for inputs and outputs; undefined when none is configured. */
  readonly storage: string | undefined;
  /** Set for a service on this machine. */
  readonly local: { readonly dataDir: string | undefined; readonly startedHere: boolean } | undefined;
}

/**
 * Flags that stand in for the environment. Keys come from files: what is on a command line can be read by every user.
 */
export interface ConnectionFlags {
  readonly account?: string;
  readonly endpoint?: string;
  readonly keyFile?: string;
  readonly storageConnectionStringFile?: string;
  readonly dataDir?: string;
  /** Of the service on this machine. */
  readonly logLevel?: LogLevel;
}

/**
 * The Batch account that flags or environment name; without any, or when a data directory is given, the service of that
 * directory, started when it does not run.
 * @throws RunError usage, when an account is named in part; CommandError, when a service cannot be started
 */
export async function connect(flags: ConnectionFlags, environment: NodeJS.ProcessEnv, say: (text: string) => void): Promise<Connection> {
  const account = flags.account ?? environment['AZURE_BATCH_ACCOUNT'];
  const endpoint = flags.endpoint ?? environment['AZURE_BATCH_ENDPOINT'];
  const key = flags.keyFile === undefined ? environment['AZURE_BATCH_ACCESS_KEY'] : await secretIn(flags.keyFile);
  const named = endpoint !== undefined || flags.account !== undefined || flags.keyFile !== undefined;
  if (flags.dataDir !== undefined || !named) {
    return connectLocal(flags, (path) => say(`no service runs on ${path}: starting one (${hint('down', flags.dataDir)} ends it)`));
  }
  if (flags.logLevel !== undefined) throw new RunError('usage', '--log-level is for a service on this machine, and a Batch account is named: add --data-dir, or unset AZURE_BATCH_ENDPOINT');
  const missing = [
    [endpoint, 'AZURE_BATCH_ENDPOINT (or --endpoint)'],
    [account, 'AZURE_BATCH_ACCOUNT (or --account)'],
    [key, 'AZURE_BATCH_ACCESS_KEY (or --key-file)'],
  ].flatMap(([value, name]) => (value === undefined || value === '' ? [name] : []));
  if (missing.length > 0) throw new RunError('usage', `to use a Batch account set ${missing.join(' and ')} too; to use a service on this machine unset AZURE_BATCH_ENDPOINT`);
  return {
    batch: { account: account ?? '', endpoint: withScheme(endpoint ?? ''), key: key ?? '' },
    storage: flags.storageConnectionStringFile === undefined ? storageOf(environment) : await secretIn(flags.storageConnectionStringFile),
    local: undefined,
  };
}

/**
 * The service of a data directory.
 * @param beforeStart called when it does not run, before it is started
 * @throws CommandError when it does not start, or logs from another level on
 */
export async function connectLocal({ dataDir, logLevel }: Pick<ConnectionFlags, 'dataDir' | 'logLevel'>, beforeStart: (path: string) => void): Promise<Connection> {
  const { environment, startedHere } = await localService(dataDir, beforeStart, logLevel === undefined ? {} : { logLevel });
  return connectionTo(environment, { dataDir, startedHere });
}

/** The connection that a service's own environment describes. */
export function connectionTo(environment: ClientEnvironment, local: NonNullable<Connection['local']>): Connection {
  return {
    batch: { account: environment.AZURE_BATCH_ACCOUNT, endpoint: environment.AZURE_BATCH_ENDPOINT, key: environment.AZURE_BATCH_ACCESS_KEY },
    storage: environment.AZURE_STORAGE_CONNECTION_STRING,
    local,
  };
}

/** The connection string, or one made of its parts as the Azure CLI does. */
function storageOf(environment: NodeJS.ProcessEnv): string | undefined {
  const whole = environment['AZURE_STORAGE_CONNECTION_STRING'];
  if (whole !== undefined && whole !== '') return whole;
  const account = environment['AZURE_STORAGE_ACCOUNT'];
  const key = environment['AZURE_STORAGE_KEY'];
  if (account === undefined || key === undefined) return undefined;
  const endpoint = environment['AZURE_STORAGE_BLOB_ENDPOINT'] ?? `https://${account}.blob.core.windows.net`;
  // Without a protocol the SDK takes it for one with a shared access signature.
  return `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`;
}

function withScheme(endpoint: string): string {
  return (/^https?:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
}

async function secretIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new RunError('usage', `cannot read ${file}: ${whyUnread(cause)}`, { cause });
  }
}
