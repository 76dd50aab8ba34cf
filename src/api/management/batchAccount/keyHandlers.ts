import { keysOf, lockAccount, setKeys } from '../../../store/intents/accounts.ts';
import { transaction } from '../../../store/intents/statement.ts';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import { BatchError } from '../../../wire/errors.ts';
import { json } from '../answers.ts';
import { readBody } from '../body.ts';
import type { ManagementHandler, ManagementParts } from '../call.ts';
import { existingAccount } from './existing.ts';
import { newKey, openKeys, type AccountKeys } from './keys.ts';
import { accountName, accountSpec, allowedModes } from './view.ts';

/** The one operation that shows keys. */
export const listKeys: ManagementHandler = async (call, parts) => {
  const row = await existingAccount(call, parts);
  refuseWithoutKeys(row);
  return json(200, view(row, await keysIn(row, parts)));
};

/** A key that was replaced signs nothing from the answer on. */
export const regenerateKey: ManagementHandler = async (call, parts) => {
  const { keyName } = readBody('ArmRegenerateKey', call, await call.json());
  const row = await existingAccount(call, parts);
  refuseWithoutKeys(row);
  const number = numberOf(row);
  const keys = await transaction(parts.data.database, async (tx) => {
    await lockAccount(tx, number);
    const known = await keysIn(row, parts, await keysOf(tx, number));
    const next = keyName === 'Primary' ? { ...known, primary: newKey() } : { ...known, secondary: newKey() };
    await setKeys(tx, number, parts.sealing.seal(next));
    return next;
  });
  parts.accounts.put({ number, name: accountName(row).toLowerCase(), keys: [keys.primary, keys.secondary] });
  return json(200, view(row, keys));
};

/** Accounts in the user's own subscription, and those that do not allow it, have no shared keys. */
function refuseWithoutKeys(row: ResourceRow): void {
  if (!allowedModes(accountSpec(row).properties ?? {}).includes('SharedKey')) {
    throw new BatchError('InvalidRestAPIForAccountSetting', [{ key: 'Reason', value: 'The account does not allow shared keys: allowedAuthenticationModes has no SharedKey.' }]);
  }
}

/** Of the first account, until one is replaced, the keys of the data directory hold. */
async function keysIn(row: ResourceRow, { accounts, sealing, data }: ManagementParts, sealed?: string | null): Promise<AccountKeys> {
  const stored = sealed === undefined ? await keysOf(data.database, numberOf(row)) : sealed;
  if (stored !== null) return openKeys(sealing, stored);
  const [primary, secondary] = accounts.numbered(numberOf(row))?.keys ?? [];
  if (primary === undefined || secondary === undefined) throw new Error(`${row.id} has no keys`);
  return { primary, secondary };
}

function numberOf({ id, account }: ResourceRow): number {
  if (account === null) throw new Error(`${id} is no account`);
  return account;
}

function view(row: ResourceRow, { primary, secondary }: AccountKeys): object {
  return { accountName: accountName(row), primary, secondary };
}
