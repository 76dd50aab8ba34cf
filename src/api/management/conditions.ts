import { BatchError } from '../../wire/errors.ts';
import type { ManagementCall } from './call.ts';

/**
 * Holds `If-Match` and `If-None-Match` against the ETag of what a request changes (`0x…`, without quotes); null: it is
 * not there. To be called under its lock. @throws BatchError ConditionNotMet (412).
 */
export function checkConditions({ headers }: Pick<ManagementCall, 'headers'>, etag: string | null): void {
  const { 'if-match': match, 'if-none-match': none } = headers;
  if (match !== undefined && (etag === null || !names(match, etag))) throw new BatchError('ConditionNotMet');
  if (none !== undefined && etag !== null && names(none, etag)) throw new BatchError('ConditionNotMet');
}

/** `*` names any. Weak and strong ETags compare by their opaque part. */
function names(header: string, etag: string): boolean {
  return header.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(etag));
}

function opaque(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}
