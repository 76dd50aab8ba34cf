import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FAILURE_EXIT_CODE, resizeStopped } from '../../src/core/failures.ts';
import type { StartTaskStatus } from '../../src/core/status.ts';
import { RECORDED_EXCEPTIONS, VOLATILE, type VolatileValue } from './recordedExceptions.ts';
import { differences, isServed, session, withoutRefused, type Recorded } from './recordings.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const SESSIONS = ['data-plane-2020', 'az-cli-2024', 'sdk-excerpts'] as const;

/** An id of a recorded node. */
function nodeId(number: number): string {
  return `tvmps_0${number}${'a'.repeat(62)}_d`;
}

/** Nodes of the session by the number in their ids. */
const nodes = new Map<number, number>();

async function node(pool: string, number: number, startTask: StartTaskStatus | null = null): Promise<void> {
  const agent = { version: '1.7.14', ipAddress: `10.0.0.${number + 3}`, updatedAt: 1 };
  nodes.set(number, await write.node(pool, { id: nodeId(number), state: 'idle', bootedAt: 1, startTask, agent }));
}

async function gone(table: 'pool' | 'job', ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await it.pool.query(`delete from ${table} where id_key = lower($1)`, [id]);
}

async function added(url: string, body: unknown): Promise<void> {
  expect((await it.ask({ method: 'POST', url, body })).status).toBe(201);
}

const STARTED: StartTaskStatus = { state: 'completed', startedAt: 1, endedAt: 2, exitCode: 0, failure: null, retryCount: 0, lastRetryAt: null, result: 'success' };
const JOB = 'HelloWorldJobNodeSDKTest';
const COMPLETED = { state: 'completed', previousState: 'running', previousSince: 1, attempt: 1, startedAt: 1, endedAt: 2 } as const;
const XENIAL = { imageReference: { publisher: 'Canonical', offer: 'UbuntuServer', sku: '16.04-LTS' }, nodeAgentSKUId: 'batch.node.ubuntu 16.04' };
const STOPPED = { resizeErrors: [resizeStopped('lowPriority')] };
const NO_TASKS = { active: 0, running: 0, succeeded: 0, failed: 0 };

/** What has happened in the service before an exchange, other than by a request: what an owner would have written, or an end of what was deleted. */
const BEFORE: Readonly<Record<string, () => Promise<unknown>>> = {
  'DP 10': () => write.pool('nodesdktestpool1', { currentDedicated: 3 }),
  'DP 18': () => node('nodesdkinboundendpointpool', 1),
  'DP 19': async () => {
    await gone('pool', 'nodesdktestpool_licenses', 'nodesdkdatadiskpool', 'nodesdkvnetpool', 'nodesdkimagepool');
    for (const number of [2, 3, 4]) await node('nodesdktestpool1', number, STARTED);
  },
  'DP 36': async () => {
    await write.pool('nodesdkinboundendpointpool', { currentDedicated: 1 });
    await write.pool('nodesdktestpool2', {});
    // A formula had asked for two nodes, and was disabled.
    await it.ask({ method: 'POST', url: '/pools/nodesdktestpool1/resize', body: { targetDedicatedNodes: 2 } });
    await write.pool('nodesdktestpool1', { allocationState: 'stopping', currentDedicated: 3 });
  },
  'DP 59': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', COMPLETED),
  'DP 61': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', { state: 'active', previousState: 'completed', previousSince: 1, reactivateSequence: 1 }),
  'DP 67': () => write.task(JOB, 'TaskWithUserIdentity', { ...COMPLETED, node: nodes.get(4) ?? null, exitCode: 2, result: 'failure', failure: FAILURE_EXIT_CODE, retryCount: 3, lastRetryAt: 1 }),
  'DP 68': () => write.job(JOB, { tasks: { ...NO_TASKS, succeeded: 3, failed: 1 } }),
  'DP 80': () => gone('job', 'ContainerJobNodeSDKTest', 'JobWithAutoComplete'),
  'DP 83': () => write.job(JOB, { state: 'disabled', previousState: 'active', previousSince: 1 }),
  'AZ 71': () => gone('pool', 'xplatCreatedPool'),
  'AZ 93': () => gone('pool', 'xplatCreatedPool'),
  'AZ 97': () => write.pool('xplatCreatedPool', {}),
  'AZ 100': () => gone('pool', 'xplatJobForTaskTests'),
  'AZ 102': () => write.pool('xplatCreatedPool', STOPPED),
  'AZ 108': () => gone('pool', 'xplatCreatedPool'),
  'AZ 111': () => gone('pool', 'xplatCreatedPool'),
  'AZ 114': () => gone('pool', 'xplatCreatedPool'),
  'AZ 117': () => gone('pool', 'xplatCreatedPool'),
  'AZ 125': async () => {
    await it.pool.query(`delete from pool where id not like 'azure-cli-test-%'`);
    await write.pool('azure-cli-test-iaas', {});
    await write.pool('azure-cli-test-paas', {});
  },
  'EX 6': () => added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } }),
  'EX 7': async () => {
    await gone('job', 'JSSDKTest-Job-Basic');
    await added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } });
    await added('/jobs/JSSDKTest-Job-Basic/tasks', { id: 'task1', commandLine: 'true' });
  },
  'EX 10': () => write.task('JSSDKTest-Job-Basic', 'task1', COMPLETED),
  'EX 11': () => write.job('JSSDKTest-Job-Basic', { tasks: { ...NO_TASKS, succeeded: 2, failed: 3 }, slots: { ...NO_TASKS, succeeded: 2, failed: 3 } }),
  'EX 13': () => added('/pools', { id: 'test_pool', displayName: 'test_pool', vmSize: 'standard_a1', virtualMachineConfiguration: XENIAL, targetDedicatedNodes: 0 }),
  'EX 26': () => added('/jobs', { id: 'batch_job1', poolInfo: { poolId: 'p' } }),
  'EX 29': () => write.job('batch_job1', { state: 'disabled', previousState: 'active', previousSince: 1 }),
  'EX 35': () => write.pool('test_pool', {}),
  'EX 38': () => write.pool('test_pool', { allocationState: 'stopping' }),
  'EX 39': () => write.pool('test_pool', STOPPED),
};

/** A session as it goes on: the page that the last answer named, and what has been left out of requests until now. */
interface Course {
  readonly lost: Set<string>;
  next: string | undefined;
}

async function ask({ name, request: { method, url, headers } }: Recorded, body: unknown, course: Course): Promise<Got> {
  const target = url.includes('$skiptoken') && course.next !== undefined ? course.next : url;
  const sent = { method, url: target, ...(body === undefined ? {} : { body }) };
  // Recorded without a signature.
  if (name === 'EX 13') return it.askPlainly(sent);
  const lower = Object.fromEntries(Object.entries(headers ?? {}).map(([header, value]) => [header.toLowerCase(), value]));
  return it.ask({ ...sent, headers: lower });
}

/** Sends one request and says what is otherwise than recorded; what the tables say is refused or not served has to be so. */
async function replay(exchange: Recorded, course: Course): Promise<string[]> {
  await BEFORE[exchange.name]?.();
  const { body } = exchange.request;
  if (!isServed(exchange)) return (await ask(exchange, body, course)).status === 501 ? [] : ['served, though no handler is listed'];
  const lost = new Set<string>();
  const kept = withoutRefused(body, lost);
  if (lost.size > 0) {
    const refusedNow = await ask(exchange, body, course);
    if (refusedNow.json?.code !== 'UnsupportedProperty') return [`${[...lost].join()} not refused: ${refusedNow.text}`];
    for (const name of lost) course.lost.add(name);
    if (exchange.response.status >= 400) return [];
  }
  const got = await ask(exchange, kept, course);
  course.next = got.json?.['odata.nextLink']?.replace(/^https?:\/\/[^/]*/, '');
  return differences(got, exchange, { lost: course.lost, used: volatile });
}

const used = new Set<unknown>();
const volatile = new Set<VolatileValue>();

describe('sessions with the real service are answered as recorded', () => {
  test.each(SESSIONS)('%s', async (name) => {
    const course: Course = { lost: new Set(), next: undefined };
    const unexplained: string[] = [];
    for (const exchange of session(name)) {
      for (const difference of await replay(exchange, course)) {
        const row = RECORDED_EXCEPTIONS.find((one) => one.exchanges.test(exchange.name) && one.difference.test(difference));
        if (row === undefined) unexplained.push(`${exchange.name}: ${difference}`);
        else used.add(row);
      }
    }
    expect(unexplained).toEqual([]);
  });

  test('every exception explains a difference, every state is of an exchange', () => {
    const names = new Set(SESSIONS.flatMap((name) => session(name).map((exchange) => exchange.name)));
    expect(Object.keys(BEFORE).filter((name) => !names.has(name))).toEqual([]);
    expect(RECORDED_EXCEPTIONS.filter((row) => !used.has(row))).toEqual([]);
    expect(VOLATILE.filter((row) => !volatile.has(row))).toEqual([]);
  });
});
