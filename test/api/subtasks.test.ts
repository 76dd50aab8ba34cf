import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SubtaskStatus } from '../../src/core/status.ts';
import { asRecords, columnNames } from '../../src/store/status/description.ts';
import { SUBTASK_STATUS } from '../../src/store/status/subtaskStatus.ts';
import { API_VERSIONS } from '../../src/wire/versions.ts';
import { statuses } from './statuses.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

let it: TestApi;
let node: number;
beforeAll(async () => {
  it = await testApi();
});
afterAll(() => it.close());
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, enableInterNodeCommunication: true } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  node = await statuses(it.pool).node('p', { id: 'tvmps_1_d' });
});

function settings(change: object = {}) {
  return { numberOfInstances: 3, coordinationCommandLine: 'daemon', ...change };
}
async function add(task: object) {
  const { status, json } = await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x', ...task } });
  const values = (json?.values ?? []) as readonly { readonly key: string; readonly value: string }[];
  return { status, code: json?.code as string | undefined, property: values.find(({ key }) => key === 'PropertyName')?.value };
}
/** As its owner would have written it. */
async function subtask(instance: number, change: Partial<SubtaskStatus>): Promise<void> {
  const { rows: [task] } = await it.pool.query<{ job: string; task: string }>("select job, task from task where id = 't'");
  const row = {
    job: Number(task?.job), task: Number(task?.task), instance, attempt: 1, node, state: 'running', since: 2000, previousState: null, previousSince: null, startedAt: 2000, endedAt: null, exitCode: null, result: null, failure: null, ...change,
  };
  const records = asRecords<SubtaskStatus>(SUBTASK_STATUS);
  await it.pool.query(`insert into subtask_status (${columnNames<SubtaskStatus>(SUBTASK_STATUS).join(', ')}) select ${records.select} from ${records.from('$1', 'r')}`, [JSON.stringify([row])]);
}

describe('A multi-instance task', () => {
  test('is taken and read as it was sent, and its rules know of how many nodes', async () => {
    const commonResourceFiles = [{ httpUrl: 'http://files.invalid/a', filePath: 'a' }];
    expect(await add({ multiInstanceSettings: settings({ commonResourceFiles }) })).toMatchObject({ status: 201 });
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.multiInstanceSettings).toEqual(settings({ commonResourceFiles }));
    await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 'one', commandLine: 'x', multiInstanceSettings: { coordinationCommandLine: 'y' } } });
    const { rows } = await it.pool.query("select t.rules -> 'instances' as instances, p.rules -> 'interNode' as enabled from task t, pool p order by t.task");
    expect(rows).toEqual([{ instances: 3, enabled: true }, { instances: 1, enabled: true }]);
  });

  test.each([
    ['no node', settings({ numberOfInstances: 0 }), 'InvalidPropertyValue', 'numberOfInstances'],
    ['more than 100 nodes', settings({ numberOfInstances: 101 }), 'InvalidPropertyValue', 'numberOfInstances'],
    ['words for a number', settings({ numberOfInstances: 'three' }), 'InvalidRequestBody', undefined],
    ['no coordination command', { numberOfInstances: 2 }, 'MissingRequiredProperty', 'coordinationCommandLine'],
    ['a file without a source', settings({ commonResourceFiles: [{ filePath: 'x' }] }), 'MissingRequiredProperty', undefined],
    ['an unknown property', settings({ nodes: 3 }), 'InvalidRequestBody', undefined],
  ])('is refused with %s', async (_, multiInstanceSettings, code, property) => {
    const answer = await add({ multiInstanceSettings });
    expect(answer).toMatchObject({ status: 400, code });
    if (property !== undefined) expect(answer.property).toContain(property);
  });

  test('may have 100 nodes, and takes one slot of each', async () => {
    expect(await add({ multiInstanceSettings: settings({ numberOfInstances: 100 }), requiredSlots: 1 })).toMatchObject({ status: 201 });
    expect(await add({ id: 'wide', multiInstanceSettings: settings(), requiredSlots: 2 })).toMatchObject({ status: 400, code: 'InvalidPropertyValue', property: 'requiredSlots' });
  });
});

describe('subtasksinfo', () => {
  test('has those of which something has begun, with their nodes and directories', async () => {
    await add({ multiInstanceSettings: settings({ numberOfInstances: 5 }) });
    const failure = { category: 'UserError', code: 'FailureExitCode', message: 'failed' } as const;
    await subtask(1, { state: 'completed', previousState: 'running', previousSince: 2000, since: 3000, endedAt: 3000, exitCode: 7, result: 'failure', failure });
    await subtask(2, { state: 'preparing', startedAt: null });
    await subtask(3, { state: 'offered', startedAt: null });
    await subtask(4, { state: 'completed', startedAt: null, endedAt: 1000, result: 'failure' });
    const { status, json } = await it.ask({ url: '/jobs/j/tasks/t/subtasksinfo' });
    expect([status, json['odata.metadata']]).toEqual([200, expect.stringMatching(/\$metadata#subtaskinfo$/)]);
    const taskRootDirectory = 'workitems/j/job-1/t';
    const nodeInfo = { affinityId: 'TVM:tvmps_1_d', poolId: 'p', nodeId: 'tvmps_1_d', taskRootDirectory, nodeUrl: expect.stringMatching(/\/pools\/p\/nodes\/tvmps_1_d$/), taskRootDirectoryUrl: expect.stringMatching(/\/nodes\/tvmps_1_d\/files\/workitems\/j\/job-1\/t$/) };
    const [completedAt, runningAt] = ['1970-01-01T00:00:03Z', '1970-01-01T00:00:02Z'];
    expect(json.value).toEqual([
      {
        id: 1, nodeInfo, startTime: runningAt, endTime: completedAt, exitCode: 7, failureInfo: failure, result: 'failure',
        state: 'completed', stateTransitionTime: completedAt, previousState: 'running', previousStateTransitionTime: runningAt,
      },
      { id: 2, nodeInfo, state: 'preparing', stateTransitionTime: runningAt },
    ]);
    expect((await it.ask({ url: '/jobs/j/tasks/t/subtasksinfo?$select=id,state' })).json.value).toEqual([{ id: 1, state: 'completed' }, { id: 2, state: 'preparing' }]);
  });

  test.each(API_VERSIONS)('is answered in version $text', async ({ text: version }) => {
    await add({ multiInstanceSettings: settings() });
    await subtask(1, {});
    const { status, json } = await it.ask({ url: `/jobs/j/tasks/t/subtasksinfo?api-version=${version}` });
    expect([status, json.value]).toMatchObject([200, [{ id: 1, state: 'running', nodeInfo: { nodeId: 'tvmps_1_d' } }]]);
  });

  test('of another task is empty, and of none a 404', async () => {
    await add({});
    expect((await it.ask({ url: '/jobs/j/tasks/t/subtasksinfo' })).json.value).toEqual([]);
    expect(await it.ask({ url: '/jobs/j/tasks/none/subtasksinfo' })).toMatchObject({ status: 404, json: { code: 'TaskNotFound' } });
  });
});
