import { blobAccount, type BlobAccount } from './account.ts';
import type { SigningAccount } from './sas.ts';

/** A storage account beside the first: either of its keys signs, base64. */
export interface KeyedStorageAccount {
  readonly name: string;
  readonly keys: readonly string[];
}

export interface StorageAccountsOptions {
  /** The account that a service has from its start. */
  readonly first: SigningAccount;
  /** Has the blob server go by these further accounts; null: it is not ours, and has no others. */
  readonly serve: ((more: readonly KeyedStorageAccount[]) => Promise<void>) | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The storage accounts of a service by name, and which of them each Batch account, told by its number, uses. */
export class StorageAccounts {
  readonly first: SigningAccount;
  readonly #serve: StorageAccountsOptions['serve'];
  readonly #now: () => number;
  readonly #more = new Map<string, KeyedStorageAccount>();
  readonly #used = new Map<number, string>();
  /** The last word to the blob server: one follows the other. */
  #told: Promise<void> = Promise.resolve();

  constructor({ first, serve, now }: StorageAccountsOptions) {
    this.first = first;
    this.#serve = serve;
    this.#now = now;
  }

  /** Whether there can be others beside the first. */
  get isOurs(): boolean {
    return this.#serve !== null;
  }

  /** Undefined: there is none of that name. */
  named(name: string): SigningAccount | undefined {
    if (name === this.first.accountName) return this.first;
    const found = this.#more.get(name);
    return found === undefined ? undefined : this.#signing(found);
  }

  all(): readonly SigningAccount[] {
    return [this.first, ...[...this.#more.values()].map((one) => this.#signing(one))];
  }

  /** Enters accounts, or other keys of them. Resolves when the blob server goes by them. */
  put(accounts: readonly KeyedStorageAccount[]): Promise<void> {
    for (const one of accounts) this.#more.set(one.name, one);
    return this.#tell();
  }

  /** Removes all that is in an account. */
  async empty(name: string): Promise<void> {
    const account = this.named(name);
    if (account === undefined) return;
    const workplace = blobAccount(account, this.#now);
    for (;;) {
      const containers = await workplace.listContainers();
      if (containers.length === 0) return;
      for (const container of containers) await workplace.deleteContainer(container);
    }
  }

  /** The blob server takes no request for the account any more; what is in it stays. */
  remove(name: string): Promise<void> {
    this.#more.delete(name);
    return this.#tell();
  }

  /** Which storage a Batch account uses; null: the first. */
  use(account: number, name: string | null): void {
    if (name === null) this.#used.delete(account);
    else this.#used.set(account, name);
  }

  /** The storage that a Batch account uses now: the first where it names none, or one that is gone. */
  usedBy(account: number): SigningAccount {
    const name = this.#used.get(account);
    return (name === undefined ? undefined : this.named(name)) ?? this.first;
  }

  /** As `usedBy`, to work with. */
  workplaceOf(account: number): BlobAccount {
    return blobAccount(this.usedBy(account), this.#now);
  }

  /** The further accounts, as a blob server that starts anew needs them. */
  further(): readonly KeyedStorageAccount[] {
    return [...this.#more.values()];
  }

  #tell(): Promise<void> {
    const serve = this.#serve;
    if (serve === null) throw new Error('the blob server is not ours: it has no accounts beside the first');
    this.#told = this.#told.catch(() => undefined).then(() => serve(this.further()));
    return this.#told;
  }

  /** Each account has the place of the first, under its own name. */
  #signing({ name, keys: [accountKey] }: KeyedStorageAccount): SigningAccount {
    if (accountKey === undefined) throw new Error(`the storage account ${name} has no key`);
    const { endpoint, accountName } = this.first;
    return { accountName: name, accountKey, endpoint: `${endpoint.slice(0, -accountName.length)}${name}` };
  }
}
