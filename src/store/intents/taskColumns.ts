import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { valueSql } from '../status/description.ts';
import { row, statement, transaction, type Database, type Transaction } from './statement.ts';
import { STATUSES_OF } from './taskFilter.ts';

/**
 * What sorting, filters and sums need of some tasks, one array a column, as it stands in rows: `asShown` says how it is
 * read. A place is one of a window of numbers, or of a list of them.
 *
 * A window comes as one row of words of 64 bits, since making an object of each of a million tasks, or parsing their
 * numbers, takes seconds. What most tasks have fits in one word of the task and two of its status; the others are sent
 * whole beside them (`rare`). Tasks and statuses are read apart, each by its key: of a table that has just grown the
 * planner knows nothing, and a join of its choosing takes a hundred times as long.
 */
export interface TaskColumnsWindow {
  /** 1: there is a task at this place. */
  readonly isTask: ArrayLike<number>;
  readonly created: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
  /** How often it was asked to be active again. */
  readonly asked: ArrayLike<number>;
  /** As in `TASK_STATUS`; 0: never attempted, nor ended, and the other columns say nothing. */
  readonly state: ArrayLike<number>;
  /** `NOTHING`: none. */
  readonly started: ArrayLike<number>;
  readonly ended: ArrayLike<number>;
  readonly exitCode: ArrayLike<number>;
  /** As in `TASK_STATUS`; 0: none. */
  readonly result: ArrayLike<number>;
  readonly retries: ArrayLike<number>;
  readonly reactivations: ArrayLike<number>;
  /** Its number; 0: none. */
  readonly node: ArrayLike<number>;
}

/** Below all times, exit codes and numbers. */
export const NOTHING = -(2 ** 40);
/** By their place: the state as clients read it. */
export const WIRE_STATES = ['active', 'preparing', 'running', 'completed'] as const;
/** So many places a window has at most: what 14 bits can say. */
export const MOST_PLACES = 16_384;

/** Their places, above their slots, above when they were created. */
const TASK_WORD = { slots: { shift: 14, most: 63 }, created: { shift: 20, bits: 43 } } as const;
/** Places, states, results, and when attempts began; then how long they took, below the nodes. */
const STATUS_WORD = { state: { shift: 14, most: 7 }, result: { shift: 17, most: 3 }, started: { shift: 19, bits: 44 }, ran: { bits: 32 } } as const;
const HALF = 2 ** 32;

const { choices: STATES } = TASK_STATUS.columns.state;
if (Math.max(...Object.values(STATES)) > STATUS_WORD.state.most || Math.max(...Object.values(TASK_STATUS.columns.result.choices)) > STATUS_WORD.result.most) throw new Error('a state or result has no room in its word');

const TASK_RARE = ['t.created', 't.required_slots', 't.reactivate_sequence'];
/** Plain columns: a million rows go through these expressions. */
const STATUS_RARE = [
  `coalesce(s.started_at, ${NOTHING})`,
  `coalesce(s.ended_at, ${NOTHING})`,
  `coalesce(s.exit_code, ${NOTHING})`,
  valueSql('s', TASK_STATUS.columns.retryCount),
  valueSql('s', TASK_STATUS.columns.reactivateSequence),
  'coalesce(s.node, 0)',
];

function sent(words: readonly string[], rare: readonly string[], isRare: string, source: string): string {
  const doubles = rare.map((sql) => `float8send((${sql})::float8)`).join(' || ');
  return `select ${words.map((sql, at) => `coalesce(string_agg(int8send(${sql}), ''), '') as word${at}`).join(', ')}, coalesce(string_agg(${doubles}, '') filter (where ${isRare}), '') as rare from ${source}`;
}

/** Of rows `t`, whose place is `place`. */
function tasksSent(place: string, source: string): string {
  const { slots, created } = TASK_WORD;
  const word = `(${place}) | (least(t.required_slots, ${slots.most})::bigint << ${slots.shift}) | (t.created << ${created.shift})`;
  return sent([word], [place, ...TASK_RARE], `t.required_slots > ${slots.most} or t.reactivate_sequence <> 0 or t.created >= ${2 ** created.bits}`, source);
}

/** Of rows `s`, whose place is `place`. Usual is what has ended with exit code 0, at the first try. */
function statusesSent(place: string, source: string): string {
  const { state, result, started, ran } = STATUS_WORD;
  const first = `(${place}) | (s.state::bigint << ${state.shift}) | (coalesce(s.result, 0)::bigint << ${result.shift}) | (coalesce(s.started_at, 0) << ${started.shift})`;
  const second = `(coalesce(s.ended_at - s.started_at, 0) & ${HALF - 1}) | (coalesce(s.node, 0) << ${ran.bits})`;
  const isRare = `s.seldom is not null or s.exit_code is distinct from 0 or (s.ended_at - s.started_at between 0 and ${HALF - 1}) is not true or s.started_at >= ${2 ** started.bits} or s.node >= ${HALF}`;
  return sent([first, second], [place, ...STATUS_RARE], isRare, source);
}

interface TasksSent {
  readonly word0: Buffer;
  readonly rare: Buffer;
}
interface StatusesSent extends TasksSent {
  readonly word1: Buffer;
}

const tasksOfWindow = statement<TasksSent>('task.columns', tasksSent('t.task - $2 - 1', 'task t where t.job = $1 and t.task > $2 and t.task <= $3 and t.deleted_at is null'));
const statusesOfWindow = statement<StatusesSent>('task.statusColumns', statusesSent('s.task - $2 - 1', 'task_status s where s.job = $1 and s.task > $2 and s.task <= $3'));
const LISTED = 'unnest($2::bigint[]) with ordinality n(task, place)';
const tasksOf = statement<TasksSent>('task.columnsOf', tasksSent('n.place - 1', `${LISTED}, lateral (select * from task where task.job = $1 and task.task = n.task and deleted_at is null limit 1) t`));
const statusesOf = statement<StatusesSent>('task.statusColumnsOf', statusesSent('n.place - 1', `${LISTED}, lateral (select * from task_status where task_status.job = $1 and task_status.task = n.task limit 1) s`));

/**
 * Runs `read`, whose windows come in the order in which rows lie in their pages: that costs two thirds of going through
 * them by key. The planner is told so, as it would go by key (`connect`).
 */
export function readingWindows(database: Database, read: (tx: Transaction) => Promise<void>): Promise<void> {
  return transaction(database, async (tx) => {
    await tx.query('set local enable_bitmapscan = on; set local enable_indexscan = off');
    await read(tx);
  });
}

/**
 * Of the tasks numbered above `after`, up to `through`: each at its place after `after`. `begun`: no task above it was
 * ever attempted.
 */
export async function taskColumns(tx: Transaction, job: JobNumber, { after, through, begun }: { readonly after: TaskNumber; readonly through: TaskNumber; readonly begun: TaskNumber }): Promise<TaskColumnsWindow> {
  const [tasks, statuses] = await Promise.all([row(tx, tasksOfWindow, [job, after, through]), after < begun ? row(tx, statusesOfWindow, [job, after, through]) : null]);
  return unpacked(through - after, tasks, statuses);
}

/** Of these, each at its place in the list. */
export async function taskColumnsOf(database: Database, job: JobNumber, numbers: readonly TaskNumber[]): Promise<TaskColumnsWindow> {
  const [tasks, statuses] = await Promise.all([row(database, tasksOf, [job, numbers]), row(database, statusesOf, [job, numbers])]);
  return unpacked(numbers.length, tasks, statuses);
}

function unpacked(places: number, tasks: TasksSent | null, statuses: StatusesSent | null): TaskColumnsWindow {
  if (places > MOST_PLACES) throw new Error(`a window has no ${places} places`);
  const window: Unpacked = {
    isTask: new Uint8Array(places),
    created: new Float64Array(places),
    slots: new Uint16Array(places),
    asked: new Uint32Array(places),
    state: new Uint8Array(places),
    started: new Float64Array(places),
    ended: new Float64Array(places),
    exitCode: new Float64Array(places),
    result: new Uint8Array(places),
    retries: new Uint32Array(places),
    reactivations: new Uint32Array(places),
    node: new Float64Array(places),
  };
  if (tasks !== null) unpackTasks(window, tasks);
  if (statuses !== null) unpackStatuses(window, statuses);
  return window;
}

type Unpacked = { readonly [Name in keyof TaskColumnsWindow]: Uint8Array | Uint16Array | Uint32Array | Float64Array };

/** PostgreSQL sends the highest byte first: the upper half of a word, then the lower. */
const WORD_BYTES = 8;

function unpackTasks(window: Unpacked, { word0, rare }: TasksSent): void {
  const { slots, created } = TASK_WORD;
  for (let at = 0; at < word0.length; at += WORD_BYTES) {
    const [high, low] = [word0.readUInt32BE(at), word0.readUInt32BE(at + 4)];
    const place = low & (MOST_PLACES - 1);
    window.isTask[place] = 1;
    window.slots[place] = (low >>> slots.shift) & slots.most;
    window.created[place] = high * 2 ** (32 - created.shift) + (low >>> created.shift);
  }
  setRare(rare, [window.created, window.slots, window.asked]);
}

function unpackStatuses(window: Unpacked, { word0, word1, rare }: StatusesSent): void {
  const { state, result, started } = STATUS_WORD;
  for (let at = 0; at < word0.length; at += WORD_BYTES) {
    const [high, low] = [word0.readUInt32BE(at), word0.readUInt32BE(at + 4)];
    const place = low & (MOST_PLACES - 1);
    const begunAt = high * 2 ** (32 - started.shift) + (low >>> started.shift);
    window.state[place] = (low >>> state.shift) & state.most;
    window.result[place] = (low >>> result.shift) & result.most;
    window.started[place] = begunAt;
    window.ended[place] = begunAt + word1.readUInt32BE(at + 4);
    window.node[place] = word1.readUInt32BE(at);
  }
  setRare(rare, [window.started, window.ended, window.exitCode, window.retries, window.reactivations, window.node]);
}

/** Rows of doubles: the place, then what stands there. */
function setRare(bytes: Buffer, columns: readonly (Unpacked[keyof Unpacked])[]): void {
  for (let at = 0; at < bytes.length; at += WORD_BYTES * (columns.length + 1)) {
    const place = bytes.readDoubleBE(at);
    for (const [index, column] of columns.entries()) column[place] = bytes.readDoubleBE(at + WORD_BYTES * (index + 1));
  }
}

/** A task as the wire shows it: the place in `WIRE_STATES`, and what of an attempt is shown in that state. */
export interface TaskAsShown {
  readonly state: number;
  readonly started: number;
  readonly ended: number;
  readonly exitCode: number;
  /** 0: none; 1: success; 2: failure. */
  readonly result: number;
  readonly retries: number;
  readonly node: number;
}

const COMPLETED = WIRE_STATES.indexOf('completed');
/** By the number that stands in the row. */
const SHOWN: readonly number[] = [0, ...Object.values(STATES).map((number) => WIRE_STATES.findIndex((state) => STATUSES_OF[state].includes(number)))];

const NEVER_ATTEMPTED: TaskAsShown = { state: 0, started: NOTHING, ended: NOTHING, exitCode: NOTHING, result: 0, retries: 0, node: 0 };

/**
 * Of the task at a place: the facts of api/data/task/view.ts. A reactivation that the owner has not seen yet reads
 * active already.
 */
export function asShown(window: TaskColumnsWindow, at: number): TaskAsShown {
  const stored = window.state[at] ?? 0;
  if (stored === 0) return NEVER_ATTEMPTED;
  const isUnseen = (window.asked[at] ?? 0) > (window.reactivations[at] ?? 0);
  const state = isUnseen ? 0 : (SHOWN[stored] ?? 0);
  const ended = state === COMPLETED;
  return {
    state,
    started: state === 0 ? NOTHING : (window.started[at] ?? NOTHING),
    ended: ended ? (window.ended[at] ?? NOTHING) : NOTHING,
    exitCode: ended ? (window.exitCode[at] ?? NOTHING) : NOTHING,
    result: ended ? (window.result[at] ?? 0) : 0,
    retries: window.retries[at] ?? 0,
    node: state === 0 ? 0 : (window.node[at] ?? 0),
  };
}

const existing = statement<{ task: readonly TaskNumber[] }>('task.existing', `select coalesce(array_agg(w.task), '{}') as task from (select task from task where job = $1 and task > $2 and task <= $3 and deleted_at is null order by task) w`);

/** Numbers above `after`, up to `through`, that are those of tasks. */
export async function existingTasks(database: Database, job: JobNumber, after: TaskNumber, through: TaskNumber): Promise<readonly TaskNumber[]> {
  return (await row(database, existing, [job, after, through]))?.task ?? [];
}

const seen = statement<{ reactivations: number; gone: number; begun: TaskNumber }>(
  'task.columnsSeen',
  `select j.reactivations, coalesce(s.ingested - s.tasks_active - s.tasks_running - s.tasks_succeeded - s.tasks_failed, 0) as gone,
     coalesce((select max(task) from task_status where job = $1), 0) as begun
   from job j left join job_status s using (job) where j.job = $1`,
);

/** How often tasks of the job were made active again, how many are gone, and the last that was attempted or ended. */
export interface TasksSeen {
  readonly reactivations: number;
  readonly gone: number;
  readonly begun: TaskNumber;
}

export async function tasksSeen(database: Database, job: JobNumber): Promise<TasksSeen> {
  return (await row(database, seen, [job])) ?? { reactivations: 0, gone: 0, begun: 0 };
}

// In the order of the whole index, so that nothing has to be sorted. An aggregate with an order of its own would sort.
const inOrder = statement<{ task: readonly TaskNumber[]; last: string | null }>(
  'task.numbersById',
  `select coalesce(array_agg(w.task), '{}') as task, max(w.id_key) as last
   from (select task, id_key from task where job = $1 and id_key > $2 and deleted_at is null order by job, id_key, (case when deleted_at is null then 0 else task end) limit $3) w`,
);

/** The numbers of a job's tasks in the order of their ids, above the key `after`; `last`: the key of the last one. */
export async function taskNumbersById(database: Database, job: JobNumber, after: string, limit: number): Promise<{ readonly task: readonly TaskNumber[]; readonly last: string | null }> {
  return (await row(database, inOrder, [job, after, limit])) ?? { task: [], last: null };
}
