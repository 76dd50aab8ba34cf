import type { Instant, NodeNumber } from '../../../core/keys.ts';
import { NOTHING, WIRE_STATES } from '../../../store/intents/taskColumns.ts';
import type { Comparison, Filter, Literal } from '../../../wire/odata.ts';
import { lowerAscii } from '../../../wire/letters.ts';
import type { TaskColumns } from './columns.ts';

/** Whether the task at a place passes. */
type Passes = (at: number) => boolean;

type Value = (at: number) => number | string | null;

interface Property {
  readonly kind: 'number' | 'time' | 'text';
  readonly value: (columns: TaskColumns, nodeIds: ReadonlyMap<NodeNumber, string>) => Value;
}

function numeric(kind: 'number' | 'time', name: 'created' | 'started' | 'ended' | 'exitCode' | 'retries' | 'slots'): Property {
  return {
    kind,
    value: (columns) => {
      const values = columns[name];
      return (at) => (values[at] === NOTHING ? null : (values[at] ?? null));
    },
  };
}

const RESULTS = [null, 'success', 'failure'] as const;

/** The properties of Task_List's filter that columns have; all others are the database's to compare. */
const PROPERTIES: Readonly<Record<string, Property>> = {
  state: { kind: 'text', value: ({ state }) => (at) => WIRE_STATES[state[at] ?? 0] ?? null },
  creationTime: numeric('time', 'created'),
  requiredSlots: numeric('number', 'slots'),
  'executionInfo/startTime': numeric('time', 'started'),
  'executionInfo/endTime': numeric('time', 'ended'),
  'executionInfo/exitCode': numeric('number', 'exitCode'),
  'executionInfo/retryCount': numeric('number', 'retries'),
  'executionInfo/result': { kind: 'text', value: ({ result }) => (at) => RESULTS[result[at] ?? 0] ?? null },
  'nodeInfo/nodeId': { kind: 'text', value: ({ node, nodes }, nodeIds) => (at) => nodeIds.get(nodes[node[at] ?? 0] ?? 0) ?? null },
};

/** Whether columns have all that the filter is about. */
export function isOfColumns(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return isOfColumns(filter.left) && isOfColumns(filter.right);
    case 'not':
      return isOfColumns(filter.operand);
    case 'compare':
    case 'startsWith':
    case 'flag':
      return Object.hasOwn(PROPERTIES, filter.path.join('/'));
  }
}

/** Whether the filter asks for nodes by their ids. */
export function namesNodes(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return namesNodes(filter.left) || namesNodes(filter.right);
    case 'not':
      return namesNodes(filter.operand);
    case 'compare':
    case 'startsWith':
    case 'flag':
      return filter.path.join('/') === 'nodeInfo/nodeId';
  }
}

/**
 * A `$filter` of which `isOfColumns` is true as a function, with the meaning of `matches` (wire/odata.ts).
 * `nodeIds`: of the columns' nodes, where `namesNodes` is true.
 */
export function passes(filter: Filter, columns: TaskColumns, nodeIds: ReadonlyMap<NodeNumber, string>): Passes {
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [passes(filter.left, columns, nodeIds), passes(filter.right, columns, nodeIds)];
      return (at) => left(at) && right(at);
    }
    case 'or': {
      const [left, right] = [passes(filter.left, columns, nodeIds), passes(filter.right, columns, nodeIds)];
      return (at) => left(at) || right(at);
    }
    case 'not': {
      const operand = passes(filter.operand, columns, nodeIds);
      return (at) => !operand(at);
    }
    case 'flag':
      return () => false;
    case 'startsWith': {
      const value = propertyOf(filter.path).value(columns, nodeIds);
      const prefix = lowerAscii(filter.prefix);
      return (at) => {
        const text = value(at);
        return typeof text === 'string' && lowerAscii(text).startsWith(prefix);
      };
    }
    case 'compare':
      return comparison(propertyOf(filter.path), filter.operator, filter.literal, columns, nodeIds);
  }
}

function propertyOf(path: readonly string[]): Property {
  const property = PROPERTIES[path.join('/')];
  if (property === undefined) throw new Error(`columns have no ${path.join('/')}`);
  return property;
}

const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

function comparison({ kind, value }: Property, operator: Comparison, literal: Literal, columns: TaskColumns, nodeIds: ReadonlyMap<NodeNumber, string>): Passes {
  const holds = HOLDS[operator];
  const of = value(columns, nodeIds);
  if (literal.kind === 'nothing') return (at) => holds(of(at) === null ? 0 : Number.NaN);
  if (literal.kind !== kind) return () => holds(Number.NaN);
  const wanted: Instant | string = literal.kind === 'text' ? lowerAscii(literal.value) : literal.kind === 'time' ? literal.epochMs : literal.kind === 'number' ? literal.value : Number.NaN;
  return (at) => holds(orderOf(of(at), wanted));
}

/** NaN: they do not compare. */
function orderOf(value: number | string | null, wanted: number | string): number {
  if (typeof value === 'number' && typeof wanted === 'number') return value - wanted;
  if (typeof value !== 'string' || typeof wanted !== 'string') return Number.NaN;
  const lowered = lowerAscii(value);
  return lowered === wanted ? 0 : lowered < wanted ? -1 : 1;
}
