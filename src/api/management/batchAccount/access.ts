import type { ResourceRow } from '../../../store/intents/resources.ts';
import { invalidProperty } from '../../../wire/errors.ts';
import { isRange, type AccountAccess, type Origins } from '../../accountAccess.ts';
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
  const isOpen = publicNetworkAccess === 'Enabled';
  const account = originsOf(networkProfile?.accountAccess);
  // Rules count only where there is public network access (OpenAPI, networkProfile). Without it nodes have private
  // endpoints on the real service, and here they come as ever.
  const nodes = originsOf(isOpen ? networkProfile?.nodeManagementAccess : undefined);
  return { modes: allowedModes(properties), ...(isOpen ? account : { ...account, from: 'nobody' }), nodes };
}

type Profile = NonNullable<NonNullable<NonNullable<AccountSpec['properties']>['networkProfile']>['accountAccess']>;

function originsOf({ defaultAction = 'Allow', ipRules = [] }: Partial<Profile> = {}): Origins {
  return { from: defaultAction === 'Deny' ? 'listed' : 'anybody', ranges: ipRules.map(({ value }) => value) };
}

/** @throws BatchError InvalidPropertyValue for a rule that is none. */
export function checkNetworkProfile(profile: NonNullable<AccountSpec['properties']>['networkProfile']): void {
  for (const { action, value } of [...(profile?.accountAccess?.ipRules ?? []), ...(profile?.nodeManagementAccess?.ipRules ?? [])]) {
    if (action !== 'Allow') throw invalidProperty('action', action, 'The action of a rule is Allow.');
    if (!isRange(value)) throw invalidProperty('value', value, 'A rule names an IP address, or a range of them as 10.0.0.0/8.');
  }
}
