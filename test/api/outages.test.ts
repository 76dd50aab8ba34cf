import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeFiles } from '../../src/ports.ts';
import { isUnavailable, rows, statement, transaction } from '../../src/store/intents/statement.ts';
import { until } from '../support/deadline.ts';
import { statuses } from './statuses.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

const ONE = statement('test.one', 'select 1 as one');

/** A node that never answers; it notes when nobody waits any more. */
const GIVEN = { up: false };
const silent: NodeFiles = {
  ask: (_account, _node, _ask, signal) =>
    new Promise(() => {
      signal.addEventListener('abort', () => {
        GIVEN.up = true;
      });
    }),
  read: () => new Promise(() => {}),
};

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ files: silent });
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
});
afterAll(() => it.close());

test('a request whose time is up says so, and gives up what it waited for', async () => {
  await statuses(it.pool).node('p', { id: 'tvmps_1_d' });
  const started = performance.now();
  const { status, json } = await it.ask({ url: '/pools/p/nodes/tvmps_1_d/files?timeout=1' });
  expect([status, json.code]).toEqual([500, 'OperationTimedOut']);
  expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  await until('the ask is given up', () => GIVEN.up);
});

test('what was asked for is kept and answered, however short the client’s patience and long the owner’s silence', async () => {
  const slow = await testApi({
    wake: {
      wake: (_account, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('nobody waits')));
        }),
      sweep: () => {},
      ended: () => Promise.resolve(),
    },
  });
  await slow.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  expect((await slow.ask({ method: 'POST', url: '/jobs/j/terminate?timeout=1' })).status).toBe(202);
  await slow.close();
});

test('a connection that the database ends within a transaction fails that one, as an outage, and nothing else', async () => {
  const failure = await transaction(it.pool, async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    const lost = new Promise<void>((resolve) => {
      tx.once('end', resolve);
    });
    await it.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await lost;
    await tx.query('select 1');
  }).catch((error: unknown) => error);
  expect(isUnavailable(failure), String(failure)).toBe(true);
  expect((await it.ask({ url: '/pools/p' })).status).toBe(200);
});

test('what a transaction asks in one turn goes out in one piece', async () => {
  const pieces: number[] = [];
  await transaction(it.pool, async (tx, last) => {
    if (!(tx instanceof Client)) throw new Error('a connection of another kind');
    const { stream } = tx.connection;
    const write = Reflect.get(stream, '_writev') as (...given: readonly unknown[]) => void;
    Reflect.set(stream, '_writev', (chunks: readonly unknown[], done: unknown) => {
      pieces.push(chunks.length);
      Reflect.apply(write, stream, [chunks, done]);
    });
    await Promise.all([rows(tx, ONE, []), rows(tx, ONE, [])]);
    last(rows(tx, ONE, []).finally(() => Reflect.set(stream, '_writev', write)));
  });
  expect(pieces).toHaveLength(2);
});

test('while the database is away requests are put off; when it is back everything is as it was', async () => {
  expect((await it.askPlainly({ url: '/readyz' })).status).toBe(200);
  await it.postgres.postgres.stop();
  expect((await it.ask({ url: '/pools/p' })).json.code).toBe('ServerBusy');
  expect((await it.askPlainly({ url: '/readyz' })).status).toBe(503);
  expect((await it.askPlainly({ url: '/healthz' })).status).toBe(200);
  await it.postgres.restart();
  await until('the service is ready', async () => (await it.askPlainly({ url: '/readyz' })).status === 200);
  expect((await it.ask({ url: '/pools/p' })).json.id).toBe('p');
});
