import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { connect, connectionTo, type Connection, type ConnectionFlags } from '../account/connection.ts';
import { dataDirectoryPath, findDataDirectory } from '../../service/data/dataDirectory.ts';
import { readRecord } from '../../service/data/record.ts';
import { clientEnvironment } from '../../service/environment.ts';
import { reasonOf, RunError, whyUnread } from '../failure.ts';

/** One of the accounts that a run goes to, as it was named. */
export interface Place {
  readonly name: string;
  readonly flags: ConnectionFlags;
}

/** What an entry of the file of accounts may have, and whether it stands for a file of its own. */
const MEMBERS = { dataDir: true, account: false, endpoint: false, keyFile: true, storageConnectionStringFile: true } as const;

/**
 * The accounts of `--account A --account B`: entries of the file that `--accounts` or LINARITE_ACCOUNTS names, or data
 * directories of services on this machine. Undefined: there is one at most, and no file is given, so that the name is
 * that of a Batch account.
 * @throws RunError usage
 */
export function readPlaces(names: readonly string[], file: string | undefined, environment: NodeJS.ProcessEnv): readonly Place[] | undefined {
  const path = file ?? (names.length > 1 ? environment['LINARITE_ACCOUNTS'] || undefined : undefined);
  if (path === undefined && names.length < 2) return undefined;
  if (names.length === 0) throw new RunError('usage', `--accounts ${path}: say which of them with --account NAME, once for each`);
  const entries = path === undefined ? new Map<string, ConnectionFlags>() : readFile(path);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new RunError('usage', `--account ${twice} is given twice: the same account cannot stand in for itself`);
  return names.map((name) => {
    const flags = entries.get(name);
    if (flags !== undefined) return { name, flags };
    if (/[/.]/.test(name)) {
      if (!existsSync(name)) throw new RunError('usage', `--account ${name}: there is no such data directory; start a service with linarite up --detach --data-dir ${name}`);
      return { name, flags: { dataDir: name } };
    }
    const known = path === undefined ? 'write ./NAME for a data directory, or name a file of accounts with --accounts' : `${path} has ${[...entries.keys()].join(', ')}`;
    throw new RunError('usage', `--account ${name}: there is no such account; ${known}`);
  });
}

/** `{"east": {"dataDir": "east"}, "west": {"account": …, "endpoint": …, "keyFile": …}}`, paths beside the file. */
function readFile(path: string): ReadonlyMap<string, ConnectionFlags> {
  const entries: unknown = parsed(path);
  if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) throw new RunError('usage', `${path} has to be a JSON object, with a member for each account`);
  return new Map(Object.entries(entries).map(([name, entry]) => [name, readEntry(path, name, entry)]));
}

function parsed(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RunError('usage', `cannot read ${path}: ${whyUnread(cause)}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RunError('usage', `${path} is no JSON: ${reasonOf(cause)}`, { cause });
  }
}

function readEntry(path: string, name: string, entry: unknown): ConnectionFlags {
  const wrong = (what: string): never => {
    throw new RunError('usage', `${path}, ${name}: ${what}`);
  };
  if (typeof entry !== 'object' || entry === null) return wrong('it has to be an object');
  const members = Object.entries(entry).map(([member, value]: [string, unknown]) => {
    if (!isMember(member)) return wrong(`there is no ${member}, only ${Object.keys(MEMBERS).join(', ')}; keys stand in files of their own`);
    if (typeof value !== 'string' || value === '') return wrong(`${member} has to be a text`);
    return [member, MEMBERS[member] ? resolve(dirname(path), value) : value] as const;
  });
  const flags: ConnectionFlags = Object.fromEntries(members);
  if (flags.dataDir !== undefined && members.length > 1) return wrong('dataDir names a service on this machine: nothing else goes with it');
  if (flags.dataDir === undefined && (flags.account === undefined || flags.endpoint === undefined || flags.keyFile === undefined)) return wrong('it needs dataDir, or account, endpoint and keyFile');
  return flags;
}

function isMember(name: string): name is keyof typeof MEMBERS {
  return Object.hasOwn(MEMBERS, name);
}

/**
 * Where a place is, without asking it; what the environment says of another account does not count. Undefined: no
 * service has run on the data directory since it was last ended. One that was killed is taken for one that may come
 * back: none is started here, since a region that is gone is what this is about.
 * @throws RunError usage
 */
export async function connectPlace({ name, flags }: Place): Promise<Connection | undefined> {
  if (flags.dataDir !== undefined) return localConnection(flags.dataDir);
  try {
    return await connect(flags, {}, () => undefined);
  } catch (error) {
    throw error instanceof RunError ? new RunError(error.failure, `${name}: ${error.message}`, { cause: error }) : error;
  }
}

function localConnection(dataDir: string): Connection | undefined {
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  const record = directory === undefined ? undefined : readRecord(directory);
  return directory === undefined || record === undefined ? undefined : connectionTo(clientEnvironment(directory, record), { dataDir, startedHere: false });
}

/** @throws RunError usage, when two names stand for one account */
export function refuseTwice(connected: readonly { readonly name: string; readonly connection: Connection }[]): void {
  const seen = new Map<string, string>();
  for (const { name, connection: { batch } } of connected) {
    const key = `${batch.account.toLowerCase()} ${new URL(batch.endpoint).host.toLowerCase().replace(/^localhost(?=:|$)/, '127.0.0.1')}`;
    const other = seen.get(key);
    if (other !== undefined) throw new RunError('usage', `--account ${other} and --account ${name} are one account, ${batch.account} at ${batch.endpoint}: it cannot stand in for itself`);
    seen.set(key, name);
  }
}

