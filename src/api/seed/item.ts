import type { Instant } from '../../core/keys.ts';
import type { Account } from '../accounts.ts';
import type { Identity } from '../identity/identity.ts';
import type { ManagementParts } from '../management/call.ts';
import type { AccountPart } from '../roles.ts';

export type ItemKind = 'resource group' | 'storage account' | 'account' | 'container' | 'blob' | 'application' | 'package' | 'default version' | 'certificate' | 'pool' | 'job schedule' | 'job' | 'task' | 'end of job';

/** One thing that a document says there is to be. All but `id` may throw what is for clients. */
export interface Item {
  readonly kind: ItemKind;
  /** `jobs/J/tasks/T` without what its kind says: `J/T`. */
  readonly id: string;
  readonly place: string;
  /** What it lies in; where that is refused it is not tried. */
  readonly within: Item | null;
  /** Names of what differs; null: it is not there. Says what is wrong with the document as well. */
  differing(): Promise<readonly string[] | null>;
  /** False: somebody else has made it meanwhile. */
  make(): Promise<boolean>;
  /** Changes what can be changed of what differs. */
  change(differing: readonly string[]): Promise<void>;
}

/** Who asks for a seed, and where it goes. */
export interface Asking {
  /** Where what stands at the top of the document goes. */
  readonly account: Account;
  /** Whose roles hold beyond that account; null: whoever has its key, who may do nothing else. */
  readonly identity: Identity | null;
  readonly parts: ManagementParts;
  /** Scheme and host, for links. */
  readonly baseUrl: string;
  readonly signal: AbortSignal;
  /** Whether who asks may write a part of that account. @throws BatchError InsufficientAccountPermissions. */
  readonly permit: (of: AccountPart) => void;
  /** The time of intents. */
  readonly now: () => Instant;
}
