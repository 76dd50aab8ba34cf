import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TaskStatus } from '../../src/core/status.ts';
import { filterTables } from '../../src/wire/filters.ts';
import { matches, parseFilter } from '../../src/wire/odata.ts';
import type { FilterColumn } from '../../src/store/intents/filter.ts';
import { taskFilterColumns } from '../../src/store/intents/taskFilter.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

const { state: { choices: STATE }, cause: { choices: CAUSE }, result: { choices: RESULT } } = TASK_STATUS.columns;

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
});
afterAll(() => it.close());

function add(ids: readonly string[]) {
  return it.ask({ method: 'POST', url: '/jobs/j/addtaskcollection', body: { value: ids.map((id) => ({ id, commandLine: 'x' })) } });
}
function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `t${from + index}`);
}

/** Tasks `t-1`, `t-2`, … of the job `j`, by themselves: of as many slots as their number's last three digits say. */
async function many(count: number): Promise<number> {
  const { rows } = await it.pool.query<{ job: number }>("update job set next_task = $1::bigint + 1 where id = 'j' returning job", [count]);
  const [{ job } = { job: 0 }] = rows;
  await it.pool.query(
    `insert into task (job, task, id, id_key, spec, created, modified, required_slots)
     select $1, n, 't-' || n, 't-' || n, ('{"id":"t-' || n || '","commandLine":"x","constraints":{"maxWallClockTime":"PT1H","retentionTime":"P7D"},"requiredSlots":1}')::json, 0, 0, n % 1000
     from generate_series(1, $2::bigint) n`,
    [job, count],
  );
  return job;
}

/** Follows the links as clients do: each is called as it is. */
async function* pages(url: string): AsyncGenerator<{ id: string }[]> {
  for (let next: string | undefined = url; next !== undefined; ) {
    const { status, json } = await it.ask({ url: next.replace('http://127.0.0.1:10800', '') });
    expect(status).toBe(200);
    yield json.value as { id: string }[];
    next = json['odata.nextLink'] as string | undefined;
  }
}

async function all(url: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of pages(url)) ids.push(...page.map(({ id }) => id));
  return ids;
}

describe('pages', () => {
  test('every task comes once, in pages of the size asked for, with the query on every link', async () => {
    await add(numbered(0, 10));
    const sizes: number[] = [];
    for await (const page of pages('/jobs/j/tasks?maxresults=3&$select=id')) {
      sizes.push(page.length);
      expect(page.every((task) => Object.keys(task).join() === 'id')).toBe(true);
    }
    expect(sizes).toEqual([3, 3, 3, 1]);
    expect(await all('/jobs/j/tasks?maxresults=10')).toEqual(numbered(0, 10));
  });

  test('tasks that are added and deleted between two pages neither repeat nor hide another', async () => {
    await add(numbered(0, 9));
    const seen: string[] = [];
    let turn = 0;
    for await (const page of pages('/jobs/j/tasks?maxresults=3')) {
      seen.push(...page.map(({ id }) => id));
      turn += 1;
      if (turn === 1) {
        await it.ask({ method: 'DELETE', url: '/jobs/j/tasks/t0' });
        await it.ask({ method: 'DELETE', url: '/jobs/j/tasks/t5' });
        await add(['t0', 'new']);
      }
    }
    // Those with ids that have been passed are not seen any more, as on the real service.
    expect(seen).toEqual(['t0', 't1', 't2', 't3', 't4', 't6', 't7', 't8']);
    expect(await all('/jobs/j/tasks')).toEqual(['new', 't0', 't1', 't2', 't3', 't4', 't6', 't7', 't8']);
  });

  test('tasks are listed by id, whatever the order in which they were added and the case of their ids', async () => {
    await add(['b', 'C', 'a-2', 'a', 'D', '10', '9']);
    const byId = ['10', '9', 'a', 'a-2', 'b', 'C', 'D'];
    for (const query of ['', 'maxresults=2', "$filter=state%20eq%20'active'", "$filter=startswith(id,'')%20and%20state%20ne%20'running'"]) expect(await all(`/jobs/j/tasks?${query}`), query).toEqual(byId);
    expect((await all("/jobs/j/tasks?maxresults=2&$filter=state%20eq%20'active'")).toSorted()).toEqual(byId.toSorted());
  });

  test('a filtered list pages as well, though its matches lie far apart', async () => {
    await add(numbered(0, 60));
    for (const id of ['t3', 't20', 't21', 't59']) await write.task('j', id, { state: 'completed', result: id === 't20' ? 'failure' : 'success', exitCode: 0, attempt: 1 });
    await write.job('j', { tasks: { active: 56, running: 0, succeeded: 3, failed: 1 } });
    expect(await all("/jobs/j/tasks?maxresults=2&$filter=state%20eq%20'completed'")).toEqual(['t3', 't20', 't21', 't59']);
    expect(await all("/jobs/j/tasks?maxresults=2&$filter=state%20eq%20'completed'%20and%20executionInfo/result%20eq%20'success'")).toEqual(['t3', 't21', 't59']);
    expect((await all("/jobs/j/tasks?maxresults=7&$filter=state%20eq%20'active'")).length).toBe(56);
    expect(await all("/jobs/j/tasks?$filter=state%20eq%20'running'")).toEqual([]);
  });

  test('active tasks are found far below the last one that began, also where tasks are gone', async () => {
    const [{ job } = { job: 0 }] = (await it.pool.query<{ job: number }>("select job from job where id = 'j'")).rows;
    const began = 12_500;
    const active = [3, 4_100, 8_200, began + 1, began + 2];
    await it.pool.query(
      `insert into task (job, task, id, id_key, spec, created, modified, required_slots)
       select $1, n, 't' || n, 't' || n, ('{"id":"t' || n || '","commandLine":"x","constraints":{"maxWallClockTime":"PT1H","retentionTime":"P7D"},"requiredSlots":1}')::json, 0, 0, 1 from generate_series(1, $2::bigint) n`,
      [job, began + 2],
    );
    await it.pool.query(
      `insert into task_status (job, task, state, since, cause, attempt)
       select $1, n, case when n % 2 = 0 then ${STATE.running} else ${STATE.completed} end, 0, ${CAUSE.started}, 1 from generate_series(1, $2::bigint) n where n <> all($3::bigint[])`,
      [job, began, active],
    );
    await it.pool.query('update job set next_task = $2 where job = $1', [job, began + 3]);
    const others = began + 2 - active.length;
    const ids = active.map((number) => `t${number}`);
    for (const gone of [0, 1]) {
      await write.job('j', { ingested: began + 2, tasks: { active: active.length, running: others - 10 - gone, succeeded: 10, failed: 0 } });
      expect(await all("/jobs/j/tasks?maxresults=2&$filter=state%20eq%20'active'")).toEqual(ids);
      for (const table of ['task', 'task_status']) await it.pool.query(`delete from ${table} where job = $1 and task = 5000`, [job]);
    }
  });

  test('tasks whose ids begin alike are listed by id, also where few of many pass the rest of the filter', async () => {
    await many(5_000);
    await add(['T100', 'u1']);
    const hundreds = ['T100', ...Array.from({ length: 10 }, (_, index) => `t-100${index}`), 't-100'].toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    expect(await all("/jobs/j/tasks?maxresults=3&$select=id&$filter=startswith(id,'t-100')%20or%20startswith(id,'t100')")).toEqual(hundreds);
    const nines = Array.from({ length: 5 }, (_, index) => `t-${index}999`);
    expect(await all("/jobs/j/tasks?maxresults=2&$select=id&$filter=startswith(id,'T')%20and%20requiredSlots%20eq%20999")).toEqual(['t-999', ...nines.slice(1)].toSorted());
    expect(await all("/jobs/j/tasks?$select=id&$filter=id%20eq%20'T-4999'%20and%20state%20eq%20'active'")).toEqual(['t-4999']);
    expect(await all("/jobs/j/tasks?$filter=id%20eq%20't-4999x'")).toEqual([]);
    expect(await all("/jobs/j/tasks?$filter=startswith(id,'v')")).toEqual([]);
  });

  test('failures and what is open are found among many that are neither', async () => {
    const job = await many(5_000);
    const failed = [7, 8, 4_100, 4_990];
    await it.pool.query(
      `insert into task_status (job, task, state, since, cause, attempt, exit_code, result)
       select $1, n, ${STATE.completed}, 0, ${CAUSE.exited}, 1, 0, ${RESULT.success} from generate_series(1, 4990) n`,
      [job],
    );
    for (const task of failed) await write.task('j', `t-${task}`, { state: 'completed', result: 'failure', exitCode: task % 3, failure: { category: 'UserError', code: `code ${task}`, message: '' } });
    await write.task('j', 't-600', { state: 'running' });
    await write.task('j', 't-4700', { state: 'offered' });
    await write.job('j', { open: [[512, 1_023], [4_608, 5_119]], tasks: { active: 11, running: 1, succeeded: 4_984, failed: 4 } });
    // Some of the lists are one page, in the order of ids.
    const list = async (filter: string): Promise<string[]> =>
      (await all(`/jobs/j/tasks?maxresults=2&$select=id&$filter=${encodeURIComponent(filter)}`)).toSorted((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
    const ids = (...numbers: number[]): string[] => numbers.map((number) => `t-${number}`);
    const rest = Array.from({ length: 10 }, (_, index) => 4_991 + index);
    expect(await list("executionInfo/result eq 'Failure'")).toEqual(ids(...failed));
    expect(await list('executionInfo/exitCode gt 0')).toEqual(ids(7, 8, 4_100, 4_990));
    expect(await list('executionInfo/exitCode eq 2 or executionInfo/exitCode lt 0')).toEqual(ids(8, 4_100));
    expect(await list('executionInfo/failureInfo/category ne null and executionInfo/exitCode eq 1')).toEqual(ids(7, 4_990));
    expect(await list("executionInfo/failureInfo/code eq 'CODE 7' or state eq 'running' or id eq 't-601' or id eq 't-2000'")).toEqual(ids(7, 600, 601, 2_000));
    expect(await list("state eq 'running'")).toEqual(ids(600));
    expect(await list("state eq 'running' and startswith(id,'t-6')")).toEqual(ids(600));
    expect(await list("state eq 'running' and requiredSlots eq 601 or executionInfo/exitCode eq 2")).toEqual(ids(8, 4_100));
    expect(await list("state eq 'active'")).toEqual(ids(4_700, ...rest));
    expect(await list("state ne 'completed' and requiredSlots ne 600")).toEqual(ids(4_700, ...rest));
    expect(await list("state ne 'completed' or executionInfo/result eq 'failure'")).toEqual(ids(7, 8, 600, 4_100, 4_700, 4_990, ...rest));
    // Asked for and not seen by the owner yet.
    await it.ask({ method: 'POST', url: '/jobs/j/tasks/t-8/reactivate' });
    expect(await list("executionInfo/result eq 'failure'")).toEqual(ids(7, 4_100, 4_990));
    expect(await list("state ne 'completed' and id ne ''")).toEqual(ids(8, 600, 4_700, ...rest));
    // Where something is in quarantine the owner's ranges do not tell all.
    await write.task('j', 't-2000', { state: 'running' });
    expect(await list("state eq 'running'")).toEqual(ids(600));
    await it.pool.query("insert into quarantine (account, epoch, tick, at, core_version, subject, unit, error) values (1, 1, 1, 0, '', '{}', '{}', '')");
    expect(await list("state eq 'running'")).toEqual(ids(600, 2_000));
    await it.pool.query('delete from quarantine');
  });

  test('what was asked but is not taken in yet counts in filters as it reads', async () => {
    await add(['done', 'other']);
    await write.task('j', 'done', { state: 'completed', result: 'failure', exitCode: 1, attempt: 1 });
    await write.task('j', 'other', { state: 'running', attempt: 1 });
    await write.job('j', { tasks: { active: 0, running: 1, succeeded: 0, failed: 1 } });
    await it.ask({ method: 'POST', url: '/jobs/j/tasks/done/reactivate' });
    expect(await all("/jobs/j/tasks?$filter=state%20eq%20'active'")).toEqual(['done']);
    expect(await all("/jobs/j/tasks?$filter=state%20eq%20'completed'")).toEqual([]);
    await add(['late']);
    expect(await all("/jobs/j/tasks?$filter=state%20eq%20'active'")).toEqual(['done', 'late']);
  });

  test.each(['/pools', '/jobs', '/supportedimages', '/nodecounts', '/pools/p/nodes'])('%s pages as well', async (url) => {
    for (const id of ['a', 'b', 'C']) {
      await it.ask({ method: 'POST', url: '/pools', body: { id, vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
      await it.ask({ method: 'POST', url: '/jobs', body: { id, poolInfo: { poolId: 'p' } } });
      await write.node('p', { id: `tvmps_${id}_d` });
    }
    const whole: unknown[] = [];
    for await (const page of pages(url)) whole.push(...page);
    const inPairs: unknown[] = [];
    for await (const page of pages(`${url}?maxresults=2`)) inPairs.push(...page);
    expect(inPairs.length).toBeGreaterThanOrEqual(3);
    expect(inPairs).toEqual(whole);
  });

  test('pages of long tasks and jobs end by their size, with a link to the rest', async () => {
    const ids = numbered(0, 12);
    const long = Array.from({ length: 15 }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(60_000) }));
    for (const id of ids) {
      await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id, commandLine: 'x', environmentSettings: long } });
      await it.ask({ method: 'POST', url: '/jobs', body: { id, poolInfo: { poolId: 'p' }, commonEnvironmentSettings: long } });
    }
    const tasks = ['', "$filter=state%20eq%20'active'", "$filter=startswith(id,'t')"].map((filter) => [`/jobs/j/tasks?${filter}`, filter.includes('state') ? ids : ids.toSorted()] as const);
    for (const [url, expected] of [...tasks, ['/jobs', ['j', ...ids.toSorted()]] as const, ["/jobs?$filter=startswith(id,'t')", ids.toSorted()] as const]) {
      const sizes: number[] = [];
      const seen: string[] = [];
      for await (const page of pages(url)) {
        sizes.push(page.length);
        seen.push(...page.map(({ id }) => id));
      }
      expect(seen, url).toEqual(expected);
      expect(Math.max(...sizes), url).toBeLessThan(12);
      expect(Math.min(...sizes), url).toBeGreaterThan(0);
    }
  });

  test('jobs and nodes are filtered as they read', async () => {
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'k', poolInfo: { poolId: 'p' }, priority: 5 } });
    await it.ask({ method: 'POST', url: '/jobs/k/terminate' });
    expect(await all("/jobs?$filter=state%20eq%20'terminating'")).toEqual(['k']);
    expect(await all('/jobs?$filter=priority%20lt%205')).toEqual(['j']);
    await write.node('p', { id: 'tvmps_1_d', state: 'running' });
    await write.node('p', { id: 'tvmps_2_p', dedicated: false });
    expect(await all("/pools/p/nodes?$filter=state%20eq%20'idle'%20and%20isDedicated%20eq%20false")).toEqual(['tvmps_2_p']);
  });

  test('node counts tell dedicated from low-priority nodes', async () => {
    await write.node('p', { id: 'tvmps_1_d', state: 'running' });
    await write.node('p', { id: 'tvmps_2_d', state: 'starttaskfailed' });
    await write.node('p', { id: 'tvmps_3_p', dedicated: false });
    await write.node('p', { id: 'tvmps_4_p', dedicated: false, goneAt: 1 });
    const { json } = await it.ask({ url: "/nodecounts?$filter=poolId%20eq%20'P'" });
    expect(json.value).toHaveLength(1);
    expect(json.value[0]).toMatchObject({ poolId: 'p', dedicated: { running: 1, startTaskFailed: 1, total: 2 }, lowPriority: { idle: 1, total: 1 } });
  });
});

describe('task counts', () => {
  test('cover what the owner has counted and what it has not seen yet', async () => {
    await add(numbered(0, 5));
    await write.job('j', { ingested: 3, tasks: { active: 0, running: 1, succeeded: 1, failed: 1 }, slots: { active: 0, running: 2, succeeded: 3, failed: 1 } });
    await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 'wide', commandLine: 'x', requiredSlots: 4 } });
    await it.ask({ method: 'DELETE', url: '/jobs/j/tasks/t4' });
    const { json } = await it.ask({ url: '/jobs/j/taskcounts' });
    expect(json.taskCounts).toEqual({ active: 2, running: 1, completed: 2, succeeded: 1, failed: 1 });
    expect(json.taskSlotCounts).toEqual({ active: 5, running: 2, completed: 4, succeeded: 3, failed: 1 });
    const old = (await it.ask({ url: '/jobs/j/taskcounts?api-version=2019-08-01.10.0' })).json;
    expect(old).toEqual({ 'odata.metadata': expect.any(String), active: 2, running: 1, completed: 2, succeeded: 1, failed: 1 });
    expect((await it.ask({ url: '/jobs/j/taskcounts?api-version=2017-09-01.6.0' })).json).toEqual({ ...old, validationStatus: 'validated' });
    expect((await it.ask({ url: '/jobs/j/taskcounts?api-version=2017-06-01.5.1' })).json).toEqual(old);
  });
});

describe('filters of tasks', () => {
  test('every property that the list can be filtered by has its column', () => {
    expect(Object.keys(taskFilterColumns).toSorted()).toEqual(Object.keys(filterTables.Task_List ?? {}).toSorted());
  });

  test('the database finds what the same filter finds in the answers', async () => {
    await it.ask({ method: 'PATCH', url: '/jobs/j', body: { priority: 1 } });
    const node = await write.node('p', { id: 'tvmps_1_d' });
    const states: readonly (Partial<TaskStatus> | null)[] = [
      null,
      { state: 'offered', attempt: 1, node },
      { state: 'running', attempt: 1, node, startedAt: 5000, since: 5000, previousState: 'active', previousSince: 4000 },
      { state: 'completed', attempt: 2, node, startedAt: 5000, endedAt: 9000, exitCode: 0, result: 'success', since: 9000, previousState: 'running', previousSince: 5000, retryCount: 1, lastRetryAt: 5000 },
      { state: 'completed', attempt: 1, node, startedAt: 6000, endedAt: 7000, exitCode: 3, result: 'failure', since: 7000, requeueCount: 2, failure: { category: 'UserError', code: 'FailureExitCode', message: 'x' } },
      { state: 'completed', attempt: 1, exitCode: null, result: 'failure', since: 7000, failure: { category: 'ServerError', code: 'DiskFull', message: 'x' } },
    ];
    const ids = states.map((_state, index) => `${index % 2 === 0 ? 'Even' : 'odd'}-${index}`);
    const names: readonly (string | undefined)[] = [undefined, undefined, 'Second', 'École', undefined, 'İzmir'];
    for (const [index, id] of ids.entries()) {
      it.now.value += 1000;
      await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id, commandLine: `run ${index}`, requiredSlots: index + 1, ...(names[index] === undefined ? {} : { displayName: names[index] }) } });
      const status = states[index];
      if (status !== null && status !== undefined) await write.task('j', id, status);
    }
    await write.job('j', { open: [[0, 3]], tasks: { active: 2, running: 1, succeeded: 1, failed: 2 } });
    await it.ask({ method: 'POST', url: `/jobs/j/tasks/${ids[4]}/reactivate` });
    const tasks = (await it.ask({ url: '/jobs/j/tasks' })).json.value as { id: string }[];

    const literals: Readonly<Record<FilterColumn['kind'], readonly string[]>> = {
      text: ["'completed'", "'active'", "'running'", "'even-2'", "'success'", "'second'", "'ÉCOLE'", "'école'", "'İzmir'", "'i\u0307ZMIR'", "'run 3'", "'p'", "'diskfull'", "'TVM:tvmps_1_d'", 'null'],
      number: ['0', '1', '3', 'null'],
      time: ["DateTime'1970-01-01T00:00:06Z'", "DateTime'1970-01-01T00:00:07Z'", "DateTime'2026-11-20T12:00:03Z'", 'null'],
      flag: ['true', 'false'],
    };
    // Other values of these are refused.
    const stateLiterals = ["'completed'", "'ACTIVE'", "'running'", "'preparing'", 'null'];
    const enumLiterals: Readonly<Record<string, readonly string[]>> = {
      state: stateLiterals,
      previousState: stateLiterals,
      'executionInfo/result': ["'success'", "'Failure'", 'null'],
      'executionInfo/failureInfo/category': ["'usererror'", "'ServerError'", 'null'],
    };
    const comparison = fc
      .constantFrom(...Object.entries(filterTables.Task_List ?? {}).flatMap(([path, operators]) => operators.map((operator) => [path, operator] as const)))
      .chain(([path, operator]) =>
        operator === 'startswith'
          ? fc.constantFrom('e', 'run', 'TVM:', 'd', 'É', 'é', 'İ').map((prefix) => `startswith(${path},'${prefix}')`)
          : fc.constantFrom(...(enumLiterals[path] ?? literals[taskFilterColumns[path]?.kind ?? 'text'])).map((literal) => `${path} ${operator} ${literal}`),
      );
    const combined = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.tuple(part, fc.constantFrom('and', 'or'), part).map((parts) => parts.join(' '));
    const filter = fc.oneof(comparison, combined(comparison), comparison.map((one) => `not (${one})`), combined(combined(comparison).map((one) => `(${one})`)));
    await fc.assert(
      fc.asyncProperty(filter, async (text) => {
        const expected = tasks.filter((task) => matches(parseFilter(text), task)).map(({ id }) => id);
        expect((await all(`/jobs/j/tasks?maxresults=2&$select=id&$filter=${encodeURIComponent(text)}`)).toSorted(), text).toEqual(expected.toSorted());
      }),
      { numRuns: 300, seed: 20_261_120 },
    );
    it.now.value = Date.UTC(2026, 10, 20, 12);
  });
});
