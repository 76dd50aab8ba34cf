import { canReachBelow } from '../../src/processes/account.ts';

/** Whether users of their own can run what lies in this checkout: not in one that `mktemp -d` holds. */
export const canOthersEnterCheckout = canReachBelow(import.meta.dirname);
