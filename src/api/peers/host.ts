import type { AccountHost, Places } from '../../ports.ts';
import { routed, type Routing } from './routed.ts';

/** What an account's making and unmaking needs of all processes. */
export interface Spreading {
  readonly places: Places;
  /** Some process takes the account soon: this one looks at once. */
  look(): void;
  /** No process takes it any more. */
  closes(account: number): Promise<void>;
}

/** An account is opened when some process has it, and closed by the one that has it. */
export function routedHost(routing: Routing, spreading: Spreading, local: AccountHost): AccountHost {
  return {
    open: async ({ number }) => {
      spreading.look();
      await spreading.places.of(number);
    },
    close: async (account) => {
      await spreading.closes(account);
      const place = spreading.places.known(account);
      if (place === null) return;
      await routed(routing, account, {
        here: () => local.close(account),
        there: async (peer) => void (await routing.client.ask(peer, 'close', { account })),
      });
    },
  };
}
