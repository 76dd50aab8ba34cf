import type { AccountNumber } from '../../../core/keys.ts';
import type { ManagementCall, ManagementParts } from '../call.ts';

/**
 * Where the data plane of an account is reached: `host[:port]` without a scheme. It is a host or an address of the
 * account's own, or else the host that the client itself named: whoever reaches the one plane there reaches the other.
 */
export function accountEndpoint(account: { readonly number: AccountNumber | null; readonly name: string; readonly location: string }, { baseUrl }: Pick<ManagementCall, 'baseUrl'>, { places }: Pick<ManagementParts, 'places'>): string {
  const own = account.number === null ? undefined : places.batch({ ...account, number: account.number });
  return own ?? new URL(baseUrl).host;
}
