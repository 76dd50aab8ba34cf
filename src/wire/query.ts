import { dataContract, type ShapeName } from './dataContract.ts';
import { BatchError, invalidQuery } from './errors.ts';
import { filterTables } from './filters.ts';
import { lowerAscii } from './letters.ts';
import { LIMITS } from './limits.ts';
import { checkFilter, parseFilter, type Filter, type LiteralKind, type LiteralType } from './odata.ts';
import type { Operation, QueryName } from './operations.ts';
import type { PropertyRow } from './shapes/definition.ts';
import { parseTimestamp } from './timestamps.ts';
import { parseApiVersion, type ApiVersion } from './versions.ts';

/** The query of a request, read. */
export interface Query {
  readonly version: ApiVersion;
  /** Items of a page: 1 to 1000. */
  readonly maxResults: number;
  readonly filter: Filter | undefined;
  /** Paths to answer, undefined for everything. */
  readonly select: readonly (readonly string[])[] | undefined;
  /** `$expand=stats`, or `stats` in `$select`. */
  readonly expandStats: boolean;
  readonly recursive: boolean;
  readonly force: boolean;
  readonly startTimeMs: number | undefined;
  readonly endTimeMs: number | undefined;
  /**
   * The place where the next page begins. Clients send it back as it is; the handler of the list makes and reads it.
   */
  readonly skipToken: string | undefined;
  readonly serverTimeoutMs: number;
}

/**
 * The parameters of a raw query (without `?`), decoded, by their names in lower case; the first of repeated ones
 * counts, `+` is a space.
 */
function parseQueryString(rawQuery: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of queryPairs(rawQuery)) {
    const lower = lowerAscii(name);
    if (!found.has(lower)) found.set(lower, value);
  }
  return found;
}

/** Names and values in the order sent, decoded. */
export function queryPairs(rawQuery: string): readonly (readonly [string, string])[] {
  return rawQuery
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? ([decode(part), ''] as const) : ([decode(part.slice(0, equals)), decode(part.slice(equals + 1))] as const);
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new BatchError('RequestUrlFailedToParse');
  }
}

/** The api-version of a raw query, which is checked before all else. @throws BatchError of `parseApiVersion`. */
export function readVersion(rawQuery: string, nowMs: number): ApiVersion {
  return parseApiVersion(parseQueryString(rawQuery).get('api-version'), nowMs);
}

/**
 * Reads and checks the query of an operation. Empty values count as absent (JavaScript clients send them).
 * @throws BatchError of `parseApiVersion`; UnsupportedQueryParameter for a parameter the operation does not take;
 * OutOfRangeQueryParameterValue for a maxresults above the most there can be; InvalidQueryParameterValue for all else.
 */
export function readQuery(operation: Operation, rawQuery: string, nowMs?: number): Query {
  const sent = parseQueryString(rawQuery);
  const version = parseApiVersion(sent.get('api-version'), nowMs);
  const taken: ReadonlySet<string> = new Set<string>(['api-version', 'timeout', ...(operation.query ?? [])]);
  for (const [name, value] of sent) {
    // Nothing in the service holds it, and the database takes it in no parameter.
    if (value.includes('\0')) throw invalidQuery(name, value, 'The value must not hold NUL.');
    if (taken.has(name) || (name === '$skiptoken' && taken.has('maxresults'))) continue;
    throw invalidQuery(name, value, 'This operation does not take the parameter.', 'UnsupportedQueryParameter');
  }
  const value = (name: QueryName | 'timeout' | '$skiptoken'): string | undefined => sent.get(name) || undefined;
  const select = value('$select');
  const selected = select === undefined ? undefined : parseSelect(select, operation);
  const expand = value('$expand');
  if (expand !== undefined && expand.toLowerCase() !== 'stats') throw invalidQuery('$expand', expand, "The only value is 'stats'.");
  return {
    version,
    maxResults: readMaxResults(value('maxresults'), operation, version),
    filter: readFilter(value('$filter'), operation),
    select: selected,
    expandStats: expand !== undefined || (selected?.some(([first]) => first === 'stats') ?? false),
    recursive: readFlag('recursive', value('recursive')),
    force: readFlag('force', value('force')),
    startTimeMs: readTime('starttime', value('starttime')),
    endTimeMs: readTime('endtime', value('endtime')),
    skipToken: value('$skiptoken'),
    serverTimeoutMs: readTimeout(value('timeout')),
  };
}

function readMaxResults(text: string | undefined, operation: Operation, version: ApiVersion): number {
  const classic = operation.id === 'Account_ListPoolNodeCounts' && version.revision <= 16;
  const most = classic ? LIMITS.maxResultsNodeCountsClassic : LIMITS.maxResults;
  if (text === undefined) return most;
  if (!/^-?\d{1,10}$/.test(text)) throw invalidQuery('maxresults', text, 'The value must be an integer.');
  const count = Number(text);
  // Recorded, word for word.
  if (count < 1) throw invalidQuery('maxresults', text, 'MaxResults cannot be less than 1');
  if (count > most) throw invalidQuery('maxresults', text, `The value must be from 1 to ${most}.`, 'OutOfRangeQueryParameterValue');
  return count;
}

/** @throws BatchError InvalidQueryParameterValue for what the list of the operation cannot be filtered by. */
export function readFilter(text: string | undefined, operation: Operation): Filter | undefined {
  if (text === undefined) return undefined;
  const filter = parseFilter(text);
  const shape = itemShape(operation);
  checkFilter(filter, filterTables[operation.id] ?? {}, (path) => literalType((shape && rowAt(shape, path)?.type) ?? ''), text);
  return filter;
}

function literalType(type: string): LiteralType {
  return { kind: LITERAL_KINDS[type] ?? 'text', values: dataContract.enumValues(type) };
}

/** How the values of a type are written in filters; all others are texts. */
const LITERAL_KINDS: Readonly<Partial<Record<string, LiteralKind>>> = { boolean: 'flag', int32: 'number', int64: 'number', double: 'number', timestamp: 'time' };

/** `timeout` is a budget in seconds; more than 30 is taken as 30. */
function readTimeout(text: string | undefined): number {
  if (text === undefined) return LIMITS.serverTimeoutMs;
  if (!/^\d{1,9}$/.test(text)) throw invalidQuery('timeout', text, 'The value must be a number of seconds.');
  return Math.min(Math.max(Number(text), 1) * 1000, LIMITS.serverTimeoutMs);
}

function readFlag(name: QueryName, text: string | undefined): boolean {
  if (text === undefined) return false;
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw invalidQuery(name, text, 'The value must be true or false.');
  return lower === 'true';
}

function readTime(name: QueryName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const epochMs = parseTimestamp(text);
  if (epochMs === undefined) throw invalidQuery(name, text, 'The value must be an ISO 8601 date and time.');
  return epochMs;
}

/** The paths of a `$select`, each checked against the shape that the operation answers. */
function parseSelect(text: string, operation: Operation): readonly (readonly string[])[] {
  const shape = itemShape(operation);
  return text.split(',').map((part) => {
    const path = part.trim().split('/');
    if (shape === undefined || rowAt(shape, path) === undefined) throw invalidQuery('$select', text, `There is no property '${part.trim()}'.`);
    return path;
  });
}

/** The shape of the items of the operation's list. */
function itemShape({ response }: Operation): ShapeName | undefined {
  if (response === undefined) return undefined;
  const value = dataContract.rowsOf(response).find(([name]) => name === 'value')?.[1];
  return value !== undefined && dataContract.isShape(value.type) ? value.type : response;
}

/** The property at that path, by its name of today or a former one. */
function rowAt(shape: ShapeName, [first, ...rest]: readonly string[]): PropertyRow | undefined {
  const row = dataContract.rowsOf(shape).find(([name, { formerly }]) => name === first || formerly?.name === first)?.[1];
  if (row === undefined || rest.length === 0) return row;
  return dataContract.isShape(row.type) ? rowAt(row.type, rest) : undefined;
}

/** Keeps of an object what `$select` names, and `odata.metadata`. Lists are selected from item by item. */
export function applySelect(object: Readonly<Record<string, unknown>>, select: readonly (readonly string[])[] | undefined): Record<string, unknown> {
  if (select === undefined) return { ...object };
  const output: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    const paths = select.filter(([first]) => first === name);
    if (name === 'odata.metadata' || paths.some((path) => path.length === 1)) output[name] = value;
    else if (paths.length > 0) output[name] = selectWithin(value, paths.map((path) => path.slice(1)));
  }
  return output;
}

function selectWithin(value: unknown, select: readonly (readonly string[])[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => selectWithin(item, select));
  return typeof value === 'object' && value !== null ? applySelect(value as Readonly<Record<string, unknown>>, select) : value;
}
