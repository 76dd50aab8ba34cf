import { isIP } from 'node:net';
import type { AccountNumber } from '../core/keys.ts';
import { accountAtAddress } from './accountAddress.ts';
import { lowerAscii } from '../wire/letters.ts';
import type { AccountAccess } from './accountAccess.ts';

/** An account as requests name it: keys are base64, either of them signs. */
export interface Account {
  readonly number: AccountNumber;
  /** Lower case. */
  readonly name: string;
  readonly keys: readonly string[];
}

/** The accounts of a service: whoever looks one up asks here. */
export class Accounts {
  readonly #byName = new Map<string, Account>();
  readonly #access = new Map<AccountNumber, AccountAccess>();
  #look: (() => Promise<void>) | null = null;
  #changes = 0;
  readonly #listeners = new Set<() => void>();

  constructor(accounts: readonly Account[]) {
    for (const account of accounts) {
      if (this.#byName.has(account.name)) throw new Error('two accounts of a service have the same name');
      this.put(account);
    }
  }

  /** Other processes make and change accounts as well: `look` enters what they have done. */
  lookWith(look: () => Promise<void>): void {
    this.#look = look;
  }

  /** Enters what other processes have done just now. Resolves with whether there was anything. */
  async lookAgain(): Promise<boolean> {
    if (this.#look === null) return false;
    const before = this.#changes;
    await this.#look();
    return this.#changes !== before;
  }

  /** These are all, with these keys. */
  replace(accounts: readonly Account[]): void {
    const names = new Set(accounts.map(({ name }) => name));
    for (const name of this.names()) if (!names.has(name)) this.remove(name);
    for (const account of accounts) {
      const known = this.#byName.get(account.name);
      if (known === undefined || known.number !== account.number || known.keys.join(' ') !== account.keys.join(' ')) this.put(account);
    }
  }

  /** Who may ask for anything of the account, from now on. */
  restrict(account: AccountNumber, access: AccountAccess): void {
    if (JSON.stringify(this.#access.get(account)) === JSON.stringify(access)) return;
    this.#access.set(account, access);
    this.#changed();
  }

  /** Hears whenever somebody may do other things than before. Returns how to hear no more. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Keys, accounts or rules are others now, or the roles that somebody has. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Undefined: nothing restricts it. */
  accessTo({ number }: Pick<Account, 'number'>): AccountAccess | undefined {
    return this.#access.get(number);
  }

  /** Enters an account that was made, or whose keys are others now. */
  put(account: Account): void {
    this.#byName.set(account.name, account);
    this.#changed();
  }

  /** No request reaches the account from now on. */
  remove(name: string): void {
    this.#byName.delete(name);
    this.#changed();
  }

  #changed(): void {
    this.#changes += 1;
    this.tell();
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** Names compare without regard to case. */
  named(name: string): Account | undefined {
    return this.#byName.get(lowerAscii(name));
  }

  numbered(number: AccountNumber): Account | undefined {
    return [...this.#byName.values()].find((account) => account.number === number);
  }

  /**
   * The account that a service has from its start. It is meant where a request names none, neither by its signature nor
   * by its host: others have hosts of their own.
   */
  first(): Account | undefined {
    return [...this.#byName.values()].toSorted((a, b) => a.number - b.number)[0];
  }

  /**
   * The account that a `Host` header names by its first label, as endpoints of the real service do
   * (`ACCOUNT.REGION.batch.azure.com`): `ACCOUNT.localhost:10800`, or by an address of its own. Undefined for any other
   * host, which serves all accounts of the service.
   */
  atHost(host: string | undefined): Account | undefined {
    const hostname = (host ?? '').replace(/:\d+$/, '');
    const [label, ...domain] = hostname.split('.');
    if (isIP(hostname) !== 0) return this.#atAddress(hostname);
    return label === undefined || domain.length === 0 ? undefined : this.named(label);
  }

  #atAddress(address: string): Account | undefined {
    const number = accountAtAddress(address);
    return number === undefined ? undefined : this.numbered(number);
  }
}
