import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StartTaskStatus } from '../../src/core/status.ts';
import { RECORDED_EXCEPTIONS } from './recordedExceptions.ts';
import { differences, isServed, session, withoutRefused, type Recorded } from './recordings.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, ubuntu, type Got, type TestApi } from './support.ts';

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

async function node(pool: string, number: number, startTask: StartTaskStatus | null = null): Promise<number> {
  return write.node(pool, { id: nodeId(number), state: 'idle', bootedAt: 1, startTask, agent: { version: '1.9.29', ipAddress: '10.0.0.4', updatedAt: 1 } });
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
const FAILURE = { category: 'UserError', code: 'FailureExitCode', message: 'The task exited with an exit code representing a failure', details: [{ name: 'Message', value: 'failed' }, { name: 'AdditionalErrorCode', value: 'FailureExitCode' }] } as const;

/** What has happened in the service before an exchange, other than by a request: what an owner would have written, or an end of what was deleted. */
const BEFORE: Readonly<Record<string, () => Promise<unknown>>> = {
  'DP 18': () => node('nodesdkinboundendpointpool', 1),
  'DP 19': async () => {
    await gone('pool', 'nodesdktestpool_licenses', 'nodesdkdatadiskpool', 'nodesdkvnetpool', 'nodesdkimagepool');
    for (const number of [2, 3, 4]) await node('nodesdktestpool1', number, STARTED);
  },
  'DP 42': () => write.pool('nodesdktestpool2', {}),
  'DP 59': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', COMPLETED),
  'DP 61': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', { state: 'active', previousState: 'completed', previousSince: 1, reactivateSequence: 1 }),
  'DP 67': async () => write.task(JOB, 'TaskWithUserIdentity', { ...COMPLETED, node: await node('nodesdktestpool1', 5), exitCode: 2, result: 'failure', failure: FAILURE, retryCount: 3, lastRetryAt: 1 }),
  'DP 80': () => gone('job', 'ContainerJobNodeSDKTest', 'JobWithAutoComplete'),
  'DP 83': () => write.job(JOB, { state: 'disabled', previousState: 'active', previousSince: 1 }),
  'AZ 71': () => gone('pool', 'xplatCreatedPool'),
  'AZ 93': () => gone('pool', 'xplatCreatedPool'),
  'AZ 98': () => write.pool('xplatCreatedPool', {}),
  'AZ 100': () => gone('pool', 'xplatJobForTaskTests'),
  'AZ 102': () => write.pool('xplatCreatedPool', { resizeErrors: [{ code: 'ResizeStopped', message: 'stopped' }] }),
  'AZ 108': () => gone('pool', 'xplatCreatedPool'),
  'AZ 111': () => gone('pool', 'xplatCreatedPool'),
  'AZ 114': () => gone('pool', 'xplatCreatedPool'),
  'AZ 117': () => gone('pool', 'xplatCreatedPool'),
  'AZ 125': () => it.pool.query(`delete from pool where id not like 'azure-cli-test-%'`),
  'AZ 127': () => write.pool('azure-cli-test-paas', {}),
  'EX 6': () => added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } }),
  'EX 7': async () => {
    await gone('job', 'JSSDKTest-Job-Basic');
    await added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } });
    await added('/jobs/JSSDKTest-Job-Basic/tasks', { id: 'task1', commandLine: 'true' });
  },
  'EX 10': () => write.task('JSSDKTest-Job-Basic', 'task1', COMPLETED),
  'EX 13': () => added('/pools', { id: 'test_pool', displayName: 'test_pool', vmSize: 'standard_a1', virtualMachineConfiguration: ubuntu, targetDedicatedNodes: 0 }),
  'EX 26': () => added('/jobs', { id: 'batch_job1', poolInfo: { poolId: 'p' } }),
  'EX 29': () => write.job('batch_job1', { state: 'disabled', previousState: 'active', previousSince: 1 }),
  'EX 35': () => write.pool('test_pool', {}),
  'EX 38': () => write.pool('test_pool', { allocationState: 'stopping' }),
  'EX 39': () => write.pool('test_pool', { resizeErrors: [{ code: 'ResizeStopped', message: 'stopped' }] }),
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
  return differences(got, exchange, course.lost);
}

const used = new Set<unknown>();

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
  });
});
