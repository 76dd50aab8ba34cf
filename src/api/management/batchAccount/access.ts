import type { ResourceRow } from '../../../store/intents/resources.ts';
import { invalidProperty } from '../../../wire/errors.ts';
import { isRange, type AccountAccess } from '../../accountAccess.ts';
import type { Accounts } from '../../accounts.ts';
import { accountSpec, allowedModes, type AccountSpec } from './view.ts';

/** From then on the account is reached as its resource says. */
export function useAccess(row: ResourceRow, accounts: Accounts): void {
  if (row.account === null) throw new Error(`${row.id} is no account`);
  accounts.restrict(row.account, accessOf(accountSpec(row)));
}

/** A perimeter is nothing that this service has: what it would let in is nobody. */
function accessOf({ properties = {} }: AccountSpec): AccountAccess {
  const { publicNetworkAccess = 'Enabled', networkProfile } = properties;
  const { defaultAction = 'Allow', ipRules = [] } = networkProfile?.accountAccess ?? {};
  const from = publicNetworkAccess !== 'Enabled' ? 'nobody' : defaultAction === 'Deny' ? 'listed' : 'anybody';
  return { modes: allowedModes(properties), from, ranges: ipRules.map(({ value }) => value) };
}

/** @throws BatchError InvalidPropertyValue for a rule that is none. */
export function checkNetworkProfile(profile: NonNullable<AccountSpec['properties']>['networkProfile']): void {
  for (const { action, value } of [...(profile?.accountAccess?.ipRules ?? []), ...(profile?.nodeManagementAccess?.ipRules ?? [])]) {
    if (action !== 'Allow') throw invalidProperty('action', action, 'The action of a rule is Allow.');
    if (!isRange(value)) throw invalidProperty('value', value, 'A rule names an IP address, or a range of them as 10.0.0.0/8.');
  }
}
