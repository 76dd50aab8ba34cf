import type { AccountNumber } from '../../core/keys.ts';
import type { Peer, Wake } from '../../ports.ts';
import { routed, type Routing } from './routed.ts';

interface Waking {
  /** Under way; null: none. */
  asked: Promise<void> | null;
  /** Begins when that has ended: it covers all that was committed before. */
  next: Promise<void> | null;
}

/** Owners of this process, and those of others. Of what many wait for at once one request is made after the other. */
export function routedWake(routing: Routing, local: Wake): Wake {
  const { client, places } = routing;
  const waking = new Map<AccountNumber, Waking>();

  const ask = (peer: Peer, operation: string, body: object, signal?: AbortSignal): Promise<void> => client.ask(peer, operation, body, signal).then(() => undefined);

  /** One request at a time and account: who comes while one is under way shares the next. */
  const together = (account: AccountNumber, peer: Peer): Promise<void> => {
    const known: Waking = waking.get(account) ?? { asked: null, next: null };
    waking.set(account, known);
    const begin = (): Promise<void> => {
      known.asked = ask(peer, 'wake', { account }).finally(() => {
        known.asked = null;
        if (known.next === null) waking.delete(account);
      });
      return known.asked;
    };
    if (known.asked === null) return begin();
    known.next ??= known.asked.catch(() => undefined).then(() => {
      known.next = null;
      return begin();
    });
    return known.next;
  };

  const wake = (account: AccountNumber, signal?: AbortSignal): Promise<void> =>
    routed(routing, account, {
      here: () => local.wake(account, signal),
      there: (peer) => orAborted(together(account, peer), signal),
      ...(signal === undefined ? {} : { signal }),
    });

  return {
    wake,
    sweep: (account, added) => {
      const place = places.known(account);
      if (place?.kind === 'here') local.sweep(account, added);
      // It finds all in its inbox, a second later if this comes to nothing.
      else if (place !== null && (waking.get(account)?.next ?? null) === null) together(account, place.peer).catch(() => undefined);
    },
    ended: (account, job, task, signal) =>
      routed(routing, account, {
        here: () => local.ended(account, job, task, signal),
        there: (peer) => ask(peer, 'ended', { account, job, task }, signal),
        signal,
      }),
  };
}

/** Others wait for the same. */
function orAborted(done: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return done;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('nobody waits any more'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    done.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
