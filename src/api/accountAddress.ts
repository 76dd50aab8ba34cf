import type { AccountNumber } from '../core/keys.ts';

/** All of 127.0.0.0/8 is this machine's on Linux: accounts have a part of it that nodes have none of. */
const NETWORK = '127.9';
const BYTE = 256;
const FORM = /^127\.9\.(\d{1,3})\.(\d{1,3})$/;

/**
 * An address of an account's own, so that a request that names no account (a bearer token does not) is known by where
 * it came to. undefined: the account's number is beyond the last address.
 */
export function accountAddress(account: AccountNumber): string | undefined {
  return account < BYTE * BYTE ? `${NETWORK}.${Math.floor(account / BYTE)}.${account % BYTE}` : undefined;
}

/** undefined: the address is no account's. */
export function accountAtAddress(address: string): AccountNumber | undefined {
  const [, high, low] = FORM.exec(address) ?? [];
  return high === undefined ? undefined : Number(high) * BYTE + Number(low);
}
