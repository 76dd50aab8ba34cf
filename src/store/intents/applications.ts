import { idKey, type AccountNumber, type Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

export interface ApplicationRow {
  readonly application: number;
  readonly id: string;
  readonly displayName: string | null;
  readonly allowUpdates: boolean;
  /** As the package spells it; null: there is none. */
  readonly defaultVersion: string | null;
  /** Where its packages lie. */
  readonly container: string;
  readonly modifiedAt: Instant;
}

export interface PackageRow {
  readonly version: string;
  readonly modifiedAt: Instant;
  /** null: not activated. */
  readonly activatedAt: Instant | null;
  /** Since when it is being deleted; null: it is not. Nobody has activated it then. */
  readonly removingAt: Instant | null;
}

const APPLICATION_COLUMNS = `a.application, a.id, a.display_name as "displayName", a.allow_updates as "allowUpdates",
  (select p.version from application_package p where p.application = a.application and p.version_key = a.default_version) as "defaultVersion",
  a.container, a.modified as "modifiedAt"`;
const PACKAGE_COLUMNS = 'p.version, p.modified as "modifiedAt", p.activated_at as "activatedAt", p.removing_at as "removingAt"';

const find = statement<ApplicationRow>('application.find', `select ${APPLICATION_COLUMNS} from application a where a.account = $1 and a.id_key = $2`);
const lock = statement<{ application: number }>('application.lock', 'select application from application where account = $1 and id_key = $2 for update');
const list = statement<ApplicationRow>('application.list', `select ${APPLICATION_COLUMNS} from application a where a.account = $1 and a.id_key > $2 order by a.id_key limit $3`);
const count = statement<{ applications: number }>('application.count', 'select count(*)::int as applications from application where account = $1');
const insert = statement('application.insert', `insert into application (account, id, id_key, allow_updates, container, created, modified) values ($1, $2, $3, true, $4, $5, $5)`);
const update = statement('application.update', `update application set display_name = $2, allow_updates = $3, default_version = $4, modified = greatest($5, modified + 1) where application = $1`);
const remove = statement('application.remove', 'delete from application where application = $1');

const findOne = statement<PackageRow>('application.package', `select ${PACKAGE_COLUMNS} from application_package p where p.application = $1 and p.version_key = $2`);
const listThem = statement<PackageRow>('application.packages', `select ${PACKAGE_COLUMNS} from application_package p where p.application = $1 and p.version_key > $2 order by p.version_key limit $3`);
const countThem = statement<{ packages: number }>('application.countPackages', 'select count(*)::int as packages from application_package where application = $1');
const insertOne = statement('application.insertPackage', 'insert into application_package (application, version, version_key, created, modified) values ($1, $2, $3, $4, $4)');
const activateOne = statement(
  'application.activatePackage',
  `update application_package set activated_at = $3, activation = nextval('application_activation'), modified = greatest($3, modified + 1) where application = $1 and version_key = $2`,
);
const beginRemoval = statement('application.beginRemoval', 'update application_package set activated_at = null, removing_at = $3, modified = greatest($3, modified + 1) where application = $1 and version_key = $2');
const endRemoval = statement('application.endRemoval', 'delete from application_package where application = $1 and version_key = $2 and removing_at is not null');
const removing = statement<PackageRemoval>(
  'application.removing',
  'select a.account, a.application, a.container, p.version from application_package p join application a using (application) where p.removing_at is not null order by p.application, p.version_key',
);

/** An application as pools and tasks may name it: with the versions that are active, in their order. */
export interface UsableApplication {
  readonly id: string;
  readonly displayName: string | null;
  readonly versions: readonly string[];
}

const USABLE = `select a.id, a.display_name as "displayName", u.versions from application a,
  lateral (select array_agg(p.version order by p.version_key) as versions from application_package p where p.application = a.application and p.activated_at is not null) u
  where a.account = $1 and u.versions is not null`;
const findUsableOne = statement<UsableApplication>('application.usable', `${USABLE} and a.id_key = $2`);
const listUsableOnes = statement<UsableApplication>('application.listUsable', `${USABLE} and a.id_key > $2 order by a.id_key limit $3`);

type Connection = Database | Transaction;

export function findApplication(connection: Connection, account: AccountNumber, id: string): Promise<ApplicationRow | null> {
  return row(connection, find, [account, idKey(id)]);
}

/** Locks the application, then reads it: what changed while we waited is seen. */
export async function lockApplication(tx: Transaction, account: AccountNumber, id: string): Promise<ApplicationRow | null> {
  return (await row(tx, lock, [account, idKey(id)])) === null ? null : findApplication(tx, account, id);
}

/** Those after the key `after`, in the order of their ids. */
export function listApplications(connection: Connection, account: AccountNumber, after: string, limit: number): Promise<readonly ApplicationRow[]> {
  return rows(connection, list, [account, after, limit]);
}

export async function countApplications(connection: Connection, account: AccountNumber): Promise<number> {
  return (await row(connection, count, [account]))?.applications ?? 0;
}

export async function insertApplication(tx: Transaction, account: AccountNumber, id: string, container: string, now: Instant): Promise<void> {
  await rows(tx, insert, [account, id, idKey(id), container, now]);
}

/** Writes what stands in a row that was locked. */
export async function updateApplication(tx: Transaction, { application, displayName, allowUpdates, defaultVersion }: ApplicationRow, now: Instant): Promise<void> {
  await rows(tx, update, [application, displayName, allowUpdates, defaultVersion === null ? null : idKey(defaultVersion), now]);
}

export async function deleteApplication(tx: Transaction, { application }: ApplicationRow): Promise<void> {
  await rows(tx, remove, [application]);
}

export function findPackage(connection: Connection, { application }: ApplicationRow, version: string): Promise<PackageRow | null> {
  return row(connection, findOne, [application, idKey(version)]);
}

/** Those after the key `after`, in the order of their versions. */
export function listPackages(connection: Connection, { application }: ApplicationRow, after: string, limit: number): Promise<readonly PackageRow[]> {
  return rows(connection, listThem, [application, after, limit]);
}

export async function countPackages(connection: Connection, { application }: ApplicationRow): Promise<number> {
  return (await row(connection, countThem, [application]))?.packages ?? 0;
}

export async function insertPackage(tx: Transaction, { application }: ApplicationRow, version: string, now: Instant): Promise<void> {
  await rows(tx, insertOne, [application, version, idKey(version), now]);
}

/** Under a number that no activation had before. */
export async function activatePackage(tx: Transaction, { application }: ApplicationRow, version: string, now: Instant): Promise<void> {
  await rows(tx, activateOne, [application, idKey(version), now]);
}

/** A package that is being deleted, and where its blob lies. */
export interface PackageRemoval extends Pick<ApplicationRow, 'application' | 'container'> {
  readonly account: AccountNumber;
  readonly version: string;
}

/** Nobody gets the package from then on. */
export async function beginPackageRemoval(tx: Transaction, { application }: ApplicationRow, version: string, now: Instant): Promise<void> {
  await rows(tx, beginRemoval, [application, idKey(version), now]);
}

/** Once its blob is gone. */
export async function endPackageRemoval(database: Database, { application, version }: Pick<PackageRemoval, 'application' | 'version'>): Promise<void> {
  await rows(database, endRemoval, [application, idKey(version)]);
}

/** Those of all accounts that have begun and not ended. */
export function packageRemovals(database: Database): Promise<readonly PackageRemoval[]> {
  return rows(database, removing, []);
}

export function findUsable(database: Database, account: AccountNumber, id: string): Promise<UsableApplication | null> {
  return row(database, findUsableOne, [account, idKey(id)]);
}

/** Those after the key `after`, in the order of their ids. */
export function listUsable(database: Database, account: AccountNumber, after: string, limit: number): Promise<readonly UsableApplication[]> {
  return rows(database, listUsableOnes, [account, after, limit]);
}
