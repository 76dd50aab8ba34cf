import { lowerAscii } from './letters.ts';

/** Applications and versions are named by what stands here (limits.md 7.3; patterns of the management plane). */
const ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;
const VERSION_FORM = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$/;

/** How the management plane names an application of an account in full. */
const RESOURCE_FORM = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Batch\/batchAccounts\/([^/]+)\/applications\/([^/]+)$/i;

export function isApplicationId(text: string): boolean {
  return ID_FORM.test(text);
}

export function isPackageVersion(text: string): boolean {
  return VERSION_FORM.test(text);
}

/**
 * The id that an `applicationId` means: itself, or the last part of a full name, as newer versions want it for pools.
 * undefined: it is neither.
 */
export function applicationIdOf(text: string): string | undefined {
  const id = RESOURCE_FORM.exec(text)?.[2] ?? text;
  return isApplicationId(id) ? id : undefined;
}

/** The account that a full name is of, in lower case; undefined: the name has none. */
function accountOfApplication(text: string): string | undefined {
  const account = RESOURCE_FORM.exec(text)?.[1];
  return account === undefined ? undefined : lowerAscii(account);
}

export interface PackageReference {
  readonly applicationId: string;
  readonly version?: string | undefined;
}

/** A package that nodes can be given. Names are as they were made. */
export interface NamedPackage {
  readonly application: string;
  readonly version: string;
  readonly isDefault: boolean;
}

/**
 * The package that a reference leads to; or a sentence why there is none. The first sentence is the service's
 * (recorded), the other is ours.
 */
export function packageOf<Package extends NamedPackage>({ applicationId, version }: PackageReference, account: string, packages: readonly Package[]): Package | string {
  const isOurs = (accountOfApplication(applicationId) ?? account) === account;
  const id = isOurs ? applicationIdOf(applicationId) : undefined;
  const versions = packages.filter(({ application }) => id !== undefined && lowerAscii(application) === lowerAscii(id));
  const found = versions.find((each) => (version === undefined ? each.isDefault : lowerAscii(each.version) === lowerAscii(version)));
  if (found !== undefined) return found;
  return version === undefined && versions.length > 0 ? 'The reference names no version, and the application has no default version.' : 'The specified application package does not exist.';
}

/**
 * The variable by which programs find a package, on Linux (task semantics 6.6): without the version where the reference
 * names none.
 */
export function packageVariable({ application, version }: NamedPackage, reference: PackageReference): string {
  const name = reference.version === undefined ? application : `${application}_${version}`;
  return `AZ_BATCH_APP_PACKAGE_${name.replaceAll(/[.#-]/g, '_')}`;
}
