import { BatchError } from './errors.ts';
import { OPERATION_ROWS, type OperationId, type OperationRow } from './operationTable.ts';
import { createPathTree } from './pathTree.ts';

export type { ConditionalHeaders, OperationId, QueryName, Right } from './operationTable.ts';

/** One operation of the data plane. */
export type Operation = OperationRow & { readonly id: OperationId };

export const operations: readonly Operation[] = OPERATION_ROWS;

export interface MatchedOperation {
  readonly operation: Operation;
  /** Decoded parameters of the path, by their names in the table (`poolId`, `filePath` …). */
  readonly params: Readonly<Record<string, string>>;
}

const findPath = createPathTree(operations, { decode, decodeSegment, keyOf: certificateKey });

/**
 * Finds the operation of a request. `rawPath` is the path as sent, still percent-encoded and without its query. A file
 * path is the rest of the path, its slashes sent raw or encoded; it may hold `..`, which handlers refuse (`files.ts`).
 * @throws BatchError InvalidUri for a path that is none of the service's, UnsupportedHttpVerb (405) for a verb the path
 * does not take, RequestUrlFailedToParse for broken percent-encoding.
 */
export function matchOperation(method: string, rawPath: string): MatchedOperation {
  const found = findPath(rawPath);
  if (found === undefined) throw new BatchError('InvalidUri');
  const operation = found.rows.get(method);
  if (operation === undefined) throw new BatchError('UnsupportedHttpVerb');
  return { operation, params: found.params };
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
