import { NotOwnedHere } from '../base/notOwned.ts';
import type { AccountNumber, JobNumber, NodeNumber, TaskNumber } from '../core/keys.ts';
import { accountOf } from '../core/node/numbers.ts';
import type { AccountFigures, AgentChannel, AgentDoor, Explanations, Wake } from '../ports.ts';
import type { AddedTasks } from '../store/ownerStore.ts';
import type { Owner } from './owner.ts';
import type { OwnerLog } from './ownerOptions.ts';

export interface OwnersOptions {
  /** Called when the last owner has ended by a fault of ours: the process should, loudly. */
  readonly onFault: (fault: Error) => void;
  /** Called when the last owner has ended because another process has its account. */
  readonly onDeposed: () => void;
  /** Whether the process is of use without accounts: others have them, and it may get some again. */
  readonly goesOn?: boolean;
  readonly log: OwnerLog;
}

type Owned = Pick<Owner, 'phase' | 'beginBeat' | 'wake' | 'sweep' | 'ended' | 'explain' | 'explainJob' | 'explainPool' | 'explainNode' | 'authenticate' | 'connect' | 'stop' | 'fileAsks' | 'nodeAsks' | 'passage' | 'figures'>;

/** The owners of a process by the number of their account: what the API and agents ask goes to the one it is about. */
export class Owners implements Wake, AgentDoor {
  readonly #options: OwnersOptions;
  readonly #owners = new Map<AccountNumber, Owned>();
  readonly explanations: Explanations;

  constructor(options: OwnersOptions) {
    this.#options = options;
    this.explanations = {
      task: async (account, job, task) => this.of(account)?.explain(job, task),
      job: async (account, job) => this.of(account)?.explainJob(job),
      pool: async (account, pool) => this.of(account)?.explainPool(pool),
      node: async (account, node) => this.of(account)?.explainNode(node),
    };
  }

  /** To be called before the owner starts. */
  add(account: AccountNumber, owner: Owned): void {
    if (this.#owners.has(account)) throw new Error(`account ${account} has an owner here`);
    this.#owners.set(account, owner);
  }

  /** Undefined: the account is not owned here. */
  of(account: AccountNumber): Owned | undefined {
    return this.#owners.get(account);
  }

  /** Those that have not ended. */
  living(): readonly Owned[] {
    return [...this.#owners.values()].filter(({ phase }) => phase !== 'ended');
  }

  /** What accounts have now, those left out that are loading. */
  figures(): readonly AccountFigures[] {
    return this.living().flatMap((owner) => owner.figures() ?? []);
  }

  wake(account: AccountNumber, signal?: AbortSignal): Promise<void> {
    return this.#asked(account, (owner) => owner.wake(signal));
  }

  sweep(account: AccountNumber, added?: AddedTasks): void {
    this.of(account)?.sweep(added);
  }

  ended(account: AccountNumber, job: JobNumber, task: TaskNumber, signal: AbortSignal): Promise<void> {
    return this.#asked(account, (owner) => owner.ended(job, task, signal));
  }

  /** An owner that ends meanwhile leaves what it was asked to the next one, wherever that is. */
  async #asked<T>(account: AccountNumber, ask: (owner: Owned) => Promise<T>): Promise<T> {
    const owner = this.of(account);
    if (owner === undefined) throw new NotOwnedHere(account);
    try {
      return await ask(owner);
    } catch (error) {
      throw owner.phase === 'ended' ? new NotOwnedHere(account) : error;
    }
  }

  /** Whether the account is worked on here, or about to be. */
  has(account: AccountNumber): boolean {
    return (this.of(account)?.phase ?? 'ended') !== 'ended';
  }

  authenticate(credential: string): ReturnType<AgentDoor['authenticate']> {
    for (const owner of this.#owners.values()) {
      const shown = owner.authenticate(credential);
      if (shown !== null) return shown;
    }
    return null;
  }

  connect(node: NodeNumber, life: number, channel: AgentChannel): ReturnType<AgentDoor['connect']> {
    const owner = this.of(accountOf(node));
    if (owner !== undefined) return owner.connect(node, life, channel);
    channel.close('the account of this node is not owned here');
    return { onFrame: () => undefined, onClose: () => undefined };
  }

  /**
   * An owner has ended by a fault of ours. It ends alone as long as others go on; the account is free for another
   * process.
   */
  fault(account: AccountNumber, fault: Error): void {
    const { onFault, log } = this.#options;
    if (this.living().length === 0 && this.#options.goesOn !== true) {
      onFault(fault);
      return;
    }
    log.error({ error: fault, account }, 'a fault of ours: the owner of this account has ended, the others go on');
    const owner = this.of(account);
    this.forget(account);
    owner?.stop().catch((error: unknown) => log.error({ error, account }, 'the account could not be let go of'));
  }

  /** An owner has ended because another process has its account: alone, as long as others go on. */
  deposed(account: AccountNumber): void {
    if (this.living().length === 0 && this.#options.goesOn !== true) this.#options.onDeposed();
    else this.forget(account);
  }

  /** The account is none of ours any more: its owner has ended, or ends. */
  forget(account: AccountNumber): void {
    if (!this.#owners.delete(account)) throw new Error(`account ${account} has no owner here`);
  }
}

