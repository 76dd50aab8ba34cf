import type { Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** An application of the directory, with its service principal. */
export interface Registration {
  readonly appId: string;
  /** Of the application itself. */
  readonly objectId: string;
  readonly displayName: string;
  /** The object id of its service principal; null: it has none. */
  readonly principalId: string | null;
  readonly createdAt: Instant;
}

/** What an application proves itself with. */
export interface ApplicationCredential {
  readonly keyId: string;
  /** The object id of the application or of its service principal. */
  readonly holder: string;
  readonly kind: 'secret' | 'certificate';
  readonly displayName: string | null;
  /** The first letters of a secret. */
  readonly hint: string | null;
  /** SHA-256 of a secret; a certificate (DER). */
  readonly proof: Buffer;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

type Connection = Database | Transaction;

const COLUMNS = 'app_id as "appId", object_id as "objectId", display_name as "displayName", principal_id as "principalId", created as "createdAt"';
const CREDENTIAL_COLUMNS = 'key_id as "keyId", holder, kind, display_name as "displayName", hint, proof, starts_at as "startsAt", ends_at as "endsAt"';

const list = statement<Registration>('directory.list', `select ${COLUMNS} from application_registration order by created, app_id limit $1`);
const find = statement<Registration>('directory.find', `select ${COLUMNS} from application_registration where app_id = $1 or object_id = $1 or principal_id = $1`);
const insert = statement('directory.insert', 'insert into application_registration (app_id, object_id, display_name, created) values ($1, $2, $3, $4)');
const rename = statement('directory.rename', 'update application_registration set display_name = $2 where app_id = $1');
const setPrincipal = statement('directory.set-principal', 'update application_registration set principal_id = $2 where app_id = $1 and (principal_id is null) <> ($2::uuid is null) returning 1 as done');
const remove = statement('directory.remove', 'delete from application_registration where app_id = $1');
const removeAssignments = statement('directory.remove-assignments', `delete from resource where type = 'microsoft.authorization/roleassignments' and lower(spec -> 'properties' ->> 'principalId') = lower($1)`);
const listCredentials = statement<ApplicationCredential>('directory.list-credentials', `select ${CREDENTIAL_COLUMNS} from application_credential where app_id = $1 order by starts_at, key_id`);
const insertOne = statement('directory.insert-credential', 'insert into application_credential (key_id, app_id, holder, kind, display_name, hint, proof, starts_at, ends_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)');
const removeOne = statement('directory.remove-credential', 'delete from application_credential where holder = $1 and key_id = $2 and kind = $3 returning 1 as done');
const removeOfHolder = statement('directory.remove-credentials', 'delete from application_credential where holder = $1 and kind = any($2)');

/** The oldest first. */
export function listRegistrations(connection: Connection, limit: number): Promise<readonly Registration[]> {
  return rows(connection, list, [limit]);
}

/** By any of its ids, or of its service principal's. `id`: a GUID. */
export function findRegistration(connection: Connection, id: string): Promise<Registration | null> {
  return row(connection, find, [id]);
}

export async function insertRegistration(connection: Connection, { appId, objectId, displayName, createdAt }: Omit<Registration, 'principalId'>): Promise<void> {
  await rows(connection, insert, [appId, objectId, displayName, createdAt]);
}

export async function renameRegistration(connection: Connection, appId: string, displayName: string): Promise<void> {
  await rows(connection, rename, [appId, displayName]);
}

/** Returns false where it has one already. */
export async function insertPrincipal(connection: Connection, appId: string, principalId: string): Promise<boolean> {
  return (await row(connection, setPrincipal, [appId, principalId])) !== null;
}

/** The service principal alone, with its roles and credentials: what it was given opens nothing from then on. */
export async function removePrincipal(tx: Transaction, { appId, principalId }: Registration): Promise<void> {
  if (principalId === null) return;
  await rows(tx, removeAssignments, [principalId]);
  await rows(tx, removeOfHolder, [principalId, ['secret', 'certificate']]);
  await rows(tx, setPrincipal, [appId, null]);
}

export async function removeRegistration(tx: Transaction, registration: Registration): Promise<void> {
  await removePrincipal(tx, registration);
  await rows(tx, remove, [registration.appId]);
}

/** The application's own and its service principal's. */
export function credentialsOf(connection: Connection, appId: string): Promise<readonly ApplicationCredential[]> {
  return rows(connection, listCredentials, [appId]);
}

export async function insertCredential(connection: Connection, appId: string, { keyId, holder, kind, displayName, hint, proof, startsAt, endsAt }: ApplicationCredential): Promise<void> {
  await rows(connection, insertOne, [keyId, appId, holder, kind, displayName, hint, proof, startsAt, endsAt]);
}

/** Returns false where there is none. */
export async function removeSecret(connection: Connection, holder: string, keyId: string): Promise<boolean> {
  return (await row(connection, removeOne, [holder, keyId, 'secret'])) !== null;
}

export async function removeCertificates(tx: Transaction, holder: string): Promise<void> {
  await rows(tx, removeOfHolder, [holder, ['certificate']]);
}
