import type { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCore, resumeCore } from '../../src/core/core.ts';
import { type Decisions, withoutEndings } from '../../src/core/decisions.ts';
import { simulatedAgent } from '../../src/simulation/agent.ts';
import { NO_FAULTS } from '../../src/simulation/faults.ts';
import { createNetwork } from '../../src/simulation/network.ts';
import { simulatedProvider } from '../../src/simulation/provider.ts';
import { NotReplayable, replay } from '../../src/simulation/replay.ts';
import { type Service, startService } from '../../src/simulation/service.ts';
import { createTruth } from '../../src/simulation/truth.ts';
import { createWorld } from '../../src/simulation/world.ts';
import { JOURNAL_SLOT_MS, type JournalRow, readJournal } from '../../src/store/journal.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import { jobIntent, poolIntent, taskIntent } from '../support/intents.ts';
import { temporaryDatabase } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';

const RULES = { createCore, resumeCore };
const { state: { choices: STATE } } = TASK_STATUS.columns;

let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
let pool: Pool;
beforeAll(async () => {
  postgres = await temporaryDatabase();
  ({ pool } = postgres);
  await workThroughThreeEpochs();
});
afterAll(() => postgres.remove());

const STATUS_TABLES = ['pool_status', 'job_status', 'node', 'node_activity', 'task_status', 'satisfied_id'];
const PROCESSES = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-000000000004'] as const;

/** Owners on the real database; nodes and agents in virtual time, which passes between its answers. */
async function workThroughThreeEpochs(): Promise<void> {
  const world = createWorld(1);
  const faults = () => NO_FAULTS;
  const network = createNetwork(world, faults);
  const truth = createTruth({ onStart: () => undefined, onProceed: () => undefined, onAcknowledged: () => undefined });
  let service: Service | undefined;
  const provider = simulatedProvider({
    world,
    faults,
    leaseMs: null,
    onWiped: () => undefined,
    boot: ({ node, nodeId, life, credential }, disk, onGone) =>
      simulatedAgent({
        world,
        truth,
        node,
        nodeId,
        life,
        disk,
        onGone,
        dial: (callbacks) => (service === undefined ? world.after(1, callbacks.closed) : network.dial(service, credential, callbacks)),
        startTaskFails: () => false,
      coordination: () => ({ durationMs: 1, outcome: { kind: 'exited', exitCode: 0 } }),
        jobTask: () => ({ durationMs: 1, outcome: { kind: 'exited', exitCode: 0 } }),
      work: ({ task, attempt }) => ({ durationMs: 100 + 10 * task, outcome: { kind: 'exited', exitCode: task % 5 === 0 && attempt === 1 ? 1 : 0 } }),
      }),
  });
  const faultsOfOurs: unknown[] = [];
  const start = (process: string): Service =>
    startService({
      world,
      account: 1,
      process,
      store: () => postgresOwnerStore(pool),
      provider,
      createCore,
      log: { info: () => undefined, warn: () => undefined, error: (fields) => void faultsOfOurs.push(fields) },
      story: { tasks: false, tell: () => undefined },
      onError: (error) => void faultsOfOurs.push(error),
      onFault: (fault) => void faultsOfOurs.push(fault),
    });
  const pass = async (ms: number): Promise<void> => {
    let isOver = false;
    world.after(ms, () => {
      isOver = true;
    });
    await world.run(() => isOver, Number.POSITIVE_INFINITY);
    await pool.query('select');
  };
  const until = async (what: string, condition: string): Promise<void> => {
    for (let look = 0; look < 10_000; look += 1) {
      await pass(10);
      if ((await pool.query(`select where ${condition}`)).rowCount === 1) return;
      if (faultsOfOurs.length > 0) throw faultsOfOurs[0];
    }
    throw new Error(`not so: ${what}`);
  };

  const intents = postgresIntents(pool);
  const createdAt = world.now();
  await intents.addPool(1, poolIntent({ createdAt, resizeRequestedAt: createdAt, targetDedicated: 2, taskSlotsPerNode: 4 }));
  const plain = await intents.addJob(1, jobIntent({ id: 'plain', createdAt, actionAt: createdAt, maxTaskRetryCount: 1 }));
  await intents.addTasks(plain, Array.from({ length: 60 }, (_, index) => taskIntent(`t${index + 1}`, { createdAt })));
  const chain = await intents.addJob(1, jobIntent({ id: 'chain', createdAt, actionAt: createdAt, usesTaskDependencies: true, onAllTasksComplete: 'terminatejob' }));
  await intents.addTasks(chain, ['a', 'b', 'c'].map((id, index) => taskIntent(id, { createdAt, dependsOn: { ids: index === 0 ? [] : [['a', 'b'][index - 1] ?? ''], ranges: [] } })));
  await pool.query(`update task set spec = json_build_object('id', id, 'commandLine', 'true')`);
  await pool.query(`update pool set spec = spec || '{"vmSize": "standard_a1"}'`);
  service = start(PROCESSES[0]);
  await until('some tasks have ended', `(select count(*) from task_status where state = ${STATE.completed}) >= 15`);
  await service.stop('leave');
  network.breakAll(service);
  service = start(PROCESSES[1]);
  await until('all tasks have ended, and the job of three with them', `(select count(*) from task_status where state = ${STATE.completed}) = 63 and (select state from job_status where job = ${chain}) = 'completed'`);
  await service.stop('leave');
  network.breakAll(service);
  // Without an owner to shortly before the next partition of the journal. One who writes before it, and into it.
  const boundary = Math.ceil((world.now() + 10_000) / JOURNAL_SLOT_MS) * JOURNAL_SLOT_MS;
  await pass(boundary - 10_000 - world.now());
  service = start(PROCESSES[2]);
  const addLater = async (when: string): Promise<void> => {
    await intents.addTasks(plain, Array.from({ length: 5 }, (_, index) => taskIntent(`${when}${index}`, { createdAt })));
    await pool.query(`update task set spec = json_build_object('id', id, 'commandLine', 'true')`);
  };
  await addLater('before');
  await until('the tasks of before have ended', `(select count(*) from task_status where state = ${STATE.completed}) = 68`);
  if (world.now() >= boundary) throw new Error('the owner was too slow to write before the next partition begins');
  while (world.now() < boundary) await pass(10);
  await addLater('after');
  await until('the tasks of later have ended', `(select count(*) from task_status where state = ${STATE.completed}) = 73`);
  await service.stop('leave');
}

async function statusRows(): Promise<unknown[][]> {
  return Promise.all(STATUS_TABLES.map(async (table) => (await pool.query<Record<string, unknown>>(`select * from ${table} order by 1, 2`)).rows));
}

async function rowsOf(epoch: number): Promise<JournalRow[]> {
  const rows: JournalRow[] = [];
  for await (const row of readJournal(pool, 1, epoch)) rows.push(row);
  return rows;
}

async function obstacle(rows: readonly JournalRow[]): Promise<string> {
  try {
    for await (const { tick } of replay(rows, RULES)) if (tick > rows.length) throw new Error('more than there are');
    return 'none';
  } catch (error) {
    if (error instanceof NotReplayable) return error.obstacle;
    throw error;
  }
}

test('what the journal holds of its epochs, replayed one after the other, writes the same rows again', async () => {
  const written = await statusRows();
  await pool.query(`truncate ${STATUS_TABLES.join(', ')}`);
  const store = postgresOwnerStore(pool);
  const { epoch } = await store.claim(1, PROCESSES[3], 'http://later');
  const ticks: number[] = [];
  // Three, or more where the machine stood still for so long that an owner let go.
  for (let earlier = 1; earlier < epoch; earlier += 1) {
    for await (const { tick, now, decisions, refused } of replay(readJournal(pool, 1, earlier), RULES)) {
      ticks.push(tick);
      await store.commit({ account: 1, epoch, tick: ticks.length, now, decisions: { ...withoutEndings(decisions, refused), guards: [] }, inboxEntries: [], specs: [], journal: null });
    }
  }
  expect(ticks.filter((tick) => tick === 1)).toHaveLength(epoch - 1);
  expect(epoch - 1).toBeGreaterThanOrEqual(3);
  expect(ticks.length).toBeGreaterThan(20);
  expect(written.map((rows) => rows.length)).toEqual([1, 2, 2, 2, 73, 0]);
  expect(await statusRows()).toEqual(written);
});

test('what is left of an epoch whose first partition of the journal is gone replays by itself, as the whole does', async () => {
  const epoch = (await pool.query<{ last: number }>('select max(epoch)::int as last from journal')).rows[0]?.last ?? 0;
  const rows = await rowsOf(epoch);
  const slotOf = ({ at }: JournalRow): number => Math.floor(at / JOURNAL_SLOT_MS);
  const last = slotOf(rows.at(-1) ?? { at: 0 } as JournalRow);
  const left = rows.filter((row) => slotOf(row) === last);
  expect([left.length > 3, left.length < rows.length]).toEqual([true, true]);
  const whole = new Map<number, Decisions>();
  for await (const { tick, decisions } of replay(rows, RULES)) whole.set(tick, decisions);
  const alone: number[] = [];
  for await (const { tick, decisions } of replay(left, RULES)) {
    expect(decisions, `tick ${tick}`).toEqual(whole.get(tick));
    alone.push(tick);
  }
  expect(alone).toEqual(left.map(({ tick }) => tick));
  expect(left.filter(({ beginning }) => beginning !== null)).toHaveLength(1);
});

test('a journal that does not replay is said to be so, with the reason', async () => {
  const rows = await rowsOf(1);
  const [first, second, third] = rows;
  if (first === undefined || second === undefined || third === undefined) throw new Error('too few ticks');
  expect(await obstacle(rows)).toBe('none');
  expect(await obstacle([{ ...first, coreVersion: '0' }, second])).toBe('otherVersion');
  expect(await obstacle([{ ...first, beginning: null }, second])).toBe('noBeginning');
  expect(await obstacle([second, third])).toBe('noBeginning');
  expect(await obstacle([])).toBe('noBeginning');
  expect(await obstacle([first, third])).toBe('gap');
});
