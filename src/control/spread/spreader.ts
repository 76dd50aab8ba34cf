import { NoOwner } from '../../base/notOwned.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { Peer, Place, Places } from '../../ports.ts';
import type { LoopTime } from '../loop.ts';
import { decideSpread, type Spread } from './decide.ts';

/** What the database says of processes and accounts, in one look. */
export interface Seen extends Spread {
  readonly peers: readonly Peer[];
  readonly names: ReadonlyMap<AccountNumber, string>;
  /** Another text each time that what processes keep of accounts may have changed. */
  readonly change: string;
  /** By the database's clock. */
  readonly now: Instant;
}

export interface SpreaderOptions {
  /** This process. */
  readonly process: string;
  readonly look: () => Promise<Seen>;
  /** Whether the account is worked on here, or about to be. */
  readonly has: (account: AccountNumber) => boolean;
  /** Claims and loads the account. Rejects where another process was quicker. */
  readonly claim: (account: { readonly number: AccountNumber; readonly name: string }) => Promise<void>;
  /** Lets go of it; its nodes and tasks go on. */
  readonly give: (account: AccountNumber) => Promise<void>;
  /** Tells the other processes to look at once. */
  readonly tellOthers: (peers: readonly Peer[]) => void;
  /** What processes keep of accounts may be old: reads it again. */
  readonly refresh: () => Promise<void>;
  readonly time: LoopTime;
  readonly onError: (error: unknown) => void;
}

/** How often it is looked who lives and who has what. */
const LOOK_MS = 500;
/** How soon, where somebody waits for it. */
const LOOK_SOON_MS = 50;
/** Who joins gets accounts one by one, so that not all of them are loaded at once. */
const GIVE_EVERY_MS = 10_000;
/** A claim that failed by a fault is not tried again at once. */
const CLAIM_AGAIN_MS = 5_000;
/** A new owner is there by then: its predecessor's heartbeat has grown old, and the account is loaded. */
const PATIENCE_MS = 15_000;

/**
 * Spreads accounts over the processes of a database: looks twice a second, claims what is free and falls to this
 * process, and lets go of an account, one each ten seconds, while another process has fewer. It knows where
 * each account is.
 */
export class Spreader implements Places {
  readonly #options: SpreaderOptions;
  #seen: Seen | null = null;
  #looking: Promise<void> | null = null;
  #again = false;
  #isStopped = false;
  #isLeaving = false;
  #cancel: () => void = () => undefined;
  #gaveAt: number;
  #change: string | null = null;
  /** Where accounts are that other processes have. */
  #elsewhere: ReadonlyMap<AccountNumber, Peer> = new Map();
  #isDue = false;
  readonly #claiming = new Set<AccountNumber>();
  readonly #failedAt = new Map<AccountNumber, number>();
  readonly #waiting = new Set<() => void>();
  readonly #watching = new Map<AccountNumber, Set<() => void>>();

  constructor(options: SpreaderOptions) {
    this.#options = options;
    this.#gaveAt = options.time.now();
  }

  /** Looks for the first time, and then again and again until `stop`. */
  async start(): Promise<void> {
    await this.#look();
    const again = (): void => {
      this.look();
      if (!this.#isStopped) this.#cancel = this.#options.time.after(LOOK_MS, again);
    };
    this.#cancel = this.#options.time.after(LOOK_MS, again);
  }

  /** Looks now, or again if it does already. */
  look(): void {
    if (this.#isStopped) return;
    if (this.#looking !== null) this.#again = true;
    else void this.#look().catch(this.#options.onError);
  }

  /** No account is claimed and none is let go of any more; where they are is still told. */
  leave(): void {
    this.#isLeaving = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** The processes that live, but for this one. */
  others(): readonly Peer[] {
    return (this.#seen?.peers ?? []).filter(({ process }) => process !== this.#options.process);
  }

  /** The one that does what one of them is to do. */
  get isFirst(): boolean {
    const ids = (this.#seen?.peers ?? []).map(({ process }) => process).toSorted();
    return ids[0] === this.#options.process;
  }

  known(account: AccountNumber): Place | null {
    if (this.#options.has(account)) return { kind: 'here' };
    const peer = this.#elsewhere.get(account);
    return peer === undefined ? null : { kind: 'there', peer };
  }

  async of(account: AccountNumber, signal?: AbortSignal): Promise<Place> {
    const until = this.#options.time.now() + PATIENCE_MS;
    for (;;) {
      const known = this.known(account);
      if (known !== null) return known;
      signal?.throwIfAborted();
      if (this.#options.time.now() > until) throw new NoOwner(account);
      await this.#next(signal);
    }
  }

  async wrong(account: AccountNumber, place: Place): Promise<void> {
    await this.#next();
    const now = this.known(account);
    // It is not known yet that its process is gone, or where the account is going.
    if (now !== null && now.kind === place.kind && (now.kind === 'here' || (place.kind === 'there' && now.peer.process === place.peer.process))) await this.#next();
  }

  watch(account: AccountNumber, moved: () => void): () => void {
    const watching = this.#watching.get(account) ?? new Set();
    this.#watching.set(account, watching);
    watching.add(moved);
    return () => {
      watching.delete(moved);
      if (watching.size === 0) this.#watching.delete(account);
    };
  }

  /** This process failed on the account: it is not the first to try again. */
  avoid(account: AccountNumber): void {
    this.#failedAt.set(account, this.#options.time.now());
  }

  /** Resolves when it has been looked again, in a moment. */
  #next(signal?: AbortSignal): Promise<void> {
    if (!this.#isDue) {
      this.#isDue = true;
      this.#options.time.after(LOOK_SOON_MS, () => {
        this.#isDue = false;
        this.look();
      });
    }
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#options.time.after(LOOK_MS, done);
      this.#waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = null;
      for (const done of this.#waiting) done();
      for (const [account, watching] of this.#watching) if (!this.#options.has(account)) for (const moved of watching) moved();
      if (!this.#again) return;
      this.#again = false;
      this.look();
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { process, look, has, refresh } = this.#options;
    const seen = await look();
    this.#seen = seen;
    const peers = new Map(seen.peers.map((peer) => [peer.process, peer]));
    this.#elsewhere = new Map(
      seen.accounts.flatMap(({ account, owner }) => {
        const peer = owner === null || owner === process ? undefined : peers.get(owner);
        return peer === undefined ? [] : [[account, peer] as const];
      }),
    );
    if (seen.change !== this.#change) {
      await refresh();
      this.#change = seen.change;
    }
    if (this.#isStopped || this.#isLeaving) return;
    const { claim, give } = decideSpread(process, seen);
    for (const account of claim) if (!has(account) && !this.#claiming.has(account)) this.#claim(account, seen);
    if (give === null || this.#options.time.now() - this.#gaveAt < GIVE_EVERY_MS || !has(give)) return;
    this.#gaveAt = this.#options.time.now();
    await this.#options.give(give);
    this.#options.tellOthers(this.others());
  }

  #claim(account: AccountNumber, { names }: Seen): void {
    const { claim, time, onError } = this.#options;
    const name = names.get(account);
    if (name === undefined || time.now() - (this.#failedAt.get(account) ?? Number.NEGATIVE_INFINITY) < CLAIM_AGAIN_MS) return;
    this.#claiming.add(account);
    claim({ number: account, name })
      .then(() => this.#failedAt.delete(account))
      .catch((error: unknown) => {
        this.#failedAt.set(account, time.now());
        onError(error);
      })
      .finally(() => {
        this.#claiming.delete(account);
        for (const done of this.#waiting) done();
      });
  }
}
