import type { AccountNumber } from '../core/keys.ts';
import type { CommitNews, Commits } from '../ports.ts';
import type { OwnerLog } from './ownerOptions.ts';

type Hear = (news: CommitNews) => void;

/** Hands what the owners of this process have committed to whoever listens. Costs nothing while nobody does. */
export class CommitListeners implements Commits {
  readonly #log: OwnerLog;
  readonly #listeners = new Map<AccountNumber, Set<Hear>>();
  readonly #epochs = new Map<AccountNumber, number>();

  constructor(log: OwnerLog) {
    this.#log = log;
  }

  listen(account: AccountNumber, hear: Hear): () => void {
    const listeners = this.#listeners.get(account) ?? new Set();
    this.#listeners.set(account, listeners);
    // One who listens twice hears twice.
    const own: Hear = (news) => hear(news);
    listeners.add(own);
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(account) === listeners) this.#listeners.delete(account);
    };
  }

  /** Under which an account was loaded here last; undefined: it never was. */
  epochOf(account: AccountNumber): number | undefined {
    return this.#epochs.get(account);
  }

  /** To be called in the order of the commits. Never throws: what is heard changes nothing of what is done. */
  tell(account: AccountNumber, news: CommitNews): void {
    if (news.kind === 'loaded') this.#epochs.set(account, news.epoch);
    for (const hear of this.#listeners.get(account) ?? []) {
      try {
        hear(news);
      } catch (error) {
        this.#log.error({ error, account }, 'a fault of ours: a listener failed on what was committed');
      }
    }
  }
}
