import { NoOwner, NotOwnedHere } from '../../base/notOwned.ts';
import type { AccountNumber } from '../../core/keys.ts';
import type { Peer, Places } from '../../ports.ts';
import { type PeerClient, PeerUnreachable } from './client.ts';

/** How what needs an account's owner comes to the process that has it. */
export interface Routing {
  readonly places: Places;
  readonly client: PeerClient;
}

/** An account that moves is followed so long; it takes no longer to find a new owner for one whose process has died. */
const PATIENCE_MS = 15_000;

/** What is done here where the account is worked on here, and asked of another process where it is there. */
export interface Ways<T> {
  readonly here: () => Promise<T>;
  readonly there: (peer: Peer) => Promise<T>;
  readonly signal?: AbortSignal;
}

/**
 * Follows the account while it moves. Rejects with `NoOwner` where nobody has it for long, and as what was asked does.
 * What is asked may have been done although its answer was lost: it has to be such that twice is as good as once.
 */
export async function routed<T>({ places }: Routing, account: AccountNumber, { here, there, signal }: Ways<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const place = await places.of(account, signal);
    try {
      return await (place.kind === 'here' ? here() : there(place.peer));
    } catch (error) {
      if (!(error instanceof NotOwnedHere || error instanceof PeerUnreachable)) throw error;
      if (signal?.aborted === true) throw error;
      if (performance.now() > until) throw new NoOwner(account);
      await places.wrong(account, place);
    }
  }
}
