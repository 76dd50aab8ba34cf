import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Decisions } from '../../src/core/decisions.ts';
import { measured, type PoolMeasure } from '../../src/core/pool/measure.ts';
import { NO_USAGE, type TaskUsage } from '../../src/core/task/usage.ts';
import type { IntentWriter } from '../../src/simulation/intentWriter.ts';
import { lifetimeNodes, lifetimeResources, lifetimeTasks, type LifetimeTasks } from '../../src/store/intents/lifetime.ts';
import { clearGoneJobs } from '../../src/store/maintenance/goneJobs.ts';
import { clearGoneNodes } from '../../src/store/maintenance/goneNodes.ts';
import type { OwnerStore } from '../../src/store/ownerStore.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import { jobIntent } from '../support/intents.ts';
import { temporaryDatabase } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';

const { state: { choices: STATE }, cause: { choices: CAUSE }, result: { choices: RESULT } } = TASK_STATUS.columns;
const ACCOUNT = 1;
const NOW = 10_000;

let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
let pool: Pool;
let store: OwnerStore;
let intents: IntentWriter;
let epoch: number;
let ticks = 0;
beforeAll(async () => {
  postgres = await temporaryDatabase({ maxConnections: 10 });
  ({ pool } = postgres);
  store = postgresOwnerStore(pool);
  intents = postgresIntents(pool);
  ({ epoch } = await store.claim(ACCOUNT, randomUUID(), 'http://here'));
});
beforeEach(async () => {
  await pool.query('delete from task; delete from task_status; delete from gone_job; delete from job; delete from node; delete from pool; delete from lifetime_tasks; delete from lifetime_nodes; delete from pool_status; delete from lifetime_resources');
});
afterAll(() => postgres.remove());

async function gone(what: Partial<Decisions['gone']>): Promise<void> {
  const decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [], ...what }, satisfied: [], guards: [], commands: [], isIdle: false };
  await store.commit({ account: ACCOUNT, epoch, tick: (ticks += 1), now: NOW, decisions, inboxEntries: [], specs: [], journal: null });
}

interface Done {
  readonly state?: keyof typeof STATE;
  readonly result?: keyof typeof RESULT;
  readonly created?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly retries?: number;
  readonly used?: TaskUsage;
}

async function jobWith(id: string, tasks: readonly Done[]): Promise<number> {
  const job = await intents.addJob(ACCOUNT, jobIntent({ id }));
  for (const [index, { state = 'completed', result, created = 0, startedAt, endedAt, retries, used }] of tasks.entries()) {
    await pool.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) values ($1, $2, $4, $4, '{}', $3, 0, 1)", [job, index + 1, created, String(index + 1)]);
    await pool.query('insert into task_status (job, task, state, since, cause, attempt, result, started_at, ended_at, seldom, used) values ($1, $2, $3, 0, $4, 1, $5, $6, $7, $8, $9)', [
      job, index + 1, STATE[state], CAUSE.exited, result === undefined ? null : RESULT[result], startedAt ?? null, endedAt ?? null, retries === undefined ? null : { retry_count: retries }, used === undefined ? null : JSON.stringify(used),
    ]);
  }
  return job;
}

async function counts(): Promise<Omit<LifetimeTasks, 'since'>> {
  const { since: _since, ...rest } = await lifetimeTasks(pool, ACCOUNT, NOW);
  return rest;
}

async function poolOf(id: string, vmSize: string): Promise<number> {
  const { rows } = await pool.query<{ pool: number }>(
    `insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation, resize_requested_at)
     values (1, $1, $1, $2, '{}', 0, 0, 0, 0, 0, 'requeue', 0) returning pool`, [id, { vmSize }]);
  return Number(rows[0]?.pool);
}

describe('the lifetime of an account', () => {
  test('counts its tasks, and for how long they waited and ran; what runs counts until now', async () => {
    expect(await counts()).toEqual({ succeeded: 0, failed: 0, retries: 0, wallClockMs: 0, waitMs: 0, used: NO_USAGE });
    await jobWith('a', [
      { result: 'success', created: 100, startedAt: 150, endedAt: 400, used: [1, 2, 3, 4, 5, 6] },
      { result: 'failure', created: 100, startedAt: 200, endedAt: 300, retries: 2 },
      { state: 'running', created: 1_000, startedAt: 9_000, used: [10, 0, 0, 0, 0, 2 ** 40] },
      // Over before it began, and one that waits.
      { result: 'failure' },
      { state: 'active' },
    ]);
    expect(await counts()).toEqual({ succeeded: 1, failed: 2, retries: 2, wallClockMs: 250 + 100 + 1_000, waitMs: 50 + 100 + 8_000, used: [11, 2, 3, 4, 5, 2 ** 40 + 6] });
  });

  test('loses nothing when tasks are deleted, when their job is, and when that is cleared away in batches', async () => {
    const done: Done = { result: 'success', created: 0, startedAt: 10, endedAt: 30, retries: 1, used: [1, 2, 3, 4, 5, 6] };
    const job = await jobWith('a', [done, done, { ...done, result: 'failure' }]);
    await jobWith('kept', [done]);
    const all = { succeeded: 3, failed: 1, retries: 4, wallClockMs: 80, waitMs: 40, used: [4, 8, 12, 16, 20, 24] };
    expect(await counts()).toEqual(all);
    await gone({ tasks: [{ job, task: 1 }] });
    expect(await counts(), 'a task is deleted').toEqual(all);
    await gone({ jobs: [job] });
    expect(await counts(), 'its job is').toEqual(all);
    await clearGoneJobs(pool);
    expect((await pool.query('select from task_status')).rowCount).toBe(1);
    expect(await counts(), 'it is cleared away').toEqual(all);
  });

  test('counts each batch of a large job once', async () => {
    const job = await jobWith('large', []);
    await pool.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) select $1, n, n, n, '{}', 0, 0, 1 from generate_series(1, 12000) n", [job]);
    await pool.query('insert into task_status (job, task, state, since, cause, attempt, result, started_at, ended_at) select $1, n, $2, 0, $3, 1, $4, 1, 2 from generate_series(1, 12000) n', [job, STATE.completed, CAUSE.exited, RESULT.success]);
    await gone({ jobs: [job] });
    await clearGoneJobs(pool);
    expect(await counts()).toEqual({ succeeded: 12_000, failed: 0, retries: 0, wallClockMs: 12_000, waitMs: 12_000, used: NO_USAGE });
  });

  test('counts the time of dedicated nodes by size, also of nodes and pools that are gone', async () => {
    const node = (number: number, of: number, status: object, goneAt: number | null): Promise<unknown> =>
      pool.query("insert into node (node, account, pool, id, id_key, gone_at, status) values ($1, 1, $2, $5, $5, $3, $4)", [number, of, goneAt, status, String(number)]);
    const [small, large] = [await poolOf('small', 'standard_d1_v2'), await poolOf('large', 'standard_d4s_v3')];
    await node(1, small, { allocatedAt: 1_000, dedicated: true }, 3_000);
    await node(2, small, { allocatedAt: 9_000, dedicated: true }, null);
    await node(3, small, { allocatedAt: 0, dedicated: false }, null);
    await node(4, large, { allocatedAt: 4_000, dedicated: true }, 5_000);
    const all = [{ vmSize: 'standard_d1_v2', dedicatedMs: 3_000 }, { vmSize: 'standard_d4s_v3', dedicatedMs: 1_000 }];
    expect(await lifetimeNodes(pool, ACCOUNT, NOW)).toEqual(all);
    await gone({ pools: [large] });
    expect(await lifetimeNodes(pool, ACCOUNT, NOW), 'a pool is gone').toEqual(all);
    expect(await clearGoneNodes(pool)).toBe(2);
    expect(await lifetimeNodes(pool, ACCOUNT, NOW), 'rows of nodes are removed').toEqual(all);
  });

  test('counts what nodes have used: the sum of what each pool has, the most on one node, and that of pools that are gone', async () => {
    expect(await lifetimeResources(pool, ACCOUNT)).toMatchObject({ nodeMs: 0, cpu: { ms: 0, coreMs: 0 }, memory: { peakBytes: 0 } });
    const used = async (of: number, resources: PoolMeasure): Promise<void> => {
      await pool.query("insert into pool_status (pool, resources, allocation_state, allocation_since, resize_sequence, stop_sequence, current_dedicated, current_low_priority) values ($1, $2, 'steady', 0, 0, 0, 0, 0)", [of, resources]);
    };
    const [first, second] = [await poolOf('first', 'standard_d1_v2'), await poolOf('second', 'standard_d1_v2')];
    await poolOf('unmeasured', 'standard_d1_v2');
    await used(first, measured({ overMs: 1_000, cpu: { ms: 500, cores: 2 }, memoryBytes: 2 ** 33, diskBytes: 7, io: { readBytes: 1, writeBytes: 2, readOps: 3, writeOps: 4 }, network: { inBytes: 2 ** 53, outBytes: 6 } }));
    await used(second, measured({ overMs: 3_000, cpu: { ms: 700, cores: 4 }, memoryBytes: 2 ** 30, io: { readBytes: 10, writeBytes: 20, readOps: 30, writeOps: 40 } }));
    const all = {
      nodeMs: 4_000,
      cpu: { ms: 1_200, coreMs: 14_000 },
      memory: { byteMs: 1_000 * 2 ** 33 + 3_000 * 2 ** 30, ms: 4_000, peakBytes: 2 ** 33 },
      disk: { byteMs: 7_000, ms: 1_000, peakBytes: 7 },
      io: { readBytes: 11, writeBytes: 22, readOps: 33, writeOps: 44 },
      network: { inBytes: 2 ** 53, outBytes: 6 },
    };
    expect(await lifetimeResources(pool, ACCOUNT)).toEqual(all);
    await gone({ pools: [first] });
    expect(await lifetimeResources(pool, ACCOUNT), 'a pool is gone').toEqual(all);
    await gone({ pools: [second] });
    expect(await lifetimeResources(pool, ACCOUNT), 'both are').toEqual(all);
  });
});
