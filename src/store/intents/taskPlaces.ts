import { lowerAscii } from '../../wire/letters.ts';
import type { Comparison, Filter, Literal } from '../../wire/odata.ts';

/** Ids, in lower case, from one through another, by the numbers of their characters. */
export interface IdRange {
  readonly from: string;
  readonly through: string;
}

/**
 * Where the tasks that pass a filter are, so that others need not be looked at: in any of these places; null:
 * anywhere. Each task there still has to pass the filter.
 */
export interface Places {
  /** In order, apart from each other. */
  readonly ids: readonly IdRange[];
  /** Among those that have failed. */
  readonly failed: boolean;
  /** Among those that run or are prepared. */
  readonly live: boolean;
  /** Among those that do not read completed. */
  readonly open: boolean;
}

const NOWHERE: Places = { ids: [], failed: false, live: false, open: false };
/** Above every character of an id. */
const LAST = '\u{10FFFF}';
/** Ids have ASCII characters alone; what else a filter names is for the database to compare. */
const ASCII = /^[\u0020-\u007e]+$/;

/** The places of a filter of Task_List. */
export function placesOf(filter: Filter): Places | null {
  switch (filter.kind) {
    case 'and':
      return narrower(placesOf(filter.left), placesOf(filter.right));
    case 'or':
      return together(placesOf(filter.left), placesOf(filter.right));
    case 'startsWith':
      return ofPrefix(filter.path.join('/'), filter.prefix);
    case 'compare':
      return ofComparison(filter.path.join('/'), filter.operator, filter.literal);
    case 'not':
    case 'flag':
      return null;
  }
}

/** With which ids alone there are tasks that pass the filter; null: it does not say. */
export function idsAskedFor(filter: Filter): readonly IdRange[] | null {
  const places = placesOf(filter);
  return places === null || places.failed || places.live || places.open ? null : places.ids;
}

/** Whether the filter asks for nothing but what its places say: ids that begin so, or one id. */
export function isOfIdsAlone(filter: Filter): boolean {
  return (filter.kind === 'startsWith' || filter.kind === 'compare') && filter.path.join('/') === 'id' && placesOf(filter) !== null;
}

function ofPrefix(property: string, prefix: string): Places | null {
  if (property === FAILURE_CODE) return { ...NOWHERE, failed: true };
  if (property !== 'id' || !ASCII.test(prefix)) return null;
  const from = lowerAscii(prefix);
  return { ...NOWHERE, ids: [{ from, through: `${from}${LAST}` }] };
}

const FAILURE_CODE = 'executionInfo/failureInfo/code';
const FAILURE_CATEGORY = 'executionInfo/failureInfo/category';

function ofComparison(property: string, operator: Comparison, literal: Literal): Places | null {
  switch (property) {
    case 'id': {
      if (operator !== 'eq' || literal.kind !== 'text' || !ASCII.test(literal.value)) return null;
      const id = lowerAscii(literal.value);
      return { ...NOWHERE, ids: [{ from: id, through: id }] };
    }
    case 'state':
      return literal.kind === 'text' ? ofState(operator, lowerAscii(literal.value)) : null;
    case 'executionInfo/result':
      return operator === 'eq' && literal.kind === 'text' && lowerAscii(literal.value) === 'failure' ? { ...NOWHERE, failed: true } : null;
    case 'executionInfo/exitCode':
      return literal.kind === 'number' && isOfFailures(operator, literal.value) ? { ...NOWHERE, failed: true } : null;
    case FAILURE_CODE:
    case FAILURE_CATEGORY:
      // Unequal to a text is also what has none; unequal to null is what has one.
      return (operator === 'ne') === (literal.kind === 'nothing') ? { ...NOWHERE, failed: true } : null;
    default:
      return null;
  }
}

/** States compare with `eq` and `ne` alone. */
function ofState(operator: Comparison, state: string): Places | null {
  if (operator === 'ne') return state === 'completed' ? { ...NOWHERE, open: true } : null;
  if (state === 'completed') return null;
  return state === 'active' ? { ...NOWHERE, open: true } : { ...NOWHERE, live: true };
}

/** Whether exit codes that compare so are other than 0. */
function isOfFailures(operator: Comparison, code: number): boolean {
  switch (operator) {
    case 'eq':
      return code !== 0;
    case 'gt':
      return code >= 0;
    case 'ge':
      return code > 0;
    case 'lt':
      return code <= 0;
    case 'le':
      return code < 0;
    case 'ne':
      return false;
  }
}

/** One id, then what runs, failures, ids that begin alike, all that is open: the fewer tasks, the better. */
function narrower(left: Places | null, right: Places | null): Places | null {
  if (left === null || right === null) return left ?? right;
  return breadth(left) <= breadth(right) ? left : right;
}

function breadth({ ids, failed, live, open }: Places): number {
  return (open ? 8 : 0) + (ids.some(({ from, through }) => from !== through) ? 4 : 0) + (failed ? 2 : 0) + (live ? 1 : 0);
}

function together(left: Places | null, right: Places | null): Places | null {
  if (left === null || right === null) return null;
  return { ids: merged([...left.ids, ...right.ids]), failed: left.failed || right.failed, live: left.live || right.live, open: left.open || right.open };
}

function merged(ranges: readonly IdRange[]): readonly IdRange[] {
  const apart: IdRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
    const before = apart.at(-1);
    if (before === undefined || before.through < range.from) apart.push(range);
    else if (range.through > before.through) apart[apart.length - 1] = { from: before.from, through: range.through };
  }
  return apart;
}
