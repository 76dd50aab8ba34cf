import type { Instant } from '../core/keys.ts';
import { evaluateConditions } from '../wire/conditions.ts';
import { etag } from './answer.ts';
import type { Call } from './call.ts';

/** Thrown when a read finds what the client has already: answered with 304 and no body. */
export class NotModified extends Error {}

/** @throws NotModified; BatchError ConditionNotMet (412) and what else `evaluateConditions` refuses. */
export function checkConditions(call: Call, modifiedAt: Instant): void {
  const { method, conditional } = call.operation;
  const header = (name: string): string | undefined => {
    const value = call.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const access = method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  const verdict = evaluateConditions(header, conditional, access, { eTag: etag(modifiedAt), lastModifiedMs: modifiedAt });
  if (verdict === 'notModified') throw new NotModified();
}
