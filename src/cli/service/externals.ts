import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, EXIT } from '../errors.ts';
import { readIfThere, replaceFile } from '../files.ts';
import type { DataDirectory } from './dataDirectory.ts';
import type { Storage } from './parts.ts';

/** What a service uses instead of the embedded parts. Both may hold credentials. */
export interface Externals {
  readonly databaseUrl?: string;
  readonly storage?: Storage;
}

const DATABASE = 'database-url';
const STORAGE = 'storage-connection-string';

/**
 * Keeps in the data directory (mode 0600) what `up` was given, so that neither the process's arguments nor the record hold it, and
 * `restart` finds it again. Undefined takes back what was kept.
 */
export function keepExternals(directory: DataDirectory, given: { databaseUrl: string | undefined; storageConnectionString: string | undefined }): void {
  keep(join(directory.keys, DATABASE), given.databaseUrl);
  if (given.storageConnectionString !== undefined) parseConnectionString(given.storageConnectionString);
  keep(join(directory.keys, STORAGE), given.storageConnectionString);
}

/** What was kept. */
export function readExternals(directory: DataDirectory): Externals {
  const databaseUrl = readIfThere(join(directory.keys, DATABASE))?.trim();
  const connectionString = readIfThere(join(directory.keys, STORAGE))?.trim();
  return {
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(connectionString === undefined ? {} : { storage: parseConnectionString(connectionString) }),
  };
}

function keep(path: string, value: string | undefined): void {
  if (value === undefined) rmSync(path, { force: true });
  else replaceFile(path, `${value}\n`, 0o600);
}

/** `Name=value;…` as the portal shows it (learn.microsoft.com, "Configure Azure Storage connection strings"). Throws `CommandError`. */
function parseConnectionString(connectionString: string): Storage {
  const parts = new Map(
    connectionString
      .split(';')
      .filter((part) => part.includes('='))
      .map((part) => [part.slice(0, part.indexOf('=')).trim().toLowerCase(), part.slice(part.indexOf('=') + 1).trim()]),
  );
  const accountName = parts.get('accountname');
  const accountKey = parts.get('accountkey');
  if (accountName === undefined || accountKey === undefined) {
    throw new CommandError(EXIT.usage, 'LINARITE_STORAGE_CONNECTION_STRING needs AccountName and AccountKey');
  }
  const usual = `${parts.get('defaultendpointsprotocol') ?? 'https'}://${accountName}.blob.${parts.get('endpointsuffix') ?? 'core.windows.net'}`;
  return { accountName, accountKey, endpoint: (parts.get('blobendpoint') ?? usual).replace(/\/+$/, ''), connectionString };
}
