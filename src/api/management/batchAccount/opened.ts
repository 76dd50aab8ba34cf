import { ManagementError } from '../../../wire/management/errors.ts';
import type { Account } from '../../accounts.ts';
import type { ManagementCall, ManagementParts } from '../call.ts';
import { existingAccount } from './existing.ts';
import { accountName } from './view.ts';

/**
 * The account that a path names, for what lies in it. @throws ManagementError as `existingAccount`, Conflict (409)
 * while it is made or deleted.
 */
export async function openAccount(call: Pick<ManagementCall, 'params'>, parts: ManagementParts): Promise<{ readonly account: Account; readonly id: string }> {
  const row = await existingAccount(call, parts);
  const known = () => (row.account === null || row.state === 'Deleting' ? undefined : parts.accounts.numbered(row.account));
  // Another process may have made it a moment ago.
  const account = known() ?? (row.state !== 'Deleting' && (await parts.accounts.lookAgain()) ? known() : undefined);
  if (account === undefined) throw new ManagementError('Conflict', `The account '${accountName(row)}' is ${row.state === 'Deleting' ? 'being deleted' : 'still being created'}.`, { target: 'BatchAccount' });
  return { account, id: row.id };
}
