import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskState } from '../../src/core/status.ts';
import { asShown, NOTHING, readingWindows, taskColumns, taskColumnsOf, type TaskColumnsWindow } from '../../src/store/intents/taskColumns.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import { temporaryDatabase } from '../support/postgres.ts';

const { state: { choices: STATE }, result: { choices: RESULT } } = TASK_STATUS.columns;
const JOB = 7;
const FIRST = 100;
const DAY = 24 * 3_600_000;
const YEAR = 365 * DAY;

interface Given {
  readonly what: string;
  readonly created?: number;
  readonly slots?: number;
  readonly asked?: number;
  readonly deleted?: boolean;
  readonly status?: { readonly state: TaskState; readonly startedAt?: number; readonly endedAt?: number; readonly exitCode?: number; readonly result?: keyof typeof RESULT; readonly retries?: number; readonly seen?: number; readonly node?: number };
}

const ended = { state: 'completed', startedAt: 1_795_900_000_001, endedAt: 1_795_900_000_007, exitCode: 0, result: 'success', node: 9 } as const;

const GIVEN: readonly Given[] = [
  { what: 'never attempted' },
  { what: 'succeeded', status: ended },
  { what: 'is gone', status: ended, deleted: true },
  { what: 'ended at once', status: { ...ended, endedAt: ended.startedAt } },
  { what: 'failed', status: { ...ended, exitCode: 7, result: 'failure' } },
  { what: 'was killed', status: { ...ended, exitCode: -2_147_483_648, result: 'failure' } },
  { what: 'was ended before it began', status: { state: 'completed', endedAt: 5, result: 'failure' } },
  { what: 'ended without an exit code', status: { state: 'completed', startedAt: 3, endedAt: 5, result: 'failure', node: 9 } },
  { what: 'runs', status: { state: 'running', startedAt: 1_795_900_000_000, node: 4_294_967_295 } },
  { what: 'runs, with an exit code of before', status: { state: 'running', startedAt: 5, exitCode: 0, node: 9 } },
  { what: 'is prepared', status: { state: 'preparing', node: 9 } },
  { what: 'waits again', status: { state: 'active', retries: 2 } },
  { what: 'succeeded after tries', status: { ...ended, retries: 70_000 } },
  { what: 'is to be active again', asked: 2, status: { ...ended, seen: 1 } },
  { what: 'was active again', asked: 2, status: { ...ended, seen: 2 } },
  { what: 'is 63 wide', slots: 63, status: ended },
  { what: 'is 64 wide', slots: 64, status: ended },
  { what: 'is 256 wide', slots: 256 },
  { what: 'ran for as long as a word can say', status: { ...ended, endedAt: ended.startedAt + 2 ** 32 - 1 } },
  { what: 'ran for longer', status: { ...ended, endedAt: ended.startedAt + 2 ** 32 } },
  { what: 'ran for a year', status: { ...ended, endedAt: ended.startedAt + YEAR } },
  { what: 'ended before it began, by clocks that differ', status: { ...ended, endedAt: ended.startedAt - 1 } },
  { what: 'ran on a node of a high number', status: { ...ended, node: 2 ** 40 + 5 } },
  { what: 'was added as far ahead as a word can say', created: 2 ** 43 - 1 },
  { what: 'was added in a far year', created: 2 ** 43, status: ended },
  { what: 'ran as far ahead as a word can say', status: { ...ended, startedAt: 2 ** 44 - 1, endedAt: 2 ** 44 } },
  { what: 'ran in a far year', status: { ...ended, startedAt: 2 ** 44, endedAt: 2 ** 44 + 3 } },
];

let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
let pool: Pool;
beforeAll(async () => {
  postgres = await temporaryDatabase({ maxConnections: 4 });
  ({ pool } = postgres);
  // In an order of its own: rows lie in their pages as they came.
  for (const [place, { created = 5, slots = 1, asked = 0, deleted = false, status }] of [...GIVEN.entries()].toReversed()) {
    const task = FIRST + place;
    await pool.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots, reactivate_sequence, deleted_at) values ($1, $2, $3, $3, '{}', $4, 0, $5, $6, $7)", [JOB, task, String(task), created, slots, asked, deleted ? 1 : null]);
    if (status === undefined) continue;
    const { state, startedAt = null, endedAt = null, exitCode = null, result, retries, seen, node = null } = status;
    const seldom = retries === undefined && seen === undefined ? null : { retry_count: retries, reactivate_sequence: seen };
    await pool.query('insert into task_status (job, task, state, since, cause, attempt, started_at, ended_at, exit_code, result, node, seldom) values ($1, $2, $3, 0, 1, 1, $4, $5, $6, $7, $8, $9)', [JOB, task, STATE[state], startedAt, endedAt, exitCode, result === undefined ? null : RESULT[result], node, seldom]);
  }
});
afterAll(() => postgres.remove());

const WIRE_PLACE: Readonly<Record<TaskState, number>> = { active: 0, offered: 0, preparing: 1, starting: 2, running: 2, completed: 3 };

/** What a client is to see. */
function wanted({ created = 5, slots = 1, asked = 0, deleted = false, status }: Given): object | null {
  if (deleted) return null;
  const isAgain = status === undefined || asked > (status.seen ?? 0);
  const state = isAgain ? 0 : WIRE_PLACE[status.state];
  const { startedAt = NOTHING, endedAt = NOTHING, exitCode = NOTHING, result, retries = 0, node = 0 } = status ?? {};
  const isOver = state === 3;
  return { created, slots, state, started: state === 0 ? NOTHING : startedAt, ended: isOver ? endedAt : NOTHING, exitCode: isOver ? exitCode : NOTHING, result: isOver && result !== undefined ? RESULT[result] : 0, retries, node: state === 0 ? 0 : node };
}

function shown(window: TaskColumnsWindow, place: number): object | null {
  return window.isTask[place] === 1 ? { created: window.created[place], slots: window.slots[place], ...asShown(window, place) } : null;
}

async function windowOf(after: number, through: number, begun = through): Promise<TaskColumnsWindow> {
  const windows: TaskColumnsWindow[] = [];
  await readingWindows(pool, async (tx) => void windows.push(await taskColumns(tx, JOB, { after, through, begun })));
  const [window] = windows;
  if (window === undefined) throw new Error('nothing was read');
  return window;
}

describe('columns of tasks, as the database sends them', () => {
  test.each(GIVEN.map((given, place) => ({ given, place, what: given.what })))('one that $what', async ({ given, place }) => {
    const before = 3;
    expect(shown(await windowOf(FIRST - 1 - before, FIRST + GIVEN.length + 5), place + before), 'in a window').toEqual(wanted(given));
    expect(shown(await taskColumnsOf(pool, JOB, [1, FIRST + place]), 1), 'in a list').toEqual(wanted(given));
  });

  test('where there is no task nothing is', async () => {
    const window = await windowOf(0, FIRST + GIVEN.length + 5);
    expect([...Array(FIRST - 1).keys(), FIRST + GIVEN.length].filter((place) => window.isTask[place] !== 0)).toEqual([]);
  });

  test('above the last that was attempted no statuses are asked for', async () => {
    const window = await windowOf(FIRST - 1, FIRST + GIVEN.length, FIRST - 1);
    expect(shown(window, 1)).toMatchObject({ state: 0, started: NOTHING });
  });

  test('a window has 16,384 places at most', async () => {
    await expect(windowOf(0, 16_385)).rejects.toThrow('a window has no 16385 places');
  });
});
