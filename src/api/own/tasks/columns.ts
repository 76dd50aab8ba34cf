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

/**
 * Writes a window, which columns have places for; numbers above `after` up to `through` that are not in it are those of
 * no task.
 */
export function setWindow(columns: TaskColumns, window: TaskColumnsWindow, after: TaskNumber, through: TaskNumber): void {
  if (through > columns.length) throw new Error(`columns of ${columns.length} tasks have no place for ${through}`);
  const { task } = window.tasks;
  let row = 0;
  for (let number = after + 1; number <= through; number += 1) {
    if (task[row] === number) row += 1;
    else remove(columns, number);
  }
  setAll(columns, window);
}

/** Writes the tasks with these numbers; those that are not in `window` are no tasks. */
export function setNumbers(columns: TaskColumns, window: TaskColumnsWindow, numbers: readonly TaskNumber[]): void {
  const found = new Set(Array.from(window.tasks.task));
  for (const number of numbers) if (!found.has(number)) remove(columns, number);
  setAll(columns, window);
}

/** Both halves of a window are in order. */
function setAll(columns: TaskColumns, window: TaskColumnsWindow): void {
  const { tasks, statuses } = window;
  let status = 0;
  for (let row = 0; row < tasks.task.length; row += 1) {
    const number = tasks.task[row] ?? 0;
    while ((statuses.task[status] ?? Number.POSITIVE_INFINITY) < number) status += 1;
    set(columns, window, row, statuses.task[status] === number ? status : -1);
  }
}

function remove(columns: TaskColumns, number: TaskNumber): void {
  if (columns.state[number - 1] === ABSENT) return;
  columns.state[number - 1] = ABSENT;
  columns.count -= 1;
  columns.version += 1;
}

function set(columns: TaskColumns, window: TaskColumnsWindow, row: number, statusRow: number): void {
  const { tasks } = window;
  const at = (tasks.task[row] ?? 0) - 1;
  const { state, started, ended, exitCode, result, retries, node } = asShown(window, row, statusRow);
  if (columns.state[at] === ABSENT) columns.count += 1;
  else if (columns.state[at] === state && columns.started[at] === started && columns.ended[at] === ended) return;
  columns.version += 1;
  columns.state[at] = state;
  columns.created[at] = tasks.created[row] ?? 0;
  columns.started[at] = started;
  columns.ended[at] = ended;
  columns.exitCode[at] = exitCode;
  columns.result[at] = result;
  columns.retries[at] = retries;
  columns.slots[at] = tasks.slots[row] ?? 0;
  columns.node[at] = placeOf(columns, node);
}

function placeOf(columns: TaskColumns, node: number): number {
  const known = columns.placeOfNode.get(node);
  if (known !== undefined) return known;
  if (columns.nodes.length > MOST_NODES) return MOST_NODES;
  columns.placeOfNode.set(node, columns.nodes.length);
  return columns.nodes.push(node) - 1;
}
