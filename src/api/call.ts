import type { IncomingHttpHeaders } from 'node:http';
import type { BlobAccount } from '../blobs/account.ts';
import type { Quotas as AccountQuotas } from '../core/intent.ts';
import type { AccountNumber, Instant } from '../core/keys.ts';
import type { Commits, Explanations, NodeFiles, NodeRequests, SettableClock, Simulations, Wake } from '../ports.ts';
import type { Database } from '../store/intents/statement.ts';
import type { Operation } from '../wire/operations.ts';
import type { Query } from '../wire/query.ts';
import type { ApiVersion } from '../wire/versions.ts';
import type { Answer } from './answer.ts';
import type { Sealing } from '../store/sealing.ts';
import type { Tails } from './events/tails.ts';
import type { AddTasks } from './data/task/addTogether.ts';
import type { Later } from './later.ts';
import type { AccountPrincipal } from './principal.ts';
import type { Seeds } from './seed/seeds.ts';
import type { Tracing } from './tracing/port.ts';

/** What a request of either plane has, once its operation is known. */
export interface Asked {
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly version: ApiVersion;
  /** Scheme and host as the client called us, no slash at its end: links in answers start with it. */
  readonly baseUrl: string;
  /** Path as sent, without query. */
  readonly path: string;
  readonly requestId: string;
  /** When the request came. */
  readonly now: Instant;
  /** Aborts when the client has gone or its time is up. */
  readonly signal: AbortSignal;
  /** The JSON body. Throws InvalidRequestBody, RequestBodyTooLarge, and MissingContentLengthHeader for none at all. */
  json(): Promise<unknown>;
  /** As `json`, undefined if there is no body (operations whose body is optional). */
  jsonIfAny(): Promise<unknown>;
}

/** One authenticated request of a known operation of the data plane. */
export interface Call extends Asked {
  /** Who asks, and may. */
  readonly principal: AccountPrincipal;
  readonly operation: Operation;
  readonly query: Query;
  /** As sent, for links to further pages. */
  readonly rawQuery: string;
}

/** What handlers work with. */
export interface Parts {
  readonly database: Database;
  readonly wake: Wake;
  readonly commits: Commits;
  readonly tails: Tails;
  /** What the database keeps in secret. */
  readonly sealing: Sealing;
  readonly webhooks: { /** Also to addresses that are not public. */ readonly mayBePrivate: boolean };
  /** Adds tasks, those of several clients in one commit. */
  readonly addTasks: AddTasks;
  readonly explanations: Explanations;
  readonly files: NodeFiles;
  readonly nodeRequests: NodeRequests;
  readonly simulations: Simulations;
  /** The time of intents; never goes back. */
  readonly clock: () => Instant;
  /** The time that signatures are held against. */
  readonly wallClock: () => Instant;
  /** null: nobody sets the clock. */
  readonly settableClock: SettableClock | null;
  /** An account's storage, where packages of applications lie. */
  readonly storageOf: (account: AccountNumber) => BlobAccount;
  readonly quotas: Quotas;
  /** The least interval at which a formula may run. */
  readonly autoScaleMinIntervalMs: number;
  /** How long a low-priority node has from its notice, where a drill does not say. */
  readonly preemptionGraceMs: number;
  readonly seeds: Seeds;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  /** Work that goes on after its answer. */
  readonly later: Later;
  /** Aborts after so many milliseconds: bounds what a handler waits for. */
  readonly timeout: Timeout;
}

/** `AbortSignal.timeout` but where time is set. */
export type Timeout = (ms: number) => AbortSignal;

/** null: none. */
export interface Quotas {
  readonly pools: number | null;
  readonly activeJobs: number | null;
}

/** The account's own quotas, and those of the service where it has none. */
export function quotasIn({ quotas }: Pick<Parts, 'quotas'>, set: AccountQuotas): Quotas {
  return { pools: set.pools === undefined ? quotas.pools : set.pools, activeJobs: set.activeJobs === undefined ? quotas.activeJobs : set.activeJobs };
}

export type Handler = (call: Call, parts: Parts) => Promise<Answer>;

/** The value of a parameter that the operation's path has. */
export function param(call: Pick<Asked, 'params'>, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the path has no parameter ${name}`);
  return value;
}

const ACTION_WAIT_MS = 1_000;

/** Adds need not wait: the owner finds them in its inbox. */
export function wakeLater(call: Call, parts: Parts): void {
  parts.wake.sweep(call.principal.account.number);
}

/**
 * Lets the owner act before the answer, so that a client that looks right after sees it done; answers after a second in
 * any case, because the intent is durable, and well within the time that the client gives us: it would take a 500 for a
 * failure and ask again for what is under way.
 */
export async function wakeAndWait(call: Call, parts: Parts): Promise<void> {
  const signal = AbortSignal.any([call.signal, parts.timeout(Math.min(ACTION_WAIT_MS, call.query.serverTimeoutMs / 2))]);
  await parts.wake.wake(call.principal.account.number, signal).catch(() => {});
}
