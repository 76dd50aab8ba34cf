import { lowerAscii } from './letters.ts';

/** A table's row with a path: `{name}` is a parameter, `{filePath}` takes the rest of the path. */
export interface PathRow {
  readonly method: string;
  readonly path: string;
}

/** A path as a request has it, matched. */
export interface MatchedPath<Row> {
  /** By the verb. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Decoded parameters, by their names in the table. */
  readonly params: Readonly<Record<string, string>>;
}

interface Place<Row> {
  readonly children: Map<string, Place<Row>>;
  parameter: { readonly name: string; readonly place: Place<Row> } | undefined;
  /** A parameter that takes the rest of the path. */
  rest: { readonly name: string; readonly place: Place<Row> } | undefined;
  readonly byMethod: Map<string, Row>;
}

/** How a plane reads segments. */
export interface SegmentReading {
  /** Percent-decodes the rest of a path; throws the plane's error for what cannot be decoded. */
  readonly decode: (text: string) => string;
  /** As `decode`, of one parameter. */
  readonly decodeSegment: (text: string) => string;
  /** A segment that holds parameters itself: its key among the fixed ones; undefined: it is none. */
  readonly keyOf?: (segment: string, params: Record<string, string>) => string | undefined;
}

/**
 * Finds rows by paths as they were sent, still percent-encoded and without a query: only so can `%2F` inside a
 * parameter be told from a separator. Fixed segments match in any case, and before parameters; one slash at the end is
 * no segment. Undefined: no row has the path.
 */
export function createPathTree<Row extends PathRow>(rows: readonly Row[], reading: SegmentReading): (rawPath: string) => MatchedPath<Row> | undefined {
  const root = emptyPlace<Row>();
  for (const row of rows) plant(root, row);
  return (rawPath) => {
    const segments = rawPath.split('/').slice(1);
    if (segments.length > 1 && segments.at(-1) === '') segments.pop();
    const params: Record<string, string> = {};
    const place = find(root, segments, 0, params, reading);
    return place === undefined ? undefined : { rows: place.byMethod, params };
  };
}

function find<Row>(place: Place<Row>, segments: readonly string[], index: number, params: Record<string, string>, reading: SegmentReading): Place<Row> | undefined {
  const segment = segments[index];
  if (segment === undefined) return place.byMethod.size === 0 ? undefined : place;
  if (place.rest !== undefined) {
    params[place.rest.name] = reading.decode(segments.slice(index).join('/'));
    return place.rest.place;
  }
  const child = place.children.get(reading.keyOf?.(segment, params) ?? lowerAscii(segment));
  const found = child === undefined ? undefined : find(child, segments, index + 1, params, reading);
  if (found !== undefined || place.parameter === undefined || segment === '') return found;
  const below = find(place.parameter.place, segments, index + 1, params, reading);
  if (below !== undefined) params[place.parameter.name] = reading.decodeSegment(segment);
  return below;
}

function plant<Row extends PathRow>(root: Place<Row>, row: Row): void {
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
      const child = place.children.get(key) ?? emptyPlace<Row>();
      place.children.set(key, child);
      place = child;
    }
  }
  place.byMethod.set(row.method, row);
}

function emptyPlace<Row>(): Place<Row> {
  return { children: new Map(), parameter: undefined, rest: undefined, byMethod: new Map() };
}
