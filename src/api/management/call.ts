import type { IncomingHttpHeaders } from 'node:http';
import type { StorageAccounts } from '../../blobs/accounts.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { AccountHost } from '../../ports.ts';
import type { ManagementOperation } from '../../wire/management/operations.ts';
import type { ApiVersion } from '../../wire/versions.ts';
import type { Accounts } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import type { Identity } from '../identity/identity.ts';
import type { Sealing } from '../sealing.ts';
import type { Later } from './later.ts';

/** One authenticated request of a known operation of the management plane, which the caller may ask for. */
export interface ManagementCall {
  readonly identity: Identity;
  readonly operation: ManagementOperation;
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly version: ApiVersion;
  /** Scheme and host as the client called us, no slash at its end. */
  readonly baseUrl: string;
  /** Path as sent, without query. */
  readonly path: string;
  readonly requestId: string;
  /** When the request came. */
  readonly now: Instant;
  /** Aborts when the client has gone or its time is up. */
  readonly signal: AbortSignal;
  /** The JSON body. Throws what `Body.json` throws. */
  json(): Promise<unknown>;
  /** As `json`, undefined if there is no body. */
  jsonIfAny(): Promise<unknown>;
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
}

/** The tenant and the one subscription that a service has, and where what it made by itself stands. */
export interface Directory {
  readonly tenantId: string;
  readonly subscriptionId: string;
  /** The group that the first account is in. */
  readonly resourceGroup: string;
  /** A region of Azure, as `westeurope`. */
  readonly location: string;
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

/** The value of a parameter that the operation's path has. */
export function param(call: Pick<ManagementCall, 'params'>, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the path has no parameter ${name}`);
  return value;
}
