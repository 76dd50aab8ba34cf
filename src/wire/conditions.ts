import { BatchError, invalidHeader } from './errors.ts';
import type { ConditionalHeaders } from './operations.ts';
import { parseHttpDate } from './timestamps.ts';

/** The resource's state that conditional headers are compared with. Undefined where the resource does not exist. */
export interface ConditionTarget {
  readonly eTag: string;
  readonly lastModifiedMs: number;
}

export type HeaderLookup = (name: string) => string | undefined;

const NAMES = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

/**
 * Decides whether a request goes ahead (operations.md 1.6): `notModified` is answered with 304 and no body.
 * @param access whether the operation reads (GET, HEAD) or writes.
 * @throws BatchError ConditionNotMet (412), MultipleConditionHeadersNotSupported for pairs that contradict each other
 * (which pairs is inferred from Azure Storage), InvalidHeaderValue for a date that is none, UnsupportedHeader for a
 * header that the operation does not take.
 */
export function evaluateConditions(
  header: HeaderLookup,
  allowed: ConditionalHeaders,
  access: 'read' | 'write',
  target: ConditionTarget | undefined,
): 'proceed' | 'notModified' {
  const [match, noneMatch, modifiedSince, unmodifiedSince] = NAMES.map((name) => header(name));
  if (match === undefined && noneMatch === undefined && modifiedSince === undefined && unmodifiedSince === undefined) return 'proceed';
  checkConditionHeaders(header, allowed);
  if ((match ?? unmodifiedSince) !== undefined && (noneMatch ?? modifiedSince) !== undefined) {
    throw new BatchError('MultipleConditionHeadersNotSupported');
  }
  const sinceMs = dateOf('If-Modified-Since', modifiedSince);
  const untilMs = dateOf('If-Unmodified-Since', unmodifiedSince);
  // Header dates have whole seconds.
  const changedMs = target === undefined ? undefined : Math.floor(target.lastModifiedMs / 1000) * 1000;
  if (match !== undefined && !matchesTag(match, target)) throw new BatchError('ConditionNotMet');
  if (untilMs !== undefined && changedMs !== undefined && changedMs > untilMs) throw new BatchError('ConditionNotMet');
  const unchanged = noneMatch !== undefined ? matchesTag(noneMatch, target) : sinceMs !== undefined && changedMs !== undefined && changedMs <= sinceMs;
  if (!unchanged) return 'proceed';
  if (access === 'read') return 'notModified';
  throw new BatchError('ConditionNotMet');
}

/** @throws BatchError UnsupportedHeader for a conditional header that the operation does not take. */
export function checkConditionHeaders(header: HeaderLookup, allowed: ConditionalHeaders): void {
  for (const name of NAMES) {
    const value = header(name);
    if (value === undefined || allowed === 'all4' || (allowed === 'time' && name.endsWith('since'))) continue;
    throw new BatchError('UnsupportedHeader', [
      { key: 'HeaderName', value: name },
      { key: 'HeaderValue', value: value.slice(0, 256) },
    ]);
  }
}

/** A list of tags, quoted or not, weak or not, or `*` for any. */
function matchesTag(header: string, target: ConditionTarget | undefined): boolean {
  if (target === undefined) return false;
  return header.split(',').some((part) => {
    const tag = part.trim().replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag === target.eTag;
  });
}

function dateOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const epochMs = parseHttpDate(value);
  if (epochMs === undefined) throw invalidHeader(name, value, 'The value must be an RFC 1123 date.');
  return epochMs;
}
