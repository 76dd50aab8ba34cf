import type { StorageAccounts } from '../../blobs/accounts.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { AccountHost } from '../../ports.ts';
import type { ManagementOperation } from '../../wire/management/operations.ts';
import type { Accounts } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Asked, Parts } from '../call.ts';
import type { Identity } from '../identity/identity.ts';
import type { Sealing } from '../../store/sealing.ts';
import type { Later } from '../later.ts';

/** One authenticated request of a known operation of the management plane, which the caller may ask for. */
export interface ManagementCall extends Asked {
  readonly identity: Identity;
  readonly operation: ManagementOperation;
  readonly query: URLSearchParams;
  /** The body as it was sent, of so many bytes at most. */
  text(mostBytes: number): Promise<string>;
}

/** What handlers of the management plane work with. */
export interface ManagementParts {
  /** Those of the data plane: what the management plane changes goes through the same intents. */
  readonly data: Parts;
  readonly accounts: Accounts;
  readonly storages: StorageAccounts;
  readonly host: AccountHost;
  readonly sealing: Sealing;
  readonly directory: Directory;
  readonly places: Places;
  readonly later: Later;
  readonly within: Within;
  /** The time of intents. */
  readonly clock: () => Instant;
}

/** A request that the plane makes of itself, for what it does on behalf of somebody. */
export interface InnerRequest {
  readonly identity: Identity;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** An id, or one with the name of an operation. */
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: object;
  /** Of the request that it is made for. */
  readonly baseUrl: string;
}

/** Serves requests that the plane makes of itself, with the same checks and handlers as those of clients. */
export interface Within {
  /** @throws ManagementError, BatchError as the handler does, and AuthorizationFailed. */
  ask(request: InnerRequest): Promise<Answer>;
  /** Says whether it would be served. @throws ManagementError for what the plane does not have, AuthorizationFailed. */
  check(request: Pick<InnerRequest, 'identity' | 'method' | 'path'>): Promise<void>;
  /** Whether a role of the identity gives the action on a resource, by its id. */
  permits(identity: Identity, action: string, id: string): Promise<boolean>;
}

/** The tenant and the one subscription that a service has, and where what it made by itself stands. */
export interface Directory {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The group that the first account is in. */
  readonly resourceGroup: string;
  /** A region of Azure, as `westeurope`; of what is made the first time. */
  readonly location: string;
  /** Whether the operator has named it: then a service that is elsewhere does not start. */
  readonly isLocationGiven?: boolean;
  /** How many accounts a region may have; left out: `LIMITS.accountsPerRegion`. */
  readonly accountQuota?: number;
}

/** Where what is made is reached, if not where its client reached us. */
export interface Places {
  /** `host[:port]` of an account's data plane; undefined: it has no host or address of its own. */
  batch(account: { readonly number: AccountNumber; readonly name: string; readonly location: string }): string | undefined;
  /** The URL of a storage account's blobs; undefined: that of the blob server, which has no host for it. */
  blobs(account: string): string | undefined;
}

export type ManagementHandler = (call: ManagementCall, parts: ManagementParts) => Promise<Answer>;

export { param } from '../call.ts';
