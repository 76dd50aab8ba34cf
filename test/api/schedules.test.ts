import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, type Sent, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi({ quotas: { activeJobs: 4 } });
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const HOURLY = { id: 's', schedule: { recurrenceInterval: 'PT1H' }, jobSpecification: { poolInfo: { poolId: 'p' } } };

function post(url: string, body?: unknown): Sent {
  return { method: 'POST', url, ...(body === undefined ? {} : { body }) };
}

/** `202`, or `409 Code`. */
async function said(sent: Sent): Promise<string> {
  const { status, json } = await it.ask(sent);
  return status < 400 ? String(status) : `${status} ${json?.code}`;
}

async function shown(): Promise<Record<string, unknown>> {
  return (await it.ask({ url: '/jobschedules/s' })).json;
}

describe('job schedules: each call in each state answers as states.md 3.6 has it', () => {
  const states = ['active', 'disabled', 'terminating', 'completed', 'deleting'] as const;
  const [terminating, completed, deleting] = ['409 JobScheduleBeingTerminated', '409 JobScheduleCompleted', '409 JobScheduleBeingDeleted'];
  const calls: Readonly<Record<string, readonly [Sent, readonly string[]]>> = {
    disable: [post('/jobschedules/s/disable'), ['204', '204', terminating, completed, deleting]],
    enable: [post('/jobschedules/s/enable'), ['204', '204', terminating, completed, deleting]],
    terminate: [post('/jobschedules/s/terminate'), ['202', '202', terminating, completed, deleting]],
    delete: [{ method: 'DELETE', url: '/jobschedules/s' }, ['202', '202', '202', '202', deleting]],
    patch: [{ method: 'PATCH', url: '/jobschedules/s', body: { metadata: [] } }, ['200', '200', terminating, completed, deleting]],
    put: [{ method: 'PUT', url: '/jobschedules/s', body: { jobSpecification: { poolInfo: { poolId: 'q' } } } }, ['200', '200', terminating, completed, deleting]],
    'add again': [post('/jobschedules', { ...HOURLY, id: 'S' }), ['409 JobScheduleExists', '409 JobScheduleExists', '409 JobScheduleExists', completed, deleting]],
    get: [{ url: '/jobschedules/s' }, states.map(() => '200')],
    'ask for it': [{ method: 'HEAD', url: '/jobschedules/s' }, states.map(() => '200')],
    'list its jobs': [{ url: '/jobschedules/s/jobs' }, states.map(() => '200')],
  };

  test.each(Object.entries(calls).flatMap(([name, [sent, answers]]) => states.map((state, index) => ({ name, sent, state, answer: answers[index] }))))(
    '$name while $state: $answer',
    async ({ sent, state, answer }) => {
      await it.ask(post('/jobschedules', HOURLY));
      if (state === 'deleting') await it.ask({ method: 'DELETE', url: '/jobschedules/s' });
      else await write.schedule('s', { state });
      expect((await shown())['state']).toBe(state);
      expect(await said(sent)).toBe(answer);
    },
  );

  test.each([
    ['disable', 'active', 'disabled'],
    ['enable', 'disabled', 'active'],
    ['terminate', 'active', 'terminating'],
  ] as const)('%s is seen at once, before the owner has acted', async (call, before, after) => {
    await it.ask(post('/jobschedules', HOURLY));
    await write.schedule('s', { state: before, since: 5 });
    await it.ask(post(`/jobschedules/s/${call}`));
    expect(await shown()).toMatchObject({ state: after, previousState: before });
  });

  test('what is ending may be asked again to end, forced', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    expect(await said(post('/jobschedules/s/terminate'))).toBe('202');
    expect(await said(post('/jobschedules/s/terminate?force=true'))).toBe('202');
    expect(await said({ method: 'DELETE', url: '/jobschedules/s' })).toBe('202');
    expect(await said({ method: 'DELETE', url: '/jobschedules/s?force=true' })).toBe('202');
    expect((await it.pool.query('select action, deleted_at is null as stays from job_schedule')).rows).toEqual([{ action: { kind: 'terminate', force: true }, stays: false }]);
  });

  test('of what came too late for one that has completed nothing is seen', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    await it.ask(post('/jobschedules/s/disable'));
    await write.schedule('s', { state: 'completed', actionSequence: 0 });
    expect(await shown()).toMatchObject({ state: 'completed' });
  });
});

describe('a job schedule', () => {
  test('is read back with the defaults of its jobs, and says when the next one is due', async () => {
    const added = await it.ask(post('/jobschedules', { ...HOURLY, displayName: 'd', metadata: [{ name: 'a', value: 'b' }], schedule: { doNotRunUntil: '2027-01-01T01:00:00+01:00', startWindow: 'PT90M' } }));
    expect(added.status).toBe(201);
    expect(added.headers['location']).toMatch(/\/jobschedules\/s$/);
    expect(await shown()).toEqual({
      'odata.metadata': expect.stringMatching(/\$metadata#jobschedules\/@Element$/),
      id: 's',
      displayName: 'd',
      url: expect.stringMatching(/\/jobschedules\/s$/),
      eTag: added.headers['etag'],
      lastModified: '2026-11-20T12:00:00Z',
      creationTime: '2026-11-20T12:00:00Z',
      state: 'active',
      stateTransitionTime: '2026-11-20T12:00:00Z',
      schedule: { doNotRunUntil: '2027-01-01T00:00:00Z', startWindow: 'PT1H30M' },
      jobSpecification: {
        priority: 0,
        maxParallelTasks: -1,
        usesTaskDependencies: false,
        allowTaskPreemption: false,
        onAllTasksComplete: 'noaction',
        onTaskFailure: 'noaction',
        constraints: { maxWallClockTime: 'P10675199DT2H48M5.4775807S', maxTaskRetryCount: 0 },
        poolInfo: { poolId: 'p' },
      },
      executionInfo: { nextRunTime: '2027-01-01T00:00:00Z' },
      metadata: [{ name: 'a', value: 'b' }],
    });
  });

  test('tells of its last job, of the next run, and when it ended', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    await write.schedule('s', { runs: 3, due: 3_600_000 });
    const recentJob = { url: expect.stringMatching(/\/jobs\/s:job-3$/), id: 's:job-3' };
    expect((await shown())['executionInfo']).toEqual({ nextRunTime: '1970-01-01T01:00:00Z', recentJob });
    await write.schedule('s', { runs: 3, state: 'completed', endedAt: 7_200_000 });
    expect((await shown())['executionInfo']).toEqual({ recentJob, endTime: '1970-01-01T02:00:00Z' });
  });

  test('replaces by PATCH each property that is named whole, by PUT all, and keeps its name', async () => {
    await it.ask(post('/jobschedules', { ...HOURLY, displayName: 'd', metadata: [{ name: 'a', value: 'b' }], jobSpecification: { priority: 5, poolInfo: { poolId: 'p' } } }));
    it.now.value += 1000;
    const patched = await it.ask({ method: 'PATCH', url: '/jobschedules/s', body: { schedule: { doNotRunAfter: '2027-01-01T00:00:00Z' } } });
    expect(await shown()).toMatchObject({ eTag: patched.headers['etag'], schedule: { doNotRunAfter: '2027-01-01T00:00:00Z' }, jobSpecification: { priority: 5 }, metadata: [{ name: 'a', value: 'b' }] });
    expect((await shown())['schedule']).not.toHaveProperty('recurrenceInterval');
    await it.ask({ method: 'PUT', url: '/jobschedules/s', body: { jobSpecification: { poolInfo: { poolId: 'q' } } } });
    const put = await shown();
    expect(put).toMatchObject({ displayName: 'd', schedule: {}, jobSpecification: { priority: 0, poolInfo: { poolId: 'q' } } });
    expect(put).not.toHaveProperty('metadata');
  });

  test('tells its owner when its times were set, and what its jobs are made of, their manager as their first task', async () => {
    await it.ask(post('/jobschedules', { ...HOURLY, jobSpecification: { ...HOURLY.jobSpecification, jobManagerTask: { id: 'Boss', commandLine: 'x', requiredSlots: 2 } } }));
    const row = async () => (await it.pool.query('select timing_sequence, rules, job from job_schedule')).rows[0];
    expect(await row()).toMatchObject({
      timing_sequence: 1,
      rules: { doNotRunUntil: null, doNotRunAfter: null, startWindowMs: null, recurrenceMs: 3_600_000 },
      job: { rules: { poolId: 'p', manager: { killJobOnCompletion: true } }, autoPool: null, manager: { id: 'Boss', requiredSlots: 2, spec: { id: 'Boss', commandLine: 'x' } } },
    });
    await it.ask({ method: 'PATCH', url: '/jobschedules/s', body: { jobSpecification: { poolInfo: { poolId: 'q' } } } });
    expect(await row()).toMatchObject({ timing_sequence: 1, job: { rules: { poolId: 'q' }, manager: null } });
    await it.ask({ method: 'PATCH', url: '/jobschedules/s', body: { schedule: {} } });
    expect(await row()).toMatchObject({ timing_sequence: 2, rules: { recurrenceMs: null } });
    expect((await it.pool.query("select count(*)::int as told from inbox where kind = 'schedule'")).rows).toEqual([{ told: 3 }]);
  });

  test('takes conditions', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    const { headers } = await it.ask({ method: 'HEAD', url: '/jobschedules/s' });
    const matched = { 'if-match': headers['etag'] ?? '' };
    expect((await it.ask({ url: '/jobschedules/s', headers: { 'if-none-match': headers['etag'] ?? '' } })).status).toBe(304);
    it.now.value += 1000;
    expect((await it.ask({ method: 'POST', url: '/jobschedules/s/disable', headers: matched })).status).toBe(204);
    for (const sent of [post('/jobschedules/s/enable'), post('/jobschedules/s/terminate'), { method: 'DELETE', url: '/jobschedules/s' }, { method: 'PATCH', url: '/jobschedules/s', body: {} }]) {
      expect(await said({ ...sent, headers: matched })).toBe('412 ConditionNotMet');
    }
  });

  test('shares its id with no job, in neither order', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    expect(await said(post('/jobs', { id: 'S', poolInfo: { poolId: 'p' } }))).toBe('409 JobScheduleWithSameIdExists');
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    expect(await said(post('/jobschedules', { ...HOURLY, id: 'J' }))).toBe('409 JobWithSameIdExists');
  });

  test('of two that are added at once one is refused', async () => {
    const answers = await Promise.all([said(post('/jobschedules', HOURLY)), said(post('/jobschedules', HOURLY))]);
    expect(answers.toSorted()).toEqual(['201', '409 JobScheduleExists']);
  });

  test('counts in the quota of active jobs until it is completed, as its jobs do', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    await write.schedule('s', {});
    await write.scheduledJob('s', 1);
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    expect(await said(post('/jobschedules', { ...HOURLY, id: 't' }))).toBe('201');
    expect(await said(post('/jobschedules', { ...HOURLY, id: 'u' }))).toBe('409 ActiveJobAndScheduleQuotaReached');
    expect(await said(post('/jobs', { id: 'k', poolInfo: { poolId: 'p' } }))).toBe('409 ActiveJobAndScheduleQuotaReached');
    await write.schedule('s', { state: 'completed' });
    expect(await said(post('/jobs', { id: 'k', poolInfo: { poolId: 'p' } }))).toBe('201');
  });

  test('that is not there is not found', async () => {
    const missing = [{ url: '/jobschedules/n' }, { method: 'DELETE', url: '/jobschedules/n' }, { url: '/jobschedules/n/jobs' }, post('/jobschedules/n/disable'), { method: 'PATCH', url: '/jobschedules/n', body: {} }];
    for (const sent of missing) expect(await said(sent)).toBe('404 JobScheduleNotFound');
    expect(await it.ask({ method: 'HEAD', url: '/jobschedules/n' })).toMatchObject({ status: 404, text: '' });
  });
});

describe('lists', () => {
  test('of schedules come by id, page by page, filtered and selected', async () => {
    for (const id of ['c', 'A', 'b']) await it.ask(post('/jobschedules', { ...HOURLY, id }));
    await write.schedule('b', { state: 'disabled' });
    const ids = async (query: string): Promise<string[]> => (await it.ask({ url: `/jobschedules${query}` })).json.value.map(({ id }: { id: string }) => id);
    expect(await ids('')).toEqual(['A', 'b', 'c']);
    const first = await it.ask({ url: '/jobschedules?maxresults=2' });
    expect(first.json.value).toHaveLength(2);
    const next = new URL(first.json['odata.nextLink']);
    expect((await it.ask({ url: `${next.pathname}${next.search}` })).json.value).toMatchObject([{ id: 'c' }]);
    expect(await ids("?$filter=state%20eq%20'disabled'")).toEqual(['b']);
    expect(await ids("?$filter=startswith(id,'c')")).toEqual(['c']);
    expect((await it.ask({ url: '/jobschedules?$select=id,state&$expand=stats' })).json.value[0]).toEqual({ id: 'A', state: 'active' });
  });

  test('of the jobs of a schedule have those alone, and each is found under its id, encoded or not', async () => {
    await it.ask(post('/jobschedules', HOURLY));
    await it.ask(post('/jobs', { id: 'sz', poolInfo: { poolId: 'p' } }));
    for (const run of [1, 2]) await write.scheduledJob('s', run);
    await write.job('s:job-1', { state: 'completed', endedAt: 5 });
    const { json } = await it.ask({ url: '/jobschedules/S/jobs' });
    expect(json['odata.metadata']).toMatch(/#jobs$/);
    expect(json.value).toMatchObject([{ id: 's:job-1', url: expect.stringMatching(/\/jobs\/s:job-1$/), state: 'completed' }, { id: 's:job-2', state: 'active' }]);
    expect((await it.ask({ url: "/jobschedules/s/jobs?$filter=state%20ne%20'completed'&$select=id" })).json.value).toEqual([{ id: 's:job-2' }]);
    for (const id of ['s:job-2', 's%3Ajob-2', 'S%3AJOB-2']) expect((await it.ask({ url: `/jobs/${id}` })).json.id).toBe('s:job-2');
    expect(await said(post('/jobs/s%3Ajob-2/tasks', { id: 't', commandLine: 'x' }))).toBe('201');
    expect((await it.ask({ url: '/jobs/s:job-2/tasks/t' })).json.url).toMatch(/\/jobs\/s:job-2\/tasks\/t$/);
    expect(await said({ method: 'PATCH', url: '/jobs/s%3Ajob-2', body: { priority: 3 } })).toBe('200');
    expect(await said(post('/jobs/s%3Ajob-2/terminate'))).toBe('202');
    expect(await said({ method: 'DELETE', url: '/jobs/s%3Ajob-1' })).toBe('202');
  });
});

describe('bad input', () => {
  const spec = { poolInfo: { poolId: 'p' } };
  test.each<readonly [string, unknown, string, string?]>([
    ['no id', { schedule: {}, jobSpecification: spec }, 'MissingRequiredProperty', 'id'],
    ['an id with a colon', { ...HOURLY, id: 's:job-1' }, 'InvalidPropertyValue', 'id'],
    ['an id of 65 characters', { ...HOURLY, id: 'x'.repeat(65) }, 'InvalidPropertyValue', 'id'],
    ['no schedule', { id: 's', jobSpecification: spec }, 'MissingRequiredProperty', 'schedule'],
    ['no job specification', { id: 's', schedule: {} }, 'MissingRequiredProperty', 'jobSpecification'],
    ['no pool', { ...HOURLY, jobSpecification: {} }, 'MissingRequiredProperty', 'poolInfo'],
    ['a job specification with an id', { ...HOURLY, jobSpecification: { ...spec, id: 'j' } }, 'InvalidRequestBody'],
    ['an interval below a minute', { ...HOURLY, schedule: { recurrenceInterval: 'PT59.9S' } }, 'InvalidPropertyValue', 'recurrenceInterval'],
    ['a window below a minute', { ...HOURLY, schedule: { startWindow: 'PT59S' } }, 'InvalidPropertyValue', 'startWindow'],
    ['an interval that is none', { ...HOURLY, schedule: { recurrenceInterval: 'hourly' } }, 'InvalidRequestBody'],
    ['a time that is none', { ...HOURLY, schedule: { doNotRunUntil: 'tomorrow' } }, 'InvalidRequestBody'],
    ['an end before the beginning', { ...HOURLY, schedule: { doNotRunUntil: '2027-01-01T00:00:00Z', doNotRunAfter: '2026-12-31T00:00:00Z' } }, 'InvalidPropertyValue', 'doNotRunAfter'],
    ['a priority out of range', { ...HOURLY, jobSpecification: { ...spec, priority: 1001 } }, 'OutOfRangePriority', 'priority'],
    ['a release without a preparation', { ...HOURLY, jobSpecification: { ...spec, jobReleaseTask: { commandLine: 'x' } } }, 'InvalidPropertyValue', 'jobReleaseTask'],
    ['a display name too long', { ...HOURLY, displayName: 'x'.repeat(1025) }, 'InvalidPropertyValue', 'displayName'],
    ['an unknown property', { ...HOURLY, cron: '* * * * *' }, 'InvalidRequestBody'],
    ['a word for the schedule', { ...HOURLY, schedule: 'daily' }, 'InvalidRequestBody'],
  ])('%s is refused when it is added', async (_, body, code, property) => {
    const { status, json } = await it.ask(post('/jobschedules', body));
    expect([status, json.code]).toEqual([400, code]);
    if (property !== undefined) expect(json.values).toContainEqual({ key: 'PropertyName', value: property });
  });

  test('an interval and a window of a minute are taken, and a window longer than the interval is no bound', async () => {
    expect(await said(post('/jobschedules', { ...HOURLY, schedule: { recurrenceInterval: 'PT1M', startWindow: 'PT1H' } }))).toBe('201');
  });

  test.each<readonly [string, Sent, string]>([
    ['a PUT without a job specification', { method: 'PUT', url: '/jobschedules/s', body: { schedule: {} } }, '400 MissingRequiredProperty'],
    ['a PATCH with an id', { method: 'PATCH', url: '/jobschedules/s', body: { id: 'x' } }, '400 InvalidRequestBody'],
    ['a PATCH with an interval below a minute', { method: 'PATCH', url: '/jobschedules/s', body: { schedule: { recurrenceInterval: 'PT1S' } } }, '400 InvalidPropertyValue'],
    ['a body for disable', post('/jobschedules/s/disable', { disableTasks: 'wait' }), '400 InvalidRequestBody'],
    ['a filter by what it cannot be filtered by', { url: "/jobschedules?$filter=jobSpecification/priority%20eq%201" }, '400 InvalidQueryParameterValue'],
    ['another expansion', { url: '/jobschedules/s?$expand=jobs' }, '400 InvalidQueryParameterValue'],
    ['a page of more than a thousand', { url: '/jobschedules?maxresults=1001' }, '400 OutOfRangeQueryParameterValue'],
    ['a verb that it does not have', { method: 'PUT', url: '/jobschedules' }, '405 UnsupportedHttpVerb'],
  ])('%s is refused', async (_, sent, answer) => {
    await it.ask(post('/jobschedules', HOURLY));
    expect(await said(sent)).toBe(answer);
  });
});
