import { accountAddress } from '../../../api/accountAddress.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { ServiceOptions } from '../data/record.ts';
import type { Front } from './front.ts';
import type { AccountAddresses } from './parts.ts';

/** Where such a service listens, clients of other machines would not find an account's address: they name the host. */
const LOOPBACK = '127.0.0.1';

/** Addresses are for services of this machine alone, without names for their accounts. */
export function accountAddresses(front: Pick<Front, 'listenAt' | 'leave'>, { host, hostSuffix }: Pick<ServiceOptions, 'host' | 'hostSuffix'>): AccountAddresses {
  const opened = new Map<AccountNumber, string>();
  return {
    suffix: hostSuffix ?? null,
    open: async (account) => {
      const address = host === LOOPBACK && hostSuffix === undefined ? accountAddress(account) : undefined;
      if (address !== undefined && (await front.listenAt(address))) opened.set(account, address);
    },
    close: async (account) => {
      const address = opened.get(account);
      opened.delete(account);
      if (address !== undefined) await front.leave(address);
    },
    of: (account) => opened.get(account),
  };
}
