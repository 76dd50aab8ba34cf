import type { Instant } from '../core/keys.ts';
import { evaluateConditions } from '../wire/conditions.ts';
import { BatchError } from '../wire/errors.ts';
import { etag } from './answer.ts';
import type { Call } from './call.ts';

/** @throws BatchError ConditionNotMet when the conditional headers do not hold of the resource: the edge makes 304 of it on reads, 412 on writes. */
export function checkConditions(call: Call, modifiedAt: Instant): void {
  const { method, conditional } = call.operation;
  const header = (name: string): string | undefined => {
    const value = call.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const access = method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  const verdict = evaluateConditions(header, conditional, access, { eTag: etag(modifiedAt), lastModifiedMs: modifiedAt });
  if (verdict === 'notModified') throw new BatchError('ConditionNotMet');
}
