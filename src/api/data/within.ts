import type { Instant } from '../../core/keys.ts';
import { operations, type OperationId } from '../../wire/operations.ts';
import { readQuery } from '../../wire/query.ts';
import { NEWEST_API_VERSION, textOfRevision, type ApiVersion } from '../../wire/versions.ts';
import type { Account } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Call, Parts } from '../call.ts';
import { sharedKeyPrincipal } from '../principal.ts';
import { handlers } from './handlers.ts';

/** A request of the data plane that the service makes itself, for another plane. */
export interface RequestWithin {
  readonly operation: OperationId;
  readonly params: Readonly<Record<string, string>>;
  /** Without `api-version`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Left out: the newest. */
  readonly version?: ApiVersion;
  /** Conditions. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly now: Instant;
  readonly requestId: string;
  readonly baseUrl: string;
  readonly signal: AbortSignal;
}

/** Asks as whoever has the account's key would. @throws BatchError as the operation does. */
export async function askWithin(account: Account, parts: Parts, request: RequestWithin): Promise<Answer> {
  const handler = handlers[request.operation];
  if (handler === undefined) throw new Error(`the data plane does not serve ${request.operation}`);
  return handler(callWithin(account, request), parts);
}

/** The call of such a request, for what handlers are made of. */
export function callWithin(account: Account, { operation: id, params, query = {}, headers = {}, body, version = NEWEST_API_VERSION, now, requestId, baseUrl, signal }: RequestWithin): Call {
  const operation = operations.find((one) => one.id === id);
  if (operation === undefined) throw new Error(`the data plane has no operation ${id}`);
  // Versions of Azure Resource Manager have dates alone.
  const rawQuery = new URLSearchParams({ 'api-version': textOfRevision(version.revision), ...query }).toString();
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const json = (): Promise<unknown> => Promise.resolve(body);
  return { principal: sharedKeyPrincipal(account), operation, params, query: readQuery(operation, rawQuery, now), rawQuery, headers, version, baseUrl, path, requestId, now, signal, json, jsonIfAny: json };
}
