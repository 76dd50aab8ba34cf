import { randomBytes } from 'node:crypto';
import type { BlobAccount } from '../../blobs/account.ts';
import { TransferError } from '../../blobs/transferError.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { lockAccount } from '../../store/intents/accounts.ts';
import {
  activatePackage,
  type ApplicationRow,
  beginPackageRemoval,
  countApplications,
  countPackages,
  deleteApplication,
  endPackageRemoval,
  findApplication,
  findPackage,
  insertApplication,
  insertPackage,
  listApplications,
  listPackages,
  lockApplication,
  type PackageRemoval,
  type PackageRow,
  updateApplication,
} from '../../store/intents/applications.ts';
import { transaction, type Database, type Transaction } from '../../store/intents/statement.ts';
import { isApplicationId, isPackageVersion } from '../../wire/applications.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { LIMITS } from '../../wire/limits.ts';

/**
 * Applications and their packages, as the management plane of Azure has them ("Application", "ApplicationPackage"):
 * what any plane does with them. A package is made, its zip file is uploaded to the URL that is given for it, and then
 * it is activated: from then on pools and tasks may name it.
 */

/** Whose applications, and what is worked with. */
export interface Workplace {
  readonly database: Database;
  /** Where the packages lie. */
  readonly storage: BlobAccount;
  readonly account: AccountNumber;
  readonly now: Instant;
  /** The time that the storage goes by. */
  readonly wallClock: () => Instant;
  /**
   * Asked under the lock of the application that changes, with it or the package that the request names; null: it is
   * not there. Throws where the request was meant for another state of it.
   */
  readonly allows?: (found: { readonly modifiedAt: Instant } | null) => void;
}

export interface ApplicationView {
  readonly id: string;
  readonly displayName: string | null;
  /** Whether a package may be replaced under the same version. */
  readonly allowUpdates: boolean;
  readonly defaultVersion: string | null;
  readonly modifiedAt: Instant;
}

/** What a client may set; what is left out stays. */
export interface ApplicationProperties {
  readonly displayName?: string;
  readonly allowUpdates?: boolean;
  /** Empty: none. */
  readonly defaultVersion?: string;
}

export interface PackageView {
  readonly version: string;
  readonly state: 'Pending' | 'Active';
  /** null: it is not active. */
  readonly lastActivatedAt: Instant | null;
  readonly modifiedAt: Instant;
}

/** A package with the URL of its zip file: to write it, or only to read one that may not be replaced. */
export interface PackageWithUrl extends PackageView {
  readonly storageUrl: string;
  readonly storageUrlExpiresAt: Instant;
}

/** A page of a list: what comes after the key `after` (in lower case; '': from the first on), and at most `limit`. */
export interface Page {
  readonly after: string;
  readonly limit: number;
}

/**
 * Makes the application, or changes what is given of one that is there. @throws BatchError InvalidPropertyValue,
 * ApplicationQuotaReached, RequestedDefaultVersionNotActive.
 */
export function putApplication(at: Workplace, id: string, properties: ApplicationProperties): Promise<ApplicationView> {
  return transaction(at.database, async (tx) => {
    await lockAccount(tx, at.account);
    at.allows?.(await lockApplication(tx, at.account, id));
    return change(tx, at, await lockedOrMade(tx, at, id), properties);
  });
}

/** @throws BatchError ApplicationNotFound, RequestedDefaultVersionNotActive. */
export function patchApplication(at: Workplace, id: string, properties: ApplicationProperties): Promise<ApplicationView> {
  return transaction(at.database, async (tx) => {
    const found = await locked(tx, at, id);
    at.allows?.(found);
    return change(tx, at, found, properties);
  });
}

/** @throws BatchError ApplicationNotFound. */
export async function getApplication({ database, account }: Workplace, id: string): Promise<ApplicationView> {
  const found = await findApplication(database, account, id);
  if (found === null) throw new BatchError('ApplicationNotFound');
  return viewOf(found);
}

/** In the order of their ids. */
export async function pageOfApplications({ database, account }: Workplace, { after, limit }: Page): Promise<readonly ApplicationView[]> {
  return (await listApplications(database, account, after, limit)).map(viewOf);
}

/** False: there was none. @throws BatchError ApplicationPackagesNotEmpty. */
export async function removeApplication(at: Workplace, id: string): Promise<boolean> {
  const container = await transaction(at.database, async (tx) => {
    const found = await lockApplication(tx, at.account, id);
    if (found === null) return null;
    at.allows?.(found);
    if ((await countPackages(tx, found)) > 0) throw new BatchError('ApplicationPackagesNotEmpty');
    await deleteApplication(tx, found);
    return found.container;
  });
  if (container === null) return false;
  // Nothing names it any more; a storage that is away keeps an empty container.
  await at.storage.deleteContainer(container).catch(() => undefined);
  return true;
}

/**
 * Makes the package, and its application where there is none yet; one that is there is given another URL. @throws
 * BatchError InvalidPropertyValue, ApplicationQuotaReached, ApplicationPackageQuotaReached, ServerBusy.
 */
export async function putPackage(at: Workplace, id: string, version: string): Promise<PackageWithUrl> {
  checkVersion(version);
  const { application, made } = await transaction(at.database, async (tx) => {
    const application = await lockedOrMade(tx, at, id);
    const known = await findPackage(tx, application, version);
    at.allows?.(known);
    if (known !== null) {
      refuseRemoved(known);
      return { application, made: known };
    }
    if ((await countPackages(tx, application)) >= LIMITS.packagesPerApplication) throw new BatchError('ApplicationPackageQuotaReached');
    await insertPackage(tx, application, version, at.now);
    return { application, made: await there(tx, application, version) };
  });
  await stored(() => at.storage.createContainer(application.container));
  return withUrl(at, application, made);
}

/** @throws BatchError ApplicationNotFound, ApplicationPackageNotFound. */
export async function getPackage(at: Workplace, id: string, version: string): Promise<PackageWithUrl> {
  const application = await findApplication(at.database, at.account, id);
  if (application === null) throw new BatchError('ApplicationNotFound');
  const found = await findPackage(at.database, application, version);
  if (found === null) throw new BatchError('ApplicationPackageNotFound');
  return withUrl(at, application, found);
}

/** In the order of their versions. @throws BatchError ApplicationNotFound. */
export async function pageOfPackages({ database, account }: Workplace, id: string, { after, limit }: Page): Promise<readonly PackageView[]> {
  const application = await findApplication(database, account, id);
  if (application === null) throw new BatchError('ApplicationNotFound');
  return (await listPackages(database, application, after, limit)).map(viewOfPackage);
}

/**
 * What was uploaded is what nodes get from now on; also again, for one that was replaced. @throws BatchError
 * ApplicationNotFound, ApplicationPackageNotFound, ApplicationPackageBlobNotFound, OperationInvalidForCurrentState for
 * one of an application that allows no updates, InvalidPropertyValue for another format than zip, ServerBusy.
 */
export async function activate(at: Workplace, id: string, version: string, format: string): Promise<PackageWithUrl> {
  if (lowerAscii(format) !== 'zip') throw invalidProperty('format', format, 'The format of a package is zip.');
  return transaction(at.database, async (tx) => {
    const application = await locked(tx, at, id);
    const known = await there(tx, application, version);
    at.allows?.(known);
    refuseRemoved(known);
    if (known.activatedAt !== null && !application.allowUpdates) {
      throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: 'The package is active, and its application does not allow updates of its packages.' }]);
    }
    if (!(await stored(() => at.storage.hasBlob(application.container, known.version)))) throw new BatchError('ApplicationPackageBlobNotFound');
    await activatePackage(tx, application, version, at.now);
    return withUrl(at, application, await there(tx, application, version));
  });
}

/**
 * False: there was none. Nodes that have it keep it; none gets it any more. @throws BatchError ApplicationNotFound,
 * ServerBusy.
 */
export async function removePackage(at: Workplace, id: string, version: string): Promise<boolean> {
  const removal = await transaction(at.database, async (tx): Promise<PackageRemoval | null> => {
    const application = await locked(tx, at, id);
    const known = await findPackage(tx, application, version);
    if (known === null) return null;
    at.allows?.(known);
    const { container, defaultVersion } = application;
    if (defaultVersion === known.version) await updateApplication(tx, { ...application, defaultVersion: null }, at.now);
    await beginPackageRemoval(tx, application, version, at.now);
    return { account: at.account, application: application.application, container, version: known.version };
  });
  if (removal === null) return false;
  await stored(() => finishPackageRemoval(at, removal));
  return true;
}

/** Does what is left of a removal; may be done again. A package without a row has no blob that anybody could get. */
export async function finishPackageRemoval({ database, storage }: Pick<Workplace, 'database' | 'storage'>, removal: PackageRemoval): Promise<void> {
  await storage.deleteBlob(removal.container, removal.version);
  await endPackageRemoval(database, removal);
}

async function locked(tx: Transaction, { account }: Workplace, id: string): Promise<ApplicationRow> {
  const found = await lockApplication(tx, account, id);
  if (found === null) throw new BatchError('ApplicationNotFound');
  return found;
}

async function lockedOrMade(tx: Transaction, at: Workplace, id: string): Promise<ApplicationRow> {
  if (!isApplicationId(id)) throw invalidProperty('applicationName', id, 'The id of an application has 1 to 64 letters, digits, hyphens and underscores.');
  // The account's row orders creations, so that the limit is exact.
  await lockAccount(tx, at.account);
  const found = await lockApplication(tx, at.account, id);
  if (found !== null) return found;
  if ((await countApplications(tx, at.account)) >= LIMITS.applicationsPerAccount) throw new BatchError('ApplicationQuotaReached');
  await insertApplication(tx, at.account, id, containerFor(id), at.now);
  return locked(tx, at, id);
}

async function change(tx: Transaction, at: Workplace, application: ApplicationRow, properties: ApplicationProperties): Promise<ApplicationView> {
  const { displayName = application.displayName, allowUpdates = application.allowUpdates, defaultVersion } = properties;
  const chosen = await chosenDefault(tx, application, defaultVersion);
  await updateApplication(tx, { ...application, displayName, allowUpdates, defaultVersion: chosen }, at.now);
  return viewOf(await locked(tx, at, application.id));
}

async function there(tx: Transaction, application: ApplicationRow, version: string): Promise<PackageRow> {
  const found = await findPackage(tx, application, version);
  if (found === null) throw new BatchError('ApplicationPackageNotFound');
  return found;
}

function refuseRemoved({ removingAt }: PackageRow): void {
  if (removingAt !== null) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: 'The package is being deleted.' }]);
}

function checkVersion(version: string): void {
  if (isPackageVersion(version)) return;
  throw invalidProperty('versionName', version, 'A version has 1 to 64 letters, digits, hyphens, underscores and dots, and does not begin with a dot.');
}

/**
 * Left out, it stays; empty, as Terraform sends it, there is none.
 * @throws BatchError RequestedDefaultVersionNotActive.
 */
async function chosenDefault(tx: Transaction, application: ApplicationRow, asked: string | undefined): Promise<string | null> {
  if (asked === undefined) return application.defaultVersion;
  if (asked === '') return null;
  const wanted = await findPackage(tx, application, asked);
  if (wanted === null || wanted.activatedAt === null) throw new BatchError('RequestedDefaultVersionNotActive');
  return wanted.version;
}

function viewOf({ id, displayName, allowUpdates, defaultVersion, modifiedAt }: ApplicationRow): ApplicationView {
  return { id, displayName, allowUpdates, defaultVersion, modifiedAt };
}

function viewOfPackage({ version, activatedAt, modifiedAt }: PackageRow): PackageView {
  return { version, state: activatedAt === null ? 'Pending' : 'Active', lastActivatedAt: activatedAt, modifiedAt };
}

/** Recorded: a URL is good from five minutes ago on for four hours, and each answer has another. */
const URL_BEGINS_BEFORE_MS = 5 * 60_000;
const URL_LASTS_MS = 4 * 3_600_000;

function withUrl({ storage, wallClock }: Workplace, { container, allowUpdates }: ApplicationRow, row: PackageRow): PackageWithUrl {
  const now = wallClock();
  const expiresAt = now + URL_LASTS_MS;
  const rights = row.activatedAt === null || allowUpdates ? (['read', 'write'] as const) : (['read'] as const);
  const storageUrl = storage.grant({ container, blob: row.version, rights, startsAt: now - URL_BEGINS_BEFORE_MS, expiresAt });
  return { ...viewOfPackage(row), storageUrl, storageUrlExpiresAt: expiresAt };
}

/** A container's name has at most 63 characters ("Naming and Referencing Containers, Blobs, and Metadata"). */
const ID_PART = 26;

/** Recorded: `app-`, the id with `-` for `_`, `-` and 32 hexadecimal digits. Containers have no `--`. */
function containerFor(id: string): string {
  const part = lowerAscii(id).replaceAll(/[_-]+/g, '-').slice(0, ID_PART).replaceAll(/^-|-$/g, '');
  return `app-${part === '' ? '' : `${part}-`}${randomBytes(16).toString('hex')}`;
}

/** What the storage is asked. @throws BatchError ServerBusy when it is away, or does not let us. */
async function stored<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    throw new BatchError('ServerBusy', [{ key: 'Reason', value: `The storage account of the applications: ${error.message}` }], { cause: error });
  }
}
