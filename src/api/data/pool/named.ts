import type { Transaction } from '../../../store/intents/statement.ts';
import type { PoolAdd } from '../../../wire/types.generated.ts';
import type { Account } from '../../accounts.ts';
import { checkCertificates } from './certificates.ts';
import { checkPackages } from './packages.ts';
import { withHashedPasswords } from './passwords.ts';

export type Named = Pick<PoolAdd, 'applicationPackageReferences' | 'certificateReferences'>;

/** What a pool names has to be there. @throws BatchError as `checkPackages` and `checkCertificates` do. */
export async function checkNamed(tx: Transaction, account: Account, { applicationPackageReferences, certificateReferences }: Named): Promise<void> {
  await checkPackages(tx, account, applicationPackageReferences);
  await checkCertificates(tx, account.number, certificateReferences);
}

/** The accounts of a pool as they are stored. `before`: the pool as it is stored already. */
export async function hashed({ userAccounts }: Pick<PoolAdd, 'userAccounts'>, before?: Pick<PoolAdd, 'userAccounts'>): Promise<Pick<PoolAdd, 'userAccounts'>> {
  return userAccounts === undefined ? {} : { userAccounts: await withHashedPasswords(userAccounts, before?.userAccounts) };
}
