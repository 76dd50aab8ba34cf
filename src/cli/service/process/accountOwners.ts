import type { CommitListeners } from '../../../control/commits.ts';
import type { Counting } from '../../../control/figures/counted.ts';
import type { LogArchiveOptions } from '../../../control/logArchive.ts';
import { runLoop, startWhenFree, type OwnerLoop, type LoopTime } from '../../../control/loop.ts';
import { Owner } from '../../../control/owner.ts';
import type { OwnerOptions } from '../../../control/ownerOptions.ts';
import type { Owners } from '../../../control/owners.ts';
import type { Signer } from '../../../control/work.ts';
import type { AccountNumber } from '../../../core/keys.ts';

/** What an account has to itself; all else its owner shares with those of the other accounts. */
export interface OwnedAccount {
  readonly number: AccountNumber;
  readonly name: string;
  readonly sign: Signer;
  readonly archive: LogArchiveOptions;
}

/** What all owners of a process share. */
type SharedOptions = Omit<OwnerOptions, 'account' | 'sign' | 'archive' | 'onWork' | 'onCommit' | 'onFault' | 'onDeposed'>;

export interface AccountOwnersOptions {
  readonly shared: SharedOptions;
  /** Where clients reach the accounts. */
  readonly endpoint: string;
  readonly owners: Owners;
  readonly commits: CommitListeners;
  readonly counting: Counting;
  readonly time: LoopTime;
  readonly onError: (error: unknown) => void;
  /** Somebody else still has the account. `url`: where that process is reached. */
  readonly onOwned: (account: string, url: string) => void;
}

interface Opened {
  readonly owner: Owner;
  readonly loop: OwnerLoop;
}

/** An account that another process has is waited for so long. */
const CLAIM_MS = 60_000;

/** The owners of a service's accounts, each with its loop: one is added as its account is made, and let go of alone. */
export class AccountOwners {
  readonly #options: AccountOwnersOptions;
  readonly #opened = new Map<AccountNumber, Opened>();
  readonly #opening = new Map<AccountNumber, Promise<void>>();

  constructor(options: AccountOwnersOptions) {
    this.#options = options;
  }

  /**
   * Claims and loads the account, and works on it from then on; once, however often it is asked for. Rejects with
   * `AccountOwned` when nobody lets go of it within `patienceMs`.
   */
  open(account: OwnedAccount, patienceMs = CLAIM_MS): Promise<void> {
    const known = this.#opening.get(account.number);
    if (known !== undefined) return known;
    const opening = this.#open(account, patienceMs);
    this.#opening.set(account.number, opening);
    opening.catch(() => this.#opening.delete(account.number));
    return opening;
  }

  async #open(account: OwnedAccount, patienceMs: number): Promise<void> {
    const { shared, endpoint, owners, commits, counting, time, onError, onOwned } = this.#options;
    const { number, name, sign, archive } = account;
    const hear = counting.ofAccount();
    let loop: OwnerLoop | undefined;
    const owner = new Owner({
      ...shared,
      account: { number, name, url: endpoint },
      sign,
      archive,
      onWork: () => loop?.wake(),
      onCommit: (news) => {
        hear(news);
        commits.tell(number, news);
      },
      onFault: (fault) => {
        this.#drop(number);
        owners.fault(number, fault);
      },
      onDeposed: () => {
        this.#drop(number);
        owners.deposed(number);
      },
    });
    owners.add(number, owner);
    try {
      await startWhenFree(owner, time, patienceMs === 0 ? AbortSignal.abort() : AbortSignal.timeout(patienceMs), (url) => onOwned(name, url));
    } catch (error) {
      // Who waits for it already is sent on.
      await owner.stop().catch(() => undefined);
      owners.forget(number);
      throw error;
    }
    loop = runLoop(owner, { time, onError });
    this.#opened.set(number, { owner, loop });
    loop.wake();
  }

  /** Lets go of the account: its nodes and tasks go on with the process that takes it. */
  async give(number: AccountNumber): Promise<void> {
    const opened = this.#opened.get(number);
    if (opened === undefined) return;
    await opened.loop.stop();
    this.#options.shared.provider.disown?.(number);
    await opened.owner.stop();
    this.#drop(number);
    this.#options.owners.forget(number);
  }

  #drop(number: AccountNumber): void {
    void this.#opened.get(number)?.loop.stop();
    this.#opened.delete(number);
    this.#opening.delete(number);
  }

  /** Ends the account's nodes and lets go of it. `graceMs`: of the tasks that still run. */
  async close(number: AccountNumber, graceMs: number): Promise<void> {
    const opened = this.#opened.get(number);
    if (opened === undefined) return;
    await opened.loop.stop();
    await opened.owner.shutDown(graceMs);
    this.#opened.delete(number);
    this.#opening.delete(number);
    this.#options.owners.forget(number);
  }

  /** Ends all. `graceMs` null: nodes and their tasks go on without us. */
  async stop(graceMs: number | null): Promise<void> {
    const all = [...this.#opened.values()];
    await Promise.all(all.map(({ loop }) => loop.stop()));
    await Promise.all(all.map(({ owner }) => (graceMs === null ? owner.stop() : owner.shutDown(graceMs))));
  }

  /** Why accounts are not worked on, in one sentence; null: they are. One that has ended by a fault ended alone. */
  trouble(): string | null {
    const all = [...this.#opened.values()].map(({ owner }) => owner);
    const noRoom = all.find((owner) => owner.noRoom !== null)?.noRoom;
    if (noRoom !== undefined && noRoom !== null) return noRoom.message;
    return all.some(({ phase }) => phase === 'loading') ? 'the account is being loaded' : null;
  }

  /** To be called when there is room on a full disk again. */
  roomSeen(): void {
    for (const { loop } of this.#opened.values()) loop.roomSeen();
  }
}
