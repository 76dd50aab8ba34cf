import { BatchError } from './errors.ts';
import { lowerAscii } from './letters.ts';
import { OPERATION_ROWS, type OperationId, type OperationRow } from './operationTable.ts';

export type { ConditionalHeaders, OperationId, QueryName, Right } from './operationTable.ts';

/** One operation of the data plane. */
export type Operation = OperationRow & { readonly id: OperationId };

export const operations: readonly Operation[] = OPERATION_ROWS;

export interface MatchedOperation {
  readonly operation: Operation;
  /** Decoded parameters of the path, by their names in the table (`poolId`, `filePath` …). */
  readonly params: Readonly<Record<string, string>>;
}

interface Place {
  readonly children: Map<string, Place>;
  parameter: { readonly name: string; readonly place: Place } | undefined;
  /** A parameter that takes the rest of the path. */
  rest: { readonly name: string; readonly place: Place } | undefined;
  readonly byMethod: Map<string, Operation>;
}

const root = emptyPlace();
for (const row of operations) plant(row);

/**
 * Finds the operation of a request. `rawPath` is the path as sent, still percent-encoded and without its query: only so
 * can `%2F` inside a parameter be told from a separator. A file path is the rest of the path, its slashes sent raw or
 * encoded; it may hold `..`, which handlers refuse (`files.ts`). Fixed segments match in any case.
 * @throws BatchError InvalidUri for a path that is none of the service's, UnsupportedHttpVerb (405) for a verb the path
 * does not take, RequestUrlFailedToParse for broken percent-encoding.
 */
export function matchOperation(method: string, rawPath: string): MatchedOperation {
  const segments = rawPath.split('/').slice(1);
  if (segments.length > 1 && segments.at(-1) === '') segments.pop();
  const params: Record<string, string> = {};
  const place = find(root, segments, 0, params);
  if (place === undefined || place.byMethod.size === 0) throw new BatchError('InvalidUri');
  const operation = place.byMethod.get(method);
  if (operation === undefined) throw new BatchError('UnsupportedHttpVerb');
  return { operation, params };
}

function find(place: Place, segments: readonly string[], index: number, params: Record<string, string>): Place | undefined {
  const segment = segments[index];
  if (segment === undefined) return place;
  if (place.rest !== undefined) {
    params[place.rest.name] = decode(segments.slice(index).join('/'));
    return place.rest.place;
  }
  const key = certificateKey(segment, params) ?? lowerAscii(segment);
  const child = place.children.get(key);
  if (child !== undefined) return find(child, segments, index + 1, params);
  if (place.parameter === undefined || segment === '') return undefined;
  params[place.parameter.name] = decodeSegment(segment);
  return find(place.parameter.place, segments, index + 1, params);
}

const CERTIFICATE_SEGMENT = 'certificates(thumbprintalgorithm={thumbprintalgorithm},thumbprint={thumbprint})';
const CERTIFICATE_FORM = /^certificates\(thumbprintalgorithm=([^,()]+),thumbprint=([^,()]+)\)$/i;

/** `certificates(thumbprintAlgorithm=sha1,thumbprint=ab12)` is an OData key in one segment. */
function certificateKey(segment: string, params: Record<string, string>): string | undefined {
  const match = segment.includes('(') || segment.includes('%28') ? CERTIFICATE_FORM.exec(decode(segment)) : null;
  if (match === null) return undefined;
  params['thumbprintAlgorithm'] = match[1] ?? '';
  params['thumbprint'] = match[2] ?? '';
  return CERTIFICATE_SEGMENT;
}

function plant(row: Operation): void {
  let place = root;
  for (const segment of row.path.split('/').slice(1)) {
    if (segment === '{filePath}') {
      place.rest ??= { name: 'filePath', place: emptyPlace() };
      place = place.rest.place;
    } else if (/^\{\w+\}$/.test(segment)) {
      place.parameter ??= { name: segment.slice(1, -1), place: emptyPlace() };
      place = place.parameter.place;
    } else {
      const key = lowerAscii(segment);
      const child = place.children.get(key) ?? emptyPlace();
      place.children.set(key, child);
      place = child;
    }
  }
  place.byMethod.set(row.method, row);
}

function emptyPlace(): Place {
  return { children: new Map(), parameter: undefined, rest: undefined, byMethod: new Map() };
}

/** Nothing in the service is called by a name with NUL. File names are left to `files.ts`, which knows no such file. */
function decodeSegment(segment: string): string {
  const text = decode(segment);
  if (text.includes('\0')) throw new BatchError('RequestUrlFailedToParse');
  return text;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new BatchError('RequestUrlFailedToParse');
  }
}
