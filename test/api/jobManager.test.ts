import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testApi, UBUNTU, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
afterAll(() => it.close());
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
});

const MANAGER = { id: 'Manager', commandLine: 'manage' };

async function added(jobManagerTask: object, more: object = {}) {
  const { status, json } = await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' }, jobManagerTask, ...more } });
  return { status, code: json?.code as string | undefined, values: json?.values as unknown };
}

describe('A job with a job manager', () => {
  test('has it as a task from the start, with the defaults that the service fills in', async () => {
    expect((await added(MANAGER, { constraints: { maxTaskRetryCount: 4 } })).status).toBe(201);
    const job = (await it.ask({ url: '/jobs/j' })).json;
    const constraints = { maxWallClockTime: 'P10675199DT2H48M5.4775807S', retentionTime: 'P7D', maxTaskRetryCount: 4 };
    const userIdentity = { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } };
    expect(job.jobManagerTask).toEqual({ ...MANAGER, constraints, requiredSlots: 1, userIdentity, runExclusive: true, allowLowPriorityNode: true, killJobOnCompletion: true });
    const { value } = (await it.ask({ url: '/jobs/j/tasks' })).json;
    expect(value).toMatchObject([{ id: 'Manager', state: 'active', commandLine: 'manage', constraints, requiredSlots: 1, userIdentity }]);
    for (const name of ['runExclusive', 'allowLowPriorityNode', 'killJobOnCompletion']) expect(value[0]).not.toHaveProperty(name);
    expect((await it.ask({ url: '/jobs/j/taskcounts' })).json).toMatchObject({ taskCounts: { active: 1 } });
  });

  test('gives its rules to the owner, who hears of the job before the task', async () => {
    await added({ ...MANAGER, runExclusive: false, allowLowPriorityNode: false, killJobOnCompletion: false });
    const { rows: [job] } = await it.pool.query<{ rules: { manager: unknown }; next_task: string }>("select rules, next_task from job where id = 'j'");
    expect([job?.rules.manager, Number(job?.next_task)]).toEqual([{ runExclusive: false, allowLowPriorityNode: false, killJobOnCompletion: false }, 2]);
    const { rows: inbox } = await it.pool.query<{ kind: string }>('select kind from inbox order by entry desc limit 2');
    expect(inbox.map(({ kind }) => kind)).toEqual(['tasks', 'job']);
  });

  test('keeps its retry count when that of the job is changed, and itself when the job is put anew', async () => {
    await added(MANAGER, { constraints: { maxTaskRetryCount: 4 } });
    expect((await it.ask({ method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } })).status).toBe(200);
    const job = (await it.ask({ url: '/jobs/j' })).json;
    expect([job.constraints.maxTaskRetryCount, job.jobManagerTask.constraints.maxTaskRetryCount]).toEqual([0, 4]);
    expect((await it.ask({ url: '/jobs/j/tasks/Manager' })).json.constraints.maxTaskRetryCount).toBe(4);
  });

  test('takes no second task of the same id', async () => {
    await added(MANAGER);
    expect(await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 'manager', commandLine: 'x' } })).toMatchObject({ status: 409, json: { code: 'TaskExists' } });
  });

  test.each([
    ['without id', { commandLine: 'x' }, 'MissingRequiredProperty', 'id'],
    ['without command line', { id: 'm' }, 'MissingRequiredProperty', 'commandLine'],
    ['with an id that is none', { id: 'a b', commandLine: 'x' }, 'InvalidPropertyValue', 'id'],
    ['with no slots', { ...MANAGER, requiredSlots: 0 }, 'InvalidPropertyValue', 'requiredSlots'],
    ['with a word for runExclusive', { ...MANAGER, runExclusive: 'yes' }, 'InvalidRequestBody', undefined],
  ])('is refused %s, and nothing of it is left', async (_what, manager, code, property) => {
    const answer = await added(manager);
    expect(answer).toMatchObject({ status: 400, code });
    if (property !== undefined) expect(JSON.stringify(answer.values)).toContain(property);
    expect((await it.ask({ url: '/jobs/j' })).status).toBe(404);
  });
});
