import type { PackageWork } from '../agent/frames.ts';
import type { AccountNumber } from '../core/keys.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { ActivePackage } from '../store/packages.ts';
import { applicationIdOf, packageOf, packageVariable, type PackageReference } from '../wire/applications.ts';
import { lowerAscii } from '../wire/letters.ts';
import type { Signer } from './work.ts';

/** What resolves references for agents. */
export interface PackageSource {
  /** Of the account, in lower case. */
  readonly accountName: string;
  /** At least those of the applications that are named. */
  readonly active: readonly ActivePackage[];
  readonly sign: Signer;
}

/** What an agent needs to know of the packages that are asked for; one that cannot be had is said to be missing. */
export function packagesWork(references: readonly PackageReference[], { accountName, active, sign }: PackageSource): readonly PackageWork[] {
  return references.map((reference): PackageWork => {
    const found = packageOf(reference, accountName, active);
    const { applicationId, version = null } = reference;
    if (typeof found === 'string') return { kind: 'missing', application: applicationIdOf(applicationId) ?? applicationId, version, reason: found };
    const { application, container } = found;
    return { kind: 'package', application, version: found.version, variable: packageVariable(found, reference), directory: directoryOf(found), url: sign.container(container, found.version) };
  });
}

/** Throws what the store throws. */
export async function packageSource({ account, store }: PackageOptions, applications: readonly string[]): Promise<Omit<PackageSource, 'sign'>> {
  const active = applications.length === 0 ? [] : await store.readPackages(account.number, applications);
  return { accountName: lowerAscii(account.name), active };
}

interface PackageOptions {
  readonly account: { readonly number: AccountNumber; readonly name: string };
  readonly store: Pick<OwnerStore, 'readPackages'>;
}

/** The applications that are named, as they are looked up. */
export function applicationsIn(references: readonly PackageReference[]): readonly string[] {
  return references.flatMap(({ applicationId }) => applicationIdOf(applicationId) ?? []);
}

/**
 * `<id><version><yyyy-MM-dd-HH-mm>` is what nodes of the real service have (Azure/Batch issue 70); two activations may
 * come within a minute.
 */
function directoryOf({ application, version, activatedAt, activation }: ActivePackage): string {
  const minute = new Date(activatedAt).toISOString().slice(0, 16).replaceAll(/[T:]/g, '-');
  return `${application}${version}${minute}-${activation}`;
}
