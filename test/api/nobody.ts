import { Accounts } from '../../src/api/accounts.ts';
import type { Authorities } from '../../src/api/authentication.ts';

/** For tests in which nobody shows a credential. */
export const nobody: Authorities = {
  accounts: new Accounts([]),
  tokens: { verify: () => null },
  jobOf: () => Promise.resolve(null),
  wallClock: () => 0,
};
