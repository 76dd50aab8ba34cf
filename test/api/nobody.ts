import { Accounts } from '../../src/api/accounts.ts';
import { LOCAL_RULES } from '../../src/api/page/origin.ts';
import type { Authorities } from '../../src/api/authentication.ts';

function refuse(): Promise<never> {
  return Promise.reject(new Error('nobody has a token here'));
}

/** For tests in which nobody shows a credential. */
export const nobody: Authorities = {
  accounts: new Accounts([]),
  tokens: { verify: () => null, verifyIdentity: () => null },
  directory: {
    tokens: { verify: refuse, verifyOwn: refuse, issue: refuse, publicKeys: refuse, rotate: refuse },
    roles: { at: () => Promise.resolve([]) },
    scopeOf: () => Promise.resolve(null),
  },
  sessions: { shownBy: () => Promise.resolve(null) },
  origin: LOCAL_RULES,
  jobOf: () => Promise.resolve(null),
  wallClock: () => 0,
};
