import { BlockList, isIP } from 'node:net';
import { BatchError } from '../wire/errors.ts';
import type { AccountPrincipal } from './principal.ts';

/** Modes of authentication, as accounts allow them (`allowedAuthenticationModes`). */
type AuthenticationMode = 'SharedKey' | 'AAD' | 'TaskAuthenticationToken';

/** From where somebody may come; both but `anybody` look at the address, as the connection has it. */
export interface Origins {
  readonly from: 'anybody' | 'nobody' | 'listed';
  /** Addresses and ranges (CIDR) that `listed` means. */
  readonly ranges: readonly string[];
}

/** Who may ask for anything of an account: by which credential, and from where. */
export interface AccountAccess extends Origins {
  readonly modes: readonly AuthenticationMode[];
  /** From where the agents of its nodes may come. */
  readonly nodes: Origins;
}

/** Sessions begin with a key, or with a link that whoever has one makes. */
const MODES: Readonly<Record<AccountPrincipal['kind'], AuthenticationMode>> = { sharedKey: 'SharedKey', member: 'AAD', task: 'TaskAuthenticationToken', session: 'SharedKey' };

/**
 * @throws BatchError InvalidRestAPIForAccountSetting (403; the code is inferred) for a credential or an address that
 * the account does not allow.
 */
export function checkAccess({ modes, from, ranges }: AccountAccess, kind: AccountPrincipal['kind'], address: string | undefined): void {
  const mode = MODES[kind];
  if (!modes.includes(mode)) throw refused(`The account does not allow the authentication mode ${mode}, only ${modes.length === 0 ? 'none' : modes.join(', ')} (allowedAuthenticationModes).`);
  if (from === 'nobody') throw refused('The account does not allow public network access (publicNetworkAccess).');
  if (from === 'listed' && !isListed(ranges, address)) throw refused(`The account does not allow access from the address ${address ?? 'of the client'} (networkProfile).`);
}

/** Whether an agent of one of the account's nodes may come from there. `access` undefined: nothing restricts it. */
export function mayNodeCome(access: AccountAccess | undefined, address: string | undefined): boolean {
  if (access === undefined || access.nodes.from === 'anybody') return true;
  return access.nodes.from === 'listed' && isListed(access.nodes.ranges, address);
}

/** An address, or one with the number of leading bits that count. */
export function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  return more.length === 0 && isIP(address) !== 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}

/** IPv4 as a socket of both families writes it. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

function isListed(ranges: readonly string[], address: string | undefined): boolean {
  if (address === undefined) return false;
  const list = new BlockList();
  for (const range of ranges) {
    const [base = '', bits] = range.split('/');
    const family = isIP(base) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(base, family);
    else list.addSubnet(base, Number(bits), family);
  }
  const plain = address.replace(MAPPED, '');
  return list.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6');
}

function refused(reason: string): BatchError {
  return new BatchError('InvalidRestAPIForAccountSetting', [{ key: 'Reason', value: reason }]);
}
