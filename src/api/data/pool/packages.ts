import type { Account } from '../../accounts.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import { readActivePackages } from '../../../store/packages.ts';
import { applicationIdOf, packageOf, type PackageReference } from '../../../wire/applications.ts';
import { BatchError } from '../../../wire/errors.ts';

/**
 * A pool's nodes must find what it names. @throws BatchError InvalidApplicationPackageReferences with each application
 * that is not to be had (recorded: the key is its id as it was sent).
 */
export async function checkPackages(tx: Transaction, { number, name }: Account, references: readonly PackageReference[] = []): Promise<void> {
  const known = await readActivePackages(tx, number, references.flatMap(({ applicationId }) => applicationIdOf(applicationId) ?? []));
  const problems = references.flatMap((reference) => {
    const found = packageOf(reference, name, known);
    return typeof found === 'string' ? [{ key: reference.applicationId, value: found }] : [];
  });
  if (problems.length > 0) throw new BatchError('InvalidApplicationPackageReferences', problems);
}
