import type { Instant } from '../../core/keys.ts';
import { operations, type OperationId } from '../../wire/operations.ts';
import { readQuery } from '../../wire/query.ts';
import { NEWEST_API_VERSION } from '../../wire/versions.ts';
import type { Account } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import type { Call, Parts } from '../call.ts';
import { sharedKeyPrincipal } from '../principal.ts';
import { handlers } from './handlers.ts';

/** A request of the data plane that the service makes itself, for another plane. */
export interface RequestWithin {
  readonly operation: OperationId;
  readonly params: Readonly<Record<string, string>>;
  /** Without `api-version`: it is the newest. */
  readonly query?: Readonly<Record<string, string>>;
  /** Conditions. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly now: Instant;
  readonly requestId: string;
  readonly baseUrl: string;
  readonly signal: AbortSignal;
}

/** Asks as whoever has the account's key would. @throws BatchError as the operation does. */
export async function askWithin(account: Account, parts: Parts, { operation: id, params, query = {}, headers = {}, body, now, requestId, baseUrl, signal }: RequestWithin): Promise<Answer> {
  const operation = operations.find((one) => one.id === id);
  const handler = handlers[id];
  if (operation === undefined || handler === undefined) throw new Error(`the data plane does not serve ${id}`);
  const rawQuery = new URLSearchParams({ 'api-version': NEWEST_API_VERSION.text, ...query }).toString();
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const json = (): Promise<unknown> => Promise.resolve(body);
  const call: Call = { principal: sharedKeyPrincipal(account), operation, params, query: readQuery(operation, rawQuery, now), rawQuery, headers, version: NEWEST_API_VERSION, baseUrl, path, requestId, now, signal, json, jsonIfAny: json };
  return handler(call, parts);
}
