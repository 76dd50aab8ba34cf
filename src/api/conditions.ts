import type { IncomingHttpHeaders } from 'node:http';
import type { Instant } from '../core/keys.ts';
import { checkConditionHeaders, evaluateConditions, type HeaderLookup } from '../wire/conditions.ts';
import type { Operation } from '../wire/operations.ts';
import { formatHttpDate } from '../wire/timestamps.ts';
import { entityHeaders, etag } from './answer.ts';
import type { Call } from './call.ts';

/**
 * Thrown when a read finds what the client has already: answered with 304 and no body, and those headers that the whole
 * answer would have had.
 */
export class NotModified extends Error {
  readonly headers: Readonly<Record<string, string>>;
  constructor(headers: Readonly<Record<string, string>>) {
    super('not modified');
    this.headers = headers;
  }
}

/** @throws NotModified; BatchError ConditionNotMet (412) and what else `evaluateConditions` refuses. */
export function checkConditions(call: Call, modifiedAt: Instant): void {
  const { method, conditional } = call.operation;
  const access = method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  const verdict = evaluateConditions(lookup(call.headers), conditional, access, { eTag: etag(modifiedAt), lastModifiedMs: modifiedAt });
  // Files, which take dates alone, have no ETag.
  if (verdict === 'notModified') throw new NotModified(conditional === 'time' ? { 'last-modified': formatHttpDate(modifiedAt) } : entityHeaders(modifiedAt));
}

/**
 * Before the handler, since not every one has a resource to hold conditions against. @throws BatchError
 * UnsupportedHeader.
 */
export function refuseConditions({ conditional }: Operation, headers: IncomingHttpHeaders): void {
  checkConditionHeaders(lookup(headers), conditional);
}

function lookup(headers: IncomingHttpHeaders): HeaderLookup {
  return (name) => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
}
