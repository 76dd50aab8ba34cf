import { idKey, type AccountNumber, type Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A resource of Azure Resource Manager, as clients asked for it. */
export interface ResourceRow {
  readonly resource: number;
  /** As it was created. */
  readonly id: string;
  /** Lower case: `microsoft.storage/storageaccounts`. */
  readonly type: string;
  /** JSON: what the body of a PUT has. */
  readonly spec: string;
  /** Sealed; null: it has no secret. */
  readonly secrets: string | null;
  readonly state: ProvisioningState;
  /** Of a Batch account. */
  readonly account: AccountNumber | null;
  readonly createdAt: Instant;
  readonly modifiedAt: Instant;
}

export type ProvisioningState = 'Creating' | 'Deleting' | 'Succeeded' | 'Failed';

const COLUMNS = 'resource, id, type, spec, secrets, state, account, created as "createdAt", modified as "modifiedAt"';

const find = statement<ResourceRow>('resource.find', `select ${COLUMNS} from resource where id_key = $1`);
const lock = statement<ResourceRow>('resource.lock', `select ${COLUMNS} from resource where id_key = $1 for update`);
const share = statement<ResourceRow>('resource.share', `select ${COLUMNS} from resource where id_key = $1 for share`);
const listType = statement<ResourceRow>('resource.list', `select ${COLUMNS} from resource where type = $1 and starts_with(id_key, $2) and id_key > $3 order by id_key limit $4`);
const listBelow = statement<ResourceRow>('resource.below', `select ${COLUMNS} from resource where starts_with(id_key, $1) and id_key > $2 order by id_key limit $3`);
const named = statement<ResourceRow>('resource.named', `select ${COLUMNS} from resource where type = $1 and id_key like '%/' || $2 limit 1`);
const insert = statement<ResourceRow>(
  'resource.insert',
  `insert into resource (id, id_key, type, spec, secrets, state, account, created, modified) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
    on conflict (id_key) do nothing returning ${COLUMNS}`,
);
const update = statement<ResourceRow>(
  'resource.update',
  `update resource set spec = $2, secrets = $3, state = $4, modified = greatest($5, modified + 1) where resource = $1 returning ${COLUMNS}`,
);
const ofAccount = statement<{ readonly id: string }>('resource.of-account', 'select id from resource where account = $1');
const listIn = statement<ResourceRow>('resource.listIn', `select ${COLUMNS} from resource where starts_with(id_key, $1) and not starts_with(type, 'microsoft.resources/') order by id_key limit $2`);
const count = statement<{ readonly count: number }>('resource.count', 'select count(*)::int as count from resource where type = $1 and starts_with(id_key, $2)');
const removeBelow = statement('resource.removeBelow', 'delete from resource where type = $1 and starts_with(id_key, $2)');
const removeOld = statement('resource.removeOld', 'delete from resource where type = $1 and modified < $2');
const remove = statement('resource.remove', 'delete from resource where resource = $1');

type Connection = Database | Transaction;

/** Ids compare without their case. */
export function findResource(connection: Connection, id: string): Promise<ResourceRow | null> {
  return row(connection, find, [idKey(id)]);
}

/** The id of a Batch account's resource; null: it has none. */
export async function resourceOfAccount(connection: Connection, account: AccountNumber): Promise<string | null> {
  return (await row(connection, ofAccount, [account]))?.id ?? null;
}

/** Others that lock it wait until the transaction ends. */
export function lockResource(tx: Transaction, id: string): Promise<ResourceRow | null> {
  return row(tx, lock, [idKey(id)]);
}

/** Nobody changes or removes it until the transaction ends; others may hold it as well. */
export function holdResource(tx: Transaction, id: string): Promise<ResourceRow | null> {
  return row(tx, share, [idKey(id)]);
}

/** Those of a type whose ids begin with `prefix` and come after `after`, in the order of their ids. */
export function listResources(connection: Connection, page: { readonly type: string; readonly prefix: string; readonly after: string; readonly limit: number }): Promise<readonly ResourceRow[]> {
  return rows(connection, listType, [page.type.toLowerCase(), idKey(page.prefix), idKey(page.after), page.limit]);
}

/** One of a type whose names are unique in the service, as those of hosts are. `name`: letters and digits. */
export function findResourceNamed(connection: Connection, { type, name }: { readonly type: string; readonly name: string }): Promise<ResourceRow | null> {
  return row(connection, named, [type.toLowerCase(), idKey(name)]);
}

/** Those of any type whose ids begin with `prefix` and come after `after`, in the order of their ids. */
export function listResourcesBelow(connection: Connection, page: { readonly prefix: string; readonly after: string; readonly limit: number }): Promise<readonly ResourceRow[]> {
  return rows(connection, listBelow, [idKey(page.prefix), idKey(page.after), page.limit]);
}

/** Those of all types in a group, without what Azure Resource Manager itself has there (deployments). */
export function listResourcesIn(connection: Connection, group: string, limit: number): Promise<readonly ResourceRow[]> {
  return rows(connection, listIn, [idKey(`${group}/providers/`), limit]);
}

interface Below {
  readonly type: string;
  /** What their ids begin with. */
  readonly prefix: string;
}

export async function countResources(connection: Connection, { type, prefix }: Below): Promise<number> {
  return (await row(connection, count, [type.toLowerCase(), idKey(prefix)]))?.count ?? 0;
}

export async function removeResourcesBelow(tx: Transaction, { type, prefix }: Below): Promise<void> {
  await rows(tx, removeBelow, [type.toLowerCase(), idKey(prefix)]);
}

/** Those of a type that nobody has changed since. */
export async function removeOldResources(connection: Connection, type: string, before: Instant): Promise<void> {
  await rows(connection, removeOld, [type.toLowerCase(), before]);
}

const countAt = statement<{ resources: number }>('resource.countAt', `select count(*)::int as resources from resource where type = $1 and spec ->> 'location' = $2`);

/** How many of a type a region has. */
export async function countResourcesAt(connection: Connection, type: string, location: string): Promise<number> {
  return (await row(connection, countAt, [type.toLowerCase(), location]))?.resources ?? 0;
}

interface NewResource {
  readonly id: string;
  readonly type: string;
  readonly spec: object;
  readonly secrets?: string | null;
  readonly state?: ProvisioningState;
  readonly account?: AccountNumber | null;
}

/** null: there is one of that id already. */
export function insertResource(connection: Connection, { id, type, spec, secrets = null, state = 'Succeeded', account = null }: NewResource, now: Instant): Promise<ResourceRow | null> {
  return row(connection, insert, [id, idKey(id), type.toLowerCase(), JSON.stringify(spec), secrets, state, account, now]);
}

const lockMade = statement('resource.lockMade', `select pg_advisory_xact_lock(hashtext('linarite.resource.' || $1))`);

/** Those of a type, or of a provider, are made one after the other: others that ask for this wait until `tx` ends. */
export async function lockMaking(tx: Transaction, type: string): Promise<void> {
  await rows(tx, lockMade, [type.toLowerCase()]);
}

/**
 * As `insertResource`, of a type whose names are unique in the service; 'taken': another id has the name. Those of a
 * type are made one after the other.
 */
export async function insertNamedResource(tx: Transaction, one: NewResource & { readonly name: string }, now: Instant): Promise<ResourceRow | 'taken' | null> {
  await lockMaking(tx, one.type);
  const known = await findResourceNamed(tx, one);
  if (known !== null) return idKey(known.id) === idKey(one.id) ? null : 'taken';
  return insertResource(tx, one, now);
}

/** Of a row that was locked. */
export async function updateResource(tx: Transaction, one: ResourceRow, change: { readonly spec?: object; readonly secrets?: string | null; readonly state?: ProvisioningState }, now: Instant): Promise<ResourceRow> {
  const spec = change.spec === undefined ? one.spec : JSON.stringify(change.spec);
  const secrets = change.secrets === undefined ? one.secrets : change.secrets;
  const updated = await row(tx, update, [one.resource, spec, secrets, change.state ?? one.state, now]);
  if (updated === null) throw new Error(`resource ${one.resource} is gone although it was locked`);
  return updated;
}

export async function removeResource(tx: Transaction, { resource }: Pick<ResourceRow, 'resource'>): Promise<void> {
  await rows(tx, remove, [resource]);
}
