import type { IncomingHttpHeaders } from 'node:http';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { Right } from '../../wire/operations.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import type { AccountPrincipal } from '../principal.ts';
import type { AccountPart } from '../roles.ts';

/** One operation of Linarite itself: a row of the own plane's table. */
export interface OwnOperation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` is a parameter; the rest matches in any case. */
  readonly path: `/linarite/${string}`;
  readonly right: Right;
  /** The part of the account that it is about. */
  readonly of: AccountPart;
  /** Of a job that the query names the operation is about that job, so that tokens of its tasks may ask. */
  readonly jobInQuery?: string;
  /** Whether a body is read. Left out: none is taken. */
  readonly body?: true;
  /** Somebody may do less after it. */
  readonly changesAccess?: true;
  /** How long it may take; left out: as long as operations of the data plane. */
  readonly timeoutMs?: number;
  readonly run: (call: OwnCall, parts: Parts) => Promise<Answer>;
}

/** One authenticated request of it. */
export interface OwnCall {
  /** Who asks, and may. */
  readonly principal: AccountPrincipal;
  readonly account: AccountNumber;
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Scheme and host as the client called us, no slash at its end. */
  readonly baseUrl: string;
  /** When the request came. */
  readonly now: Instant;
  /** The address that it came from, as sockets have it. */
  readonly remoteAddress: string;
  /** Aborts when the client has gone or its time is up. */
  readonly signal: AbortSignal;
  /** The JSON body. @throws BatchError InvalidRequestBody, RequestBodyTooLarge, MissingContentLengthHeader. */
  json(): Promise<unknown>;
  /** As `json`; undefined: there is none. */
  jsonIfAny(): Promise<unknown>;
  /** The body as UTF-8, of so many bytes at most. @throws BatchError RequestBodyTooLarge, InvalidRequestBody. */
  text(mostBytes: number): Promise<string>;
}
