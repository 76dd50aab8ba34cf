import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, EXIT } from '../errors.ts';
import { readIfThere, replaceFile } from '../files.ts';
import type { DataDirectory } from './data/dataDirectory.ts';

/** A storage account that is not ours. */
interface Storage {
  readonly accountName: string;
  readonly accountKey: string;
  /** Without a closing slash. */
  readonly endpoint: string;
  readonly connectionString: string;
}

/** What a service uses instead of the embedded parts. Both may hold credentials. */
export interface Externals {
  readonly databaseUrl?: string;
  readonly storage?: Storage;
  /** What all processes of the database share; undefined: this one has it for itself. */
  readonly clusterKey?: string;
}

const DATABASE = 'database-url';
const STORAGE = 'storage-connection-string';
const CLUSTER_KEY = 'cluster-key';

/** The options of `up`. Undefined changes nothing, and an empty text removes what was kept. */
export interface GivenExternals {
  readonly databaseUrl: string | undefined;
  readonly storageConnectionString: string | undefined;
  readonly clusterKey: string | undefined;
}

/**
 * Keeps in the data directory (mode 0600) what `up` was given, so that neither the process's arguments nor the record
 * hold it, and `restart` finds it again. Each changes only when it was itself given. Returns how to take the change
 * back, for a service that does not start. Throws `CommandError` for what cannot be used, and then nothing is changed.
 */
export function keepExternals(directory: DataDirectory, given: GivenExternals): () => void {
  if (given.databaseUrl) parseDatabaseUrl(given.databaseUrl);
  if (given.storageConnectionString) parseConnectionString(given.storageConnectionString);
  const undo = [keep(join(directory.keys, DATABASE), given.databaseUrl), keep(join(directory.keys, STORAGE), given.storageConnectionString), keep(join(directory.keys, CLUSTER_KEY), given.clusterKey)];
  try {
    refuseHalf(readExternals(directory));
  } catch (error) {
    undo.forEach((each) => each());
    throw error;
  }
  return () => undo.forEach((each) => each());
}

/** Processes that share a database share its blobs as well: those of a data directory are on its machine alone. */
function refuseHalf({ clusterKey, databaseUrl, storage }: Externals): void {
  if (clusterKey === undefined) return;
  if (databaseUrl === undefined) throw new CommandError(EXIT.usage, 'a cluster key is for several processes on one database: give it in LINARITE_DATABASE_URL or --database-url as well, or leave out --cluster-key-file and LINARITE_CLUSTER_KEY');
  if (storage === undefined) throw new CommandError(EXIT.usage, 'several processes on one database need a storage account that all of them reach: give it in LINARITE_STORAGE_CONNECTION_STRING');
}

/** Whether the URL itself holds a password, which has no place among a process's arguments: other users read those. */
export function holdsPassword(databaseUrl: string): boolean {
  const url = parseDatabaseUrl(databaseUrl);
  return url.password !== '' || url.searchParams.has('password');
}

/** Where a database is, without user and password. */
export function placeOfDatabase(databaseUrl: string): string {
  const url = parseDatabaseUrl(databaseUrl);
  return url.searchParams.get('host') ?? `${url.hostname || 'localhost'}:${url.port || '5432'}`;
}

/** What was kept. */
export function readExternals(directory: DataDirectory): Externals {
  const databaseUrl = readIfThere(join(directory.keys, DATABASE))?.trim();
  const connectionString = readIfThere(join(directory.keys, STORAGE))?.trim();
  const clusterKey = readIfThere(join(directory.keys, CLUSTER_KEY))?.trim();
  return {
    ...(clusterKey === undefined ? {} : { clusterKey }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(connectionString === undefined ? {} : { storage: parseConnectionString(connectionString) }),
  };
}

function keep(path: string, value: string | undefined): () => void {
  if (value === undefined) return () => undefined;
  const former = readIfThere(path);
  put(path, value === '' ? undefined : `${value}\n`);
  return () => put(path, former);
}

function put(path: string, text: string | undefined): void {
  if (text === undefined) rmSync(path, { force: true });
  else replaceFile(path, text, 0o600);
}

/** The URL is not shown when it is wrong: it may hold a password. */
function parseDatabaseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && ['postgres:', 'postgresql:'].includes(url.protocol)) return url;
  throw new CommandError(EXIT.usage, 'the database needs a URL of the form postgres://user:password@host:port/database');
}

/**
 * `Name=value;…` as the portal shows it (learn.microsoft.com, "Configure Azure Storage connection strings"). Throws
 * `CommandError`.
 */
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
