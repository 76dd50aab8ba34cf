import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { TaskEnds } from '../../src/control/taskEnds.ts';
import { until } from '../support/deadline.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

/** Waits that were begun and have a bound: how long it is, and what lets that time pass. */
interface Bound {
  readonly ms: number;
  readonly pass: () => void;
}

let it: TestApi;
let ends: TaskEnds;
const asked: string[] = [];
const bounds: Bound[] = [];
beforeAll(async () => {
  it = await testApi({
    wake: {
      wake: () => Promise.resolve(),
      sweep: () => undefined,
      // As an owner has it that waits for a node.
      ended: (_account, job, task, signal) => {
        asked.push(`${job}.${task}`);
        return ends.wait(job, task, signal);
      },
    },
    timeout: (ms) => {
      const controller = new AbortController();
      bounds.push({ ms, pass: () => controller.abort() });
      return controller.signal;
    },
  });
});
beforeEach(async () => {
  ends = new TaskEnds();
  asked.length = 0;
  bounds.length = 0;
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
});
afterAll(() => it.close());

/** Asks for the task's end; `answer` is null as long as there is none. */
async function terminate(query = '') {
  const state = { answer: null as Got | null };
  const answered = it.ask({ method: 'POST', url: `/jobs/j/tasks/t/terminate${query}` }).then((answer) => (state.answer = answer));
  await until('the end is waited for', () => asked.length === 1);
  return { state, answered };
}

async function tagOfTask(): Promise<string | undefined> {
  return (await it.ask({ url: '/jobs/j/tasks/t' })).headers['etag'];
}

test('the end of a task on a node that does not answer is waited for five seconds; then the answer is 204 with another ETag, and the request is kept', async () => {
  const before = await tagOfTask();
  const { state, answered } = await terminate();
  // What is asked after it is answered before it: nothing but time ends this wait.
  const during = await tagOfTask();
  expect([during === before, state.answer, bounds.at(-1)?.ms]).toEqual([false, null, 5_000]);
  bounds.at(-1)?.pass();
  const { status, headers } = await answered;
  expect([status, headers['etag']]).toEqual([204, during]);
  expect((await it.pool.query('select terminate_at is not null as kept, (select count(*)::int from inbox i where i.kind = $1) as told from task', ['task'])).rows).toEqual([{ kept: true, told: 1 }]);
});

test('a client with less patience is answered well within it', async () => {
  const { answered } = await terminate('?timeout=4');
  expect(bounds.map(({ ms }) => ms)).toEqual([1_000, 2_000]);
  bounds.at(-1)?.pass();
  expect((await answered).status).toBe(204);
});

test('the answer comes as soon as the task has ended', async () => {
  const { state, answered } = await terminate();
  await tagOfTask();
  expect(state.answer).toBeNull();
  const [job = 0, task = 0] = asked[0]?.split('.').map(Number) ?? [];
  ends.settled({ tasks: [], gone: { tasks: [{ job, task }], jobs: [], pools: [] } });
  expect((await answered).status).toBe(204);
});

test('an owner that ends, or loads the account again, keeps nobody waiting: the request is there for the next one', async () => {
  const { answered } = await terminate();
  ends.rejectAll(new Error('the service stops'));
  expect((await answered).status).toBe(204);
  expect((await it.pool.query('select terminate_at is not null as kept from task')).rows).toEqual([{ kept: true }]);
});
