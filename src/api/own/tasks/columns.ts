import type { TaskNumber } from '../../../core/keys.ts';
import { asShown, type TaskColumnsWindow } from '../../../store/intents/taskColumns.ts';
import { inSlices } from './slices.ts';

/**
 * What sorting, filters and sums need of the tasks of one job: a typed array a column, at the place of each task's
 * number less one. A million tasks take 50 MB.
 */
export interface TaskColumns {
  /** How many numbers there are places for in use. */
  length: number;
  /** How many of them are tasks. */
  count: number;
  /** Goes up with each change. */
  version: number;
  /** The place in `WIRE_STATES`; `ABSENT`: there is no such task. */
  state: Uint8Array;
  created: Float64Array;
  started: Float64Array;
  ended: Float64Array;
  exitCode: Float64Array;
  result: Uint8Array;
  retries: Uint16Array;
  slots: Uint16Array;
  /** The place in `nodes`. */
  node: Uint16Array;
  /** Numbers of nodes; the first one is 0: none. */
  readonly nodes: number[];
  readonly placeOfNode: Map<number, number>;
}

export const ABSENT = 255;
const FIRST_PLACES = 1_024;
/** Names of nodes beyond are not told apart: they share the last place. */
const MOST_NODES = 65_535;

export function emptyColumns(): TaskColumns {
  return { length: 0, count: 0, version: 0, ...places(FIRST_PLACES), nodes: [0], placeOfNode: new Map([[0, 0]]) };
}

type Arrays = Pick<TaskColumns, 'state' | 'created' | 'started' | 'ended' | 'exitCode' | 'result' | 'retries' | 'slots' | 'node'>;

function places(size: number): Arrays {
  return {
    state: new Uint8Array(size).fill(ABSENT),
    created: new Float64Array(size),
    started: new Float64Array(size),
    ended: new Float64Array(size),
    exitCode: new Float64Array(size),
    result: new Uint8Array(size),
    retries: new Uint16Array(size),
    slots: new Uint16Array(size),
    node: new Uint16Array(size),
  };
}

/** Has places for the numbers up to `through`. Nothing may be written meanwhile; what is read stays as it was. */
export async function growTo(columns: TaskColumns, through: TaskNumber): Promise<void> {
  if (through > columns.state.length) {
    const next = places(Math.max(through, Math.min(columns.state.length * 2, columns.state.length + 500_000)));
    const names = Object.keys(next) as (keyof Arrays)[];
    await inSlices(columns.length, (from, to) => {
      for (const name of names) next[name].set(columns[name].subarray(from, to), from);
    });
    Object.assign(columns, next);
  }
  columns.length = Math.max(columns.length, through);
}

/** Writes the window of the numbers above `after`, up to `through`, for which columns have places. */
export function setWindow(columns: TaskColumns, window: TaskColumnsWindow, after: TaskNumber, through: TaskNumber): void {
  if (through > columns.length) throw new Error(`columns of ${columns.length} tasks have no place for ${through}`);
  for (let number = after + 1; number <= through; number += 1) set(columns, window, number - after - 1, number);
}

/** Writes the tasks with these numbers, each of which has its place in the window. */
export function setNumbers(columns: TaskColumns, window: TaskColumnsWindow, numbers: readonly TaskNumber[]): void {
  for (const [place, number] of numbers.entries()) set(columns, window, place, number);
}

/** Writes what stands at a place of a window, or that there is no such task. */
function set(columns: TaskColumns, window: TaskColumnsWindow, place: number, number: TaskNumber): void {
  if (window.isTask[place] !== 1) return remove(columns, number);
  const at = number - 1;
  const { state, started, ended, exitCode, result, retries, node } = asShown(window, place);
  if (columns.state[at] === ABSENT) columns.count += 1;
  else if (columns.state[at] === state && columns.started[at] === started && columns.ended[at] === ended) return;
  columns.version += 1;
  columns.state[at] = state;
  columns.created[at] = window.created[place] ?? 0;
  columns.started[at] = started;
  columns.ended[at] = ended;
  columns.exitCode[at] = exitCode;
  columns.result[at] = result;
  columns.retries[at] = retries;
  columns.slots[at] = window.slots[place] ?? 0;
  columns.node[at] = placeOf(columns, node);
}

function remove(columns: TaskColumns, number: TaskNumber): void {
  if (columns.state[number - 1] === ABSENT) return;
  columns.state[number - 1] = ABSENT;
  columns.count -= 1;
  columns.version += 1;
}

function placeOf(columns: TaskColumns, node: number): number {
  const known = columns.placeOfNode.get(node);
  if (known !== undefined) return known;
  if (columns.nodes.length > MOST_NODES) return MOST_NODES;
  columns.placeOfNode.set(node, columns.nodes.length);
  return columns.nodes.push(node) - 1;
}
