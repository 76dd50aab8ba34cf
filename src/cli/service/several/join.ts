import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { provideCertificates } from '../../../api/certificates.ts';
import { newKeys, type SigningKeyStore, signingKeyFile, type StoredKeys } from '../../../api/identity/signingKey.ts';
import { createSealing, type Sealing } from '../../../store/sealing.ts';
import { connect, type Connection } from '../../../store/connect.ts';
import { listAccounts } from '../../../store/intents/accounts.ts';
import { type Database, transaction, type Transaction } from '../../../store/intents/statement.ts';
import { lockShared, putShared, sharedSecret, sharedSecrets } from '../../../store/several/sharedSecrets.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { readIfThere, replaceFile } from '../../files.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { provideKeys } from '../data/keys.ts';
import { placeOfDatabase } from '../externals.ts';
import { sealingSecret } from './clusterKey.ts';

export interface Joining {
  readonly databaseUrl: string;
  readonly clusterKey: string;
  readonly directory: DataDirectory;
  /** Whether this process would have the well-known keys by itself, and whether it was told to have them. */
  readonly wellKnown: boolean;
  readonly insists: boolean;
}

/** What this process has in common with the others. */
export interface Joined {
  readonly wellKnown: boolean;
}

/** Files that all processes have alike, below the directory of keys and that of certificates. */
const KEYS = ['batch', 'storage', 'nodes', 'operator'] as const;
const CERTIFICATES = ['ca-key', 'ca'] as const;
const SIGNING = 'signing';
const CONFIGURATION = 'configuration';
const OURS = 'nodes';

/**
 * Gives this data directory the keys and the authority of certificates that all processes of the database share. The
 * first one brings its own: they are sealed with the cluster key in the database, and the lock that others wait for
 * keeps a second one from bringing others. The database has this release's tables. Throws `CommandError` for a wrong
 * cluster key, and for a data directory whose keys are those of something else.
 */
export async function joinCluster(joining: Joining): Promise<Joined> {
  const connection: Connection = { connectionString: joining.databaseUrl };
  const database = connect(connection, 'api', { maxConnections: 2 });
  try {
    const sealing = createSealing(sealingSecret(joining.clusterKey));
    return await transaction(database, async (tx) => {
      await lockShared(tx);
      const shared = await sharedSecrets(tx);
      return shared.size === 0 ? bring(tx, sealing, joining, database) : take(shared, sealing, joining);
    });
  } finally {
    await database.end();
  }
}

/** The first process: what it has becomes what all have. */
async function bring(tx: Transaction, sealing: Sealing, { directory, wellKnown, databaseUrl }: Joining, database: Database): Promise<Joined> {
  await refuseForeign(directory, databaseUrl, database);
  provideKeys(directory.keys, false);
  await provideCertificates({ directory: directory.certificates, now: new Date() });
  for (const file of filesOf(directory)) await putShared(tx, file.name, sealing.seal({ text: readIfThere(file.path) ?? '' }));
  await putShared(tx, SIGNING, sealing.seal(await signingKeyFile(join(directory.keys, 'tokens.pem')).read(newKeys)));
  await putShared(tx, CONFIGURATION, sealing.seal({ wellKnown }));
  return { wellKnown };
}

/** Accounts of the database that the keys of this directory do not open are those of another one. */
async function refuseForeign({ keys, root }: DataDirectory, databaseUrl: string, database: Database): Promise<void> {
  const accounts = await listAccounts(database);
  if (accounts.length === 0) return;
  const refusal = new CommandError(EXIT.failure, `the accounts of the database at ${placeOfDatabase(databaseUrl)} have their keys in another data directory than ${root}: start that one with the cluster key first, the others then have its keys`);
  const secret = readIfThere(join(keys, OURS))?.trim();
  if (secret === undefined) throw refusal;
  const own = createSealing(Buffer.from(secret, 'base64'));
  for (const { keys: sealed } of accounts) {
    try {
      if (sealed !== null) own.open(sealed);
    } catch {
      throw refusal;
    }
  }
}

/** A further process, or one that comes back. */
function take(shared: ReadonlyMap<string, string>, sealing: Sealing, { directory, databaseUrl, wellKnown, insists }: Joining): Joined {
  const configuration = opened(shared, CONFIGURATION, sealing, databaseUrl);
  const isWellKnown = typeof configuration === 'object' && configuration !== null && Reflect.get(configuration, 'wellKnown') === true;
  if (isWellKnown && !wellKnown && !insists) {
    throw new CommandError(EXIT.failure, `the accounts of the database at ${placeOfDatabase(databaseUrl)} have the well-known keys, and this process is reached by others, or runs as root: give --well-known-key if everybody may have them`);
  }
  if (existsSync(directory.database) && readdirSync(directory.database).length > 0) {
    throw new CommandError(EXIT.failure, `${directory.root} holds a database of its own, which its keys belong to: give another --data-dir for a process of the database at ${placeOfDatabase(databaseUrl)}`);
  }
  mkdirSync(directory.certificates, { recursive: true, mode: 0o755 });
  for (const { name, path, mode } of filesOf(directory)) {
    const file = opened(shared, name, sealing, databaseUrl);
    const text = typeof file === 'object' && file !== null && 'text' in file && typeof file.text === 'string' ? file.text : undefined;
    if (text === undefined) throw new Error(`the shared secret ${name} has no text`);
    if (readIfThere(path) !== text) replaceFile(path, text, mode);
  }
  return { wellKnown: isWellKnown };
}

function opened(shared: ReadonlyMap<string, string>, name: string, sealing: Sealing, databaseUrl: string): unknown {
  const sealed = shared.get(name);
  if (sealed === undefined) throw new Error(`the database shares no ${name}`);
  try {
    return sealing.open(sealed);
  } catch {
    throw new CommandError(EXIT.failure, `the cluster key is not that of the database at ${placeOfDatabase(databaseUrl)} (--cluster-key-file or LINARITE_CLUSTER_KEY): all its processes have the same`);
  }
}

function filesOf({ keys, certificates }: DataDirectory): readonly { readonly name: string; readonly path: string; readonly mode: number }[] {
  return [
    ...KEYS.map((name) => ({ name: `key ${name}`, path: join(keys, name), mode: 0o600 })),
    ...CERTIFICATES.map((name) => ({ name: `certificate ${name}`, path: join(certificates, `${name}.pem`), mode: name === 'ca' ? 0o644 : 0o600 })),
  ];
}

/** What another process has made is taken so soon, and what it has forgotten is refused. */
const FRESH_MS = 2_000;

/** The keys that all processes sign tokens with. */
export function sharedSigningKeys(database: Database, clusterKey: string): SigningKeyStore {
  const sealing = createSealing(sealingSecret(clusterKey));
  const read = async (tx: Database | Transaction): Promise<StoredKeys> => {
    const sealed = await sharedSecret(tx, SIGNING);
    if (sealed === null) throw new Error('the database shares no signing key');
    return sealing.open(sealed) as StoredKeys;
  };
  return {
    freshMs: FRESH_MS,
    read: () => read(database),
    change: (next) =>
      transaction(database, async (tx) => {
        await lockShared(tx);
        const changed = await next(await read(tx));
        await putShared(tx, SIGNING, sealing.seal(changed));
        return changed;
      }),
  };
}
