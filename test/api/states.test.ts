import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JobStatus, TaskStatus } from '../../src/core/status.ts';
import { clearGoneNodes } from '../../src/store/maintenance/goneNodes.ts';
import { statuses, type Statuses } from './statuses.ts';
import { NEWEST, testApi, UBUNTU, type Sent, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

function post(url: string, body?: unknown): Sent {
  return { method: 'POST', url, ...(body === undefined ? {} : { body }) };
}
/** `202`, or `409 Code`. */
async function said(sent: Sent): Promise<string> {
  const { status, reason, json } = await it.ask(sent);
  // A conflict with a state says which one is in the way.
  if (json?.code === 'OperationInvalidForCurrentState') {
    expect(reason).toBe('The specified operation is not valid for the current state of the resource.');
    expect(json.values).toEqual([{ key: 'Reason', value: expect.stringMatching(/state '\w+'|allocationState is 'steady'|has nodes/) }]);
  }
  return status < 400 ? String(status) : `${status} ${json?.code}`;
}

describe('jobs: each call in each state answers as states.md 3.3 has it', () => {
  const states = ['active', 'disabling', 'disabled', 'enabling', 'terminating', 'completed', 'deleting'] as const;
  const invalid = '409 OperationInvalidForCurrentState';
  const [terminating, completed, deleting] = ['409 JobBeingTerminated', '409 JobCompleted', '409 JobBeingDeleted'];
  const calls: Readonly<Record<string, readonly [Sent, readonly string[]]>> = {
    disable: [post('/jobs/j/disable', { disableTasks: 'requeue' }), ['202', '202', '202', invalid, terminating, completed, deleting]],
    enable: [post('/jobs/j/enable'), [invalid, '202', '202', '202', terminating, completed, deleting]],
    terminate: [post('/jobs/j/terminate'), ['202', '202', '202', '202', terminating, completed, deleting]],
    delete: [{ method: 'DELETE', url: '/jobs/j' }, ['202', '202', '202', '202', '202', '202', deleting]],
    patch: [{ method: 'PATCH', url: '/jobs/j', body: { priority: 7 } }, ['200', '200', '200', '200', terminating, completed, deleting]],
    put: [{ method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } }, ['200', '200', '200', '200', terminating, completed, deleting]],
    'patch of the pool': [
      { method: 'PATCH', url: '/jobs/j', body: { poolInfo: { poolId: 'other' } } },
      [invalid, invalid, '200', invalid, terminating, completed, deleting],
    ],
    'add a task': [post('/jobs/j/tasks', { id: 'new', commandLine: 'x' }), ['201', '201', '201', '201', terminating, completed, deleting]],
    'add a collection': [post('/jobs/j/addtaskcollection', { value: [{ id: 'new', commandLine: 'x' }] }), ['200', '200', '200', '200', terminating, completed, deleting]],
    'terminate a task': [post('/jobs/j/tasks/t/terminate'), ['204', '204', '204', '204', '204', '204', deleting]],
    'update a task': [{ method: 'PUT', url: '/jobs/j/tasks/t', body: { constraints: { maxTaskRetryCount: 1 } } }, ['200', '200', '200', '200', '200', '200', deleting]],
    'delete a task': [{ method: 'DELETE', url: '/jobs/j/tasks/t' }, ['200', '200', '200', '200', '200', '200', deleting]],
    'reactivate a task': [post('/jobs/j/tasks/failed/reactivate'), ['204', '204', '204', '204', terminating, completed, deleting]],
    get: [{ url: '/jobs/j' }, states.map(() => '200')],
  };

  async function jobIn(state: (typeof states)[number]): Promise<void> {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    await it.ask(post('/jobs/j/addtaskcollection', { value: ['t', 'failed'].map((id) => ({ id, commandLine: 'x' })) }));
    await write.task('j', 'failed', { state: 'completed', result: 'failure', exitCode: 1, endedAt: 1, attempt: 1 });
    if (state === 'deleting') await it.ask({ method: 'DELETE', url: '/jobs/j' });
    else await write.job('j', { state });
  }

  test.each(Object.entries(calls).flatMap(([name, [sent, answers]]) => states.map((state, index) => ({ name, sent, state, answer: answers[index] }))))(
    '$name while $state: $answer',
    async ({ sent, state, answer }) => {
      await jobIn(state);
      expect((await it.ask({ url: '/jobs/j' })).json.state).toBe(state);
      expect(await said(sent)).toBe(answer);
    },
  );

  test.each([
    ['disable', { disableTasks: 'wait' }, 'active', 'disabling'],
    ['enable', undefined, 'disabled', 'enabling'],
    ['enable', undefined, 'disabling', 'enabling'],
    ['terminate', { terminateReason: 'enough' }, 'active', 'terminating'],
  ] as const)('%s is seen at once, before the owner has acted', async (call, body, before, after) => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    await write.job('j', { state: before, since: 5 });
    await it.ask(post(`/jobs/j/${call}`, body));
    expect((await it.ask({ url: '/jobs/j' })).json).toMatchObject({ state: after, previousState: before });
  });

  test('a job that has ended says when and why', async () => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    const ended: Partial<JobStatus> = { state: 'completed', endedAt: it.now.value, terminateReason: 'AllTasksComplete', previousState: 'terminating', previousSince: 1 };
    await write.job('j', ended);
    const { json } = await it.ask({ url: '/jobs/j' });
    expect(json.executionInfo).toEqual({ startTime: expect.any(String), endTime: '2026-11-20T12:00:00Z', poolId: 'p', terminateReason: 'AllTasksComplete' });
  });

  test('onAllTasksComplete goes from noaction to terminatejob and never back', async () => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    const patch = (onAllTasksComplete: string) => said({ method: 'PATCH', url: '/jobs/j', body: { onAllTasksComplete } });
    expect([await patch('terminatejob'), await patch('noaction')]).toEqual(['200', '400 InvalidPropertyValue']);
    expect(await said({ method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } })).toBe('400 InvalidPropertyValue');
  });

  test('PUT puts back to its default what it leaves out, PATCH leaves it alone', async () => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, priority: 5, metadata: [{ name: 'a', value: 'b' }], maxParallelTasks: 3 }));
    await it.ask({ method: 'PATCH', url: '/jobs/j', body: { constraints: { maxTaskRetryCount: 4 } } });
    expect((await it.ask({ url: '/jobs/j' })).json).toMatchObject({ priority: 5, maxParallelTasks: 3, metadata: [{ name: 'a', value: 'b' }], constraints: { maxTaskRetryCount: 4 } });
    await it.ask({ method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } });
    const { json } = await it.ask({ url: '/jobs/j' });
    expect(json).toMatchObject({ priority: 0, maxParallelTasks: -1, constraints: { maxTaskRetryCount: 0 } });
    expect(json).not.toHaveProperty('metadata');
  });
});

describe('a change of a job', () => {
  const changes: Readonly<Record<string, unknown>> = {
    priority: -1000,
    maxParallelTasks: 2,
    allowTaskPreemption: true,
    constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: -1 },
    onAllTasksComplete: 'terminatejob',
    metadata: [{ name: 'a', value: 'b' }],
    poolInfo: { poolId: 'other' },
    networkConfiguration: { subnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s', skipWithdrawFromVNet: false },
  };
  const rules: Readonly<Record<string, unknown>> = { priority: -1000, maxParallelTasks: 2, allowTaskPreemption: true, maxWallClockMs: 3_600_000, maxTaskRetryCount: -1, onAllTasksComplete: 'terminatejob', poolId: 'other' };
  const disabledJob = async (): Promise<void> => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, displayName: 'stays', usesTaskDependencies: true, onTaskFailure: 'performexitoptionsjobaction', commonEnvironmentSettings: [{ name: 'A', value: 'b' }] }));
    await write.job('j', { state: 'disabled' });
  };
  const read = async () => (await it.ask({ url: '/jobs/j' })).json as Record<string, unknown>;
  const stays = { displayName: 'stays', usesTaskDependencies: true, onTaskFailure: 'performexitoptionsjobaction', commonEnvironmentSettings: [{ name: 'A', value: 'b' }] };

  test.each(Object.entries(changes))('by PATCH of %s changes that alone, moves the ETag, and is told to the owner', async (name, value) => {
    await disabledJob();
    const before = await read();
    it.now.value += 1000;
    await it.ask({ method: 'PATCH', url: '/jobs/j', body: { [name]: value } });
    const after = await read();
    const moved = ['eTag', 'lastModified', ...(name === 'poolInfo' ? ['executionInfo'] : [])];
    expect(Object.keys({ ...before, ...after }).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).toSorted()).toEqual([name, ...moved].toSorted());
    expect(after[name]).toEqual(value);
    expect((await it.pool.query<{ kind: string }>('select kind from inbox order by entry desc limit 1')).rows).toEqual([{ kind: 'job' }]);
  });

  test('by PUT of all that it may change leaves the rest, and the rules have all of it', async () => {
    await disabledJob();
    const { networkConfiguration: _network, ...body } = changes;
    expect(await said({ method: 'PUT', url: '/jobs/j', body })).toBe('200');
    expect(await read()).toMatchObject({ ...body, ...stays });
    const { rows: [job] } = await it.pool.query<{ rules: object }>("select rules from job where id = 'j'");
    expect(job?.rules).toMatchObject(rules);
  });

  test('by PUT of a version that does not know the younger properties leaves those', async () => {
    await disabledJob();
    await it.ask({ method: 'PATCH', url: '/jobs/j', body: { maxParallelTasks: 2, allowTaskPreemption: true, priority: 3 } });
    expect(await said({ method: 'PUT', url: '/jobs/j?api-version=2020-09-01.12.0', body: { poolInfo: { poolId: 'p' } } })).toBe('200');
    expect(await read()).toMatchObject({ maxParallelTasks: 2, allowTaskPreemption: true, priority: 0 });
    expect(await said({ method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } })).toBe('200');
    expect(await read()).toMatchObject({ maxParallelTasks: -1, allowTaskPreemption: false });
  });

  test.each(['id', 'displayName', 'usesTaskDependencies', 'onTaskFailure', 'commonEnvironmentSettings', 'jobManagerTask', 'jobPreparationTask'])('cannot be one of %s', async (name) => {
    await disabledJob();
    for (const method of ['PATCH', 'PUT']) expect(await said({ method, url: '/jobs/j', body: { poolInfo: { poolId: 'p' }, [name]: null } }), method).toBe('400 InvalidRequestBody');
  });

  test('names the pool that it has in any state in which it may be changed', async () => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    expect(await said({ method: 'PATCH', url: '/jobs/j', body: { poolInfo: { poolId: 'P' }, priority: 1 } })).toBe('200');
  });
});

describe('tasks: each call in each state answers as states.md 3.4 has it', () => {
  const succeeded: Partial<TaskStatus> = { state: 'completed', result: 'success', exitCode: 0, endedAt: 1, attempt: 1 };
  const failed: Partial<TaskStatus> = { ...succeeded, result: 'failure', exitCode: 1 };
  const states: Readonly<Record<string, Partial<TaskStatus> | null>> = {
    added: null,
    active: { state: 'active' },
    offered: { state: 'offered', attempt: 1 },
    preparing: { state: 'preparing', attempt: 1 },
    starting: { state: 'starting', attempt: 1 },
    running: { state: 'running', attempt: 1, startedAt: 1 },
    succeeded,
    failed,
  };
  const calls: Readonly<Record<string, readonly [Sent, (state: string) => string]>> = {
    terminate: [post('/jobs/j/tasks/t/terminate'), (state) => (['succeeded', 'failed'].includes(state) ? '409 TaskCompleted' : '204')],
    update: [{ method: 'PUT', url: '/jobs/j/tasks/t', body: { constraints: {} } }, (state) => (['succeeded', 'failed'].includes(state) ? '409 TaskCompleted' : '200')],
    reactivate: [post('/jobs/j/tasks/t/reactivate'), (state) => (state === 'failed' ? '204' : state === 'succeeded' ? '409 TaskSucceeded' : '409 TaskNotCompleted')],
    delete: [{ method: 'DELETE', url: '/jobs/j/tasks/t' }, () => '200'],
    'add again': [post('/jobs/j/tasks', { id: 'T', commandLine: 'x' }), () => '409 TaskExists'],
  };

  async function taskIn(status: Partial<TaskStatus> | null): Promise<void> {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
    await it.ask(post('/jobs/j/tasks', { id: 't', commandLine: 'x' }));
    if (status !== null) await write.task('j', 't', status);
  }

  test.each(Object.entries(calls).flatMap(([name, [sent, answer]]) => Object.entries(states).map(([state, status]) => ({ name, sent, state, status, answer: answer(state) }))))(
    '$name while $state: $answer',
    async ({ sent, status, answer }) => {
      await taskIn(status);
      expect(await said(sent)).toBe(answer);
    },
  );

  test('terminate changes the ETag once, and answers when the owner says that the task has ended', async () => {
    await taskIn({ state: 'running', attempt: 1, startedAt: 1 });
    const before = (await it.ask({ url: '/jobs/j/tasks/t' })).json.eTag as string;
    it.now.value += 1000;
    it.endings.length = 0;
    const first = await it.ask(post('/jobs/j/tasks/t/terminate'));
    expect(it.endings).toHaveLength(1);
    expect(first.headers['etag']).not.toBe(before);
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.eTag).toBe(first.headers['etag']);
    it.now.value += 1000;
    expect((await it.ask(post('/jobs/j/tasks/t/terminate'))).headers['etag']).toBe(first.headers['etag']);
  });

  test('a task is gone with its delete, and its id is free again', async () => {
    await taskIn(null);
    await it.ask({ method: 'DELETE', url: '/jobs/j/tasks/t' });
    expect(await said({ url: '/jobs/j/tasks/t' })).toBe('404 TaskNotFound');
    expect(await said({ method: 'DELETE', url: '/jobs/j/tasks/t' })).toBe('404 TaskNotFound');
    expect(await said(post('/jobs/j/tasks', { id: 't', commandLine: 'x' }))).toBe('201');
  });

  test('a reactivated task reads active at once and can be terminated anew', async () => {
    await taskIn({ ...failed, since: 3 });
    await it.ask(post('/jobs/j/tasks/t/reactivate'));
    const { json } = await it.ask({ url: '/jobs/j/tasks/t' });
    expect(json).toMatchObject({ state: 'active', previousState: 'completed', executionInfo: { retryCount: 0, requeueCount: 0 } });
    expect(json.executionInfo).not.toHaveProperty('exitCode');
    expect(await said(post('/jobs/j/tasks/t/reactivate'))).toBe('409 TaskNotCompleted');
    expect(await said(post('/jobs/j/tasks/t/terminate'))).toBe('204');
  });

  test('a failed task tells of its failure, its node and its tries', async () => {
    await it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }));
    const node = await write.node('p', { id: 'tvmps_1_d', goneAt: 9 });
    const failure = { category: 'UserError', code: 'FailureExitCode', message: 'it failed', details: [{ name: 'Message', value: 'why' }] } as const;
    await taskIn({ ...failed, node, startedAt: 1000, endedAt: 2000, failure, retryCount: 2, lastRetryAt: 1500, requeueCount: 1, lastRequeueAt: 500 });
    const { json } = await it.ask({ url: '/jobs/j/tasks/t' });
    expect(json.executionInfo).toEqual({
      startTime: '1970-01-01T00:00:01Z',
      endTime: '1970-01-01T00:00:02Z',
      exitCode: 1,
      result: 'failure',
      failureInfo: failure,
      retryCount: 2,
      lastRetryTime: '1970-01-01T00:00:01.5Z',
      requeueCount: 1,
      lastRequeueTime: '1970-01-01T00:00:00.5Z',
    });
    expect(json.nodeInfo).toMatchObject({ poolId: 'p', nodeId: 'tvmps_1_d', taskRootDirectory: 'workitems/j/job-1/t' });
  });

  test('a completed task tells of its node though that has left, whatever else is cleared away', async () => {
    await it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }));
    const node = await write.node('p', { id: 'tvmps_1_d', goneAt: 9 });
    await write.node('p', { id: 'tvmps_2_d', goneAt: 9 });
    await taskIn({ ...failed, node, startedAt: 1000 });
    expect(await clearGoneNodes(it.pool)).toBe(1);
    const { json } = await it.ask({ url: '/jobs/j/tasks/t' });
    expect(json.nodeInfo).toEqual({
      affinityId: 'TVM:tvmps_1_d',
      nodeUrl: expect.stringMatching(/\/pools\/p\/nodes\/tvmps_1_d$/),
      poolId: 'p',
      nodeId: 'tvmps_1_d',
      taskRootDirectory: 'workitems/j/job-1/t',
      taskRootDirectoryUrl: expect.stringMatching(/\/pools\/p\/nodes\/tvmps_1_d\/files\/workitems\/j\/job-1\/t$/),
    });
    expect((await it.ask({ url: "/jobs/j/tasks?$filter=nodeInfo/nodeId%20eq%20'tvmps_1_d'" })).json.value).toHaveLength(1);
  });

  test('constraints that a PUT leaves out take their defaults, the retry count its job’s', async () => {
    await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, constraints: { maxTaskRetryCount: 3 } }));
    await it.ask(post('/jobs/j/tasks', { id: 't', commandLine: 'x', constraints: { maxTaskRetryCount: 1, retentionTime: 'PT1H' } }));
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.constraints).toMatchObject({ maxTaskRetryCount: 1, retentionTime: 'PT1H' });
    await it.ask({ method: 'PUT', url: '/jobs/j/tasks/t', body: {} });
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.constraints).toEqual({ maxWallClockTime: 'P10675199DT2H48M5.4775807S', retentionTime: 'P7D', maxTaskRetryCount: 3 });
  });
});

test('a PATCH replaces each property that it names whole', async () => {
  await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, constraints: { maxTaskRetryCount: 5, maxWallClockTime: 'PT1H' }, metadata: [{ name: 'a', value: 'b' }] }));
  await it.ask({ method: 'PATCH', url: '/jobs/j', body: { constraints: { maxWallClockTime: 'P3Y6M4DT12H30M5S' } } });
  // Years have 365 days and months 30, as recorded.
  expect((await it.ask({ url: '/jobs/j' })).json).toMatchObject({ constraints: { maxWallClockTime: 'P1279DT12H30M5S', maxTaskRetryCount: 0 }, metadata: [{ name: 'a', value: 'b' }] });
  const startTask = { commandLine: 'x', maxTaskRetryCount: 3, userIdentity: { autoUser: { scope: 'task', elevationLevel: 'admin' } }, environmentSettings: [{ name: 'a', value: 'b' }] };
  await it.ask(post('/pools', { id: 'q', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, startTask }));
  await it.ask({ method: 'PATCH', url: '/pools/q', body: { startTask: { commandLine: 'y' } } });
  expect((await it.ask({ url: '/pools/q' })).json.startTask).toEqual({ commandLine: 'y', userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } }, maxTaskRetryCount: 0, waitForSuccess: true });
});

describe('pools: each call in each state answers as states.md 3.1 has it', () => {
  const invalid = '409 OperationInvalidForCurrentState';
  const calls: Readonly<Record<string, readonly [Sent, Readonly<Record<'resizing' | 'stopping' | 'steady' | 'deleting', string>>]>> = {
    resize: [post('/pools/p/resize', { targetDedicatedNodes: 3 }), { resizing: '409 PoolBeingResized', stopping: '409 PoolBeingResized', steady: '202', deleting: '409 PoolBeingDeleted' }],
    removenodes: [post('/pools/p/removenodes', { nodeList: ['tvmps_1_d'] }), { resizing: '409 PoolBeingResized', stopping: '409 PoolBeingResized', steady: '404 NodeNotFound', deleting: '409 PoolBeingDeleted' }],
    stopresize: [post('/pools/p/stopresize'), { resizing: '202', stopping: '202', steady: invalid, deleting: '409 PoolBeingDeleted' }],
    patch: [{ method: 'PATCH', url: '/pools/p', body: { metadata: [] } }, { resizing: '200', stopping: '200', steady: '200', deleting: '409 PoolBeingDeleted' }],
    updateproperties: [
      post('/pools/p/updateproperties', { applicationPackageReferences: [], metadata: [] }),
      { resizing: '204', stopping: '204', steady: '204', deleting: '409 PoolBeingDeleted' },
    ],
    delete: [{ method: 'DELETE', url: '/pools/p' }, { resizing: '202', stopping: '202', steady: '202', deleting: '409 PoolBeingDeleted' }],
    'add again': [
      post('/pools', { id: 'P', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }),
      { resizing: '409 PoolExists', stopping: '409 PoolExists', steady: '409 PoolExists', deleting: '409 PoolBeingDeleted' },
    ],
    'patch of its size': [{ method: 'PATCH', url: '/pools/p', body: { vmSize: 'standard_d2_v2' } }, { resizing: invalid, stopping: invalid, steady: invalid, deleting: '409 PoolBeingDeleted' }],
  };
  const addPool = (nodes = 2) => it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: nodes }));

  async function poolIn(state: string): Promise<void> {
    await addPool();
    if (state === 'steady') await write.pool('p', { currentDedicated: 2 });
    if (state === 'stopping') await it.ask(post('/pools/p/stopresize'));
    if (state === 'stopping') await write.pool('p', { allocationState: 'stopping' });
    if (state === 'deleting') await it.ask({ method: 'DELETE', url: '/pools/p' });
  }

  test.each(Object.entries(calls).flatMap(([name, [sent, answers]]) => Object.entries(answers).map(([state, answer]) => ({ name, sent, state, answer }))))(
    '$name while $state: $answer',
    async ({ sent, state, answer }) => {
      await poolIn(state);
      const { json } = await it.ask({ url: '/pools/p' });
      expect(state === 'deleting' ? json.state : json.allocationState).toBe(state);
      expect(await said(sent)).toBe(answer);
    },
  );

  test('a resize is seen at once and moves the ETag; a stop leaves it', async () => {
    await poolIn('steady');
    const before = (await it.ask({ url: '/pools/p' })).json;
    const resized = await it.ask(post('/pools/p/resize', { targetLowPriorityNodes: 4, resizeTimeout: 'PT6M' }));
    const after = (await it.ask({ url: '/pools/p' })).json;
    expect(after).toMatchObject({ allocationState: 'resizing', targetDedicatedNodes: 2, targetLowPriorityNodes: 4, resizeTimeout: 'PT6M', eTag: resized.headers['etag'] });
    expect(after.eTag).not.toBe(before.eTag);
    await write.pool('p', { allocationState: 'resizing' });
    await it.ask(post('/pools/p/stopresize'));
    expect((await it.ask({ url: '/pools/p' })).json).toMatchObject({ allocationState: 'stopping', eTag: after.eTag });
  });

  test('the targets that are shown, and that a resize leaves as they are, are those the pool works towards', async () => {
    const targets = async () => {
      const { targetDedicatedNodes, targetLowPriorityNodes } = (await it.ask({ url: '/pools/p' })).json;
      return [targetDedicatedNodes, targetLowPriorityNodes];
    };
    await addPool(2);
    expect(await targets()).toEqual([2, 0]);
    await write.pool('p', { targetDedicated: 5, targetLowPriority: 1 });
    expect(await targets()).toEqual([5, 1]);
    await it.ask(post('/pools/p/resize', { targetLowPriorityNodes: 4 }));
    expect(await targets()).toEqual([5, 4]);
    await write.pool('p', {});
    await it.pool.query('update pool_status set target_dedicated = null, target_low_priority = null');
    expect(await targets()).toEqual([5, 4]);
  });

  test('what went wrong with a resize is told while the pool is steady', async () => {
    await addPool();
    const errors = [{ code: 'AllocationTimedout', message: 'too late', values: [{ name: 'Reason', value: 'x' }] }];
    await write.pool('p', { resizeErrors: errors });
    expect((await it.ask({ url: '/pools/p' })).json.resizeErrors).toEqual(errors);
    await it.ask(post('/pools/p/resize', { targetDedicatedNodes: 1 }));
    expect((await it.ask({ url: '/pools/p' })).json).not.toHaveProperty('resizeErrors');
  });

  test('an empty pool may change its size of machine', async () => {
    await addPool(0);
    await write.pool('p', {});
    expect(await said({ method: 'PATCH', url: '/pools/p', body: { vmSize: 'Standard_D2_v2', taskSlotsPerNode: 4 } })).toBe('200');
    expect((await it.ask({ url: '/pools/p' })).json).toMatchObject({ vmSize: 'standard_d2_v2', taskSlotsPerNode: 4 });
    // Slots must fit the size, whichever of the two is changed.
    expect(await said({ method: 'PATCH', url: '/pools/p', body: { taskSlotsPerNode: 9 } })).toBe('400 InvalidPropertyValue');
    expect(await said({ method: 'PATCH', url: '/pools/p', body: { vmSize: 'small' } })).toBe('200');
    expect(await said({ method: 'PATCH', url: '/pools/p', body: { taskSlotsPerNode: 5 } })).toBe('400 InvalidPropertyValue');
  });

  test('an empty pool of cloud services does not become one of two kinds of machine', async () => {
    const old = { id: 'p', vmSize: 'small', cloudServiceConfiguration: { osFamily: '5' } };
    await it.ask(post('/pools?api-version=2023-11-01.18.0', old));
    await write.pool('p', {});
    expect(await said({ method: 'PATCH', url: '/pools/p', body: { virtualMachineConfiguration: UBUNTU } })).toBe('400 InvalidPropertyValue');
    expect((await it.ask({ url: '/pools/p' })).json).not.toHaveProperty('virtualMachineConfiguration');
  });

  test('updateproperties by a version that knows no communication mode leaves it', async () => {
    const known = '?api-version=2022-10-01.16.0';
    const replacement = { certificateReferences: [], applicationPackageReferences: [], metadata: [] };
    const mode = async () => (await it.ask({ url: `/pools/p${known}` })).json.targetNodeCommunicationMode;
    await it.ask(post(`/pools${known}`, { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, targetNodeCommunicationMode: 'simplified' }));
    expect(await said(post('/pools/p/updateproperties?api-version=2020-09-01.12.0', replacement))).toBe('204');
    expect(await said(post('/pools/p/updateproperties', { applicationPackageReferences: [], metadata: [] }))).toBe('204');
    expect(await mode()).toBe('simplified');
    expect(await said(post(`/pools/p/updateproperties${known}`, replacement))).toBe('204');
    expect(await mode()).toBe('default');
  });

  test('updateproperties replaces the start task and removes it when it names none', async () => {
    await addPool();
    const startTask = { commandLine: 'setup' };
    await it.ask({ method: 'PATCH', url: '/pools/p', body: { startTask } });
    expect((await it.ask({ url: '/pools/p' })).json.startTask).toMatchObject({ commandLine: 'setup', waitForSuccess: true, maxTaskRetryCount: 0 });
    await it.ask(post('/pools/p/updateproperties', { applicationPackageReferences: [], metadata: [{ name: 'a', value: 'b' }] }));
    const { json } = await it.ask({ url: '/pools/p' });
    expect(json.metadata).toEqual([{ name: 'a', value: 'b' }]);
    expect(json).not.toHaveProperty('startTask');
  });

  test.each([
    ['a Windows image', { virtualMachineConfiguration: { imageReference: { publisher: 'microsoftwindowsserver', offer: 'windowsserver', sku: '2019-datacenter' }, nodeAgentSKUId: 'batch.node.windows amd64' } }, NEWEST],
    ['cloud services', { cloudServiceConfiguration: { osFamily: '5' } }, '2023-11-01.18.0'],
  ])('a pool of %s is made; why it gets no nodes stands in its intent', async (_name, machine, version) => {
    expect(await said(post(`/pools?api-version=${version}`, { id: 'p', vmSize: 'standard_d1_v2', ...machine, targetDedicatedNodes: 1 }))).toBe('201');
    const { rows } = await it.pool.query<{ unavailable: string }>('select unavailable from pool');
    expect(rows[0]?.unavailable).toMatch(/Windows/);
  });
});

test('nothing is told apart by the case of ids, and ids keep theirs', async () => {
  await it.ask(post('/jobs', { id: 'My-Job', poolInfo: { poolId: 'p' } }));
  await it.ask(post('/jobs/my-job/tasks', { id: 'Task_A', commandLine: 'x' }));
  expect((await it.ask({ url: '/jobs/MY-JOB/tasks/TASK_a' })).json).toMatchObject({ id: 'Task_A', url: 'http://127.0.0.1:10800/jobs/My-Job/tasks/Task_A' });
  expect(await said(post('/jobs', { id: 'MY-job', poolInfo: { poolId: 'p' } }))).toBe('409 JobExists');
});

describe('nodes: scheduling is disabled in each state, once', () => {
  beforeEach(async () => {
    await it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }));
  });
  const disable = (body?: unknown) => post('/pools/p/nodes/tvmps_1_d/disablescheduling', body);
  const enable = post('/pools/p/nodes/TVMPS_1_d/enablescheduling');
  const scheduling = async () => (await it.ask({ url: '/pools/p/nodes/tvmps_1_d' })).json.schedulingState;
  const inTarget = '409 NodeAlreadyInTargetSchedulingState';

  test.each(['creating', 'starting', 'waitingforstarttask', 'starttaskfailed', 'idle', 'running', 'unusable', 'unknown', 'leavingpool'] as const)('while %s', async (state) => {
    await write.node('p', { id: 'tvmps_1_d', state });
    expect([await said(enable), await said(disable()), await said(disable()), await scheduling()]).toEqual([inTarget, '200', inTarget, 'disabled']);
    expect([await said(enable), await said(enable), await scheduling()]).toEqual(['200', inTarget, 'enabled']);
  });

  test('with what becomes of its tasks, by default that they are requeued; lists and their filters see it at once', async () => {
    const node = await write.node('p', { id: 'tvmps_1_d' });
    await write.node('p', { id: 'tvmps_2_d' });
    const asked = async () => (await it.pool.query('select scheduling_disabled from node_request where node = $1', [node])).rows;
    for (const [body, option] of [[undefined, 'requeue'], [{}, 'requeue'], [{ nodeDisableSchedulingOption: 'terminate' }, 'terminate'], [{ nodeDisableSchedulingOption: 'TaskCompletion' }, 'taskcompletion']] as const) {
      expect(await said(disable(body))).toBe('200');
      expect(await asked()).toEqual([{ scheduling_disabled: option }]);
      expect((await it.ask({ url: "/pools/p/nodes?$filter=schedulingState%20eq%20'disabled'" })).json.value).toMatchObject([{ id: 'tvmps_1_d' }]);
      expect(await said(enable)).toBe('200');
    }
    expect((await it.pool.query("select count(*)::int as entries from inbox where kind = 'node' and subject = $1", [node])).rows).toEqual([{ entries: 8 }]);
  });

  test('the answer names the URL that was called and has no ETag, as recorded', async () => {
    await write.node('p', { id: 'tvmps_1_d' });
    const { status, headers } = await it.ask(disable());
    expect([status, headers['dataserviceid']]).toEqual([200, expect.stringMatching(/\/pools\/p\/nodes\/tvmps_1_d\/disablescheduling$/)]);
    expect(headers).not.toHaveProperty('etag');
    expect(headers).not.toHaveProperty('last-modified');
  });

  test.each([
    ['an option that there is not', { nodeDisableSchedulingOption: 'retaineddata' }, '400 InvalidPropertyValue'],
    ['an option that is no text', { nodeDisableSchedulingOption: 3 }, '400 InvalidRequestBody'],
    ['a property that there is not', { option: 'requeue' }, '400 InvalidRequestBody'],
  ])('%s is refused', async (_what, body, answer) => {
    await write.node('p', { id: 'tvmps_1_d' });
    expect([await said(disable(body)), await scheduling()]).toEqual([answer, 'enabled']);
  });

  test('of a node or pool that there is not, or that has left, 404', async () => {
    await write.node('p', { id: 'tvmps_1_d', goneAt: 5 });
    expect([await said(disable()), await said(enable), await said(post('/pools/q/nodes/x/disablescheduling'))]).toEqual(['404 NodeNotFound', '404 NodeNotFound', '404 PoolNotFound']);
  });

  test('two that disable it at once: one does, the other is told', async () => {
    const node = await write.node('p', { id: 'tvmps_1_d' });
    const both = await Promise.all([said(disable({ nodeDisableSchedulingOption: 'terminate' })), said(disable({ nodeDisableSchedulingOption: 'requeue' }))]);
    expect(both.toSorted()).toEqual(['200', inTarget]);
    const [option] = both[0] === '200' ? ['terminate'] : ['requeue'];
    expect((await it.pool.query('select scheduling_disabled from node_request where node = $1', [node])).rows).toEqual([{ scheduling_disabled: option }]);
  });

  test('a node that is gone takes along what was asked of it', async () => {
    const node = await write.node('p', { id: 'tvmps_1_d' });
    await it.ask(disable());
    await it.pool.query('update node set gone_at = 5 where node = $1', [node]);
    expect(await clearGoneNodes(it.pool)).toBe(1);
    expect((await it.pool.query('select 1 from node_request')).rows).toEqual([]);
  });
});

describe('nodes: reboot, reimage, deallocate and start in each state answer as states.md 3.2 has it', () => {
  beforeEach(async () => {
    await it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }));
  });
  const on = (call: string, body?: unknown) => post(`/pools/p/nodes/tvmps_1_d/${call}`, body);
  const invalid = '409 OperationInvalidForCurrentState';
  const refused = {
    creating: '409 NodeBeingCreated', starting: '409 NodeBeingStarted', waitingforstarttask: '409 NodeBeingStarted', unknown: invalid, leavingpool: invalid, preempted: invalid,
    rebooting: '409 NodeBeingRebooted', reimaging: '409 NodeBeingReimaged', deallocating: invalid,
  } as const;
  const works = { idle: '202', running: '202', offline: '202' } as const;
  const restarts = { ...refused, ...works, starttaskfailed: '202', unusable: '202', deallocated: invalid } as const;
  const answers = {
    reboot: restarts,
    reimage: restarts,
    deallocate: { ...refused, ...works, starttaskfailed: invalid, unusable: '409 NodeStateUnusable', deallocated: invalid },
    start: { ...refused, idle: invalid, running: invalid, offline: invalid, starttaskfailed: invalid, unusable: '409 NodeStateUnusable', deallocated: '202' },
  } as const;
  const asked = { reboot: 'rebooting', reimage: 'reimaging', deallocate: 'deallocating', start: 'starting' } as const;
  const stateOf = async () => (await it.ask({ url: '/pools/p/nodes/tvmps_1_d' })).json.state;

  test.each((['reboot', 'reimage', 'deallocate', 'start'] as const).flatMap((call) => Object.entries(answers[call]).map(([state, answer]) => ({ call, state: state as keyof typeof restarts, answer }))))('$call while $state: $answer', async ({ call, state, answer }) => {
    await write.node('p', { id: 'tvmps_1_d', state });
    expect(await said(on(call))).toBe(answer);
    expect(await stateOf()).toBe(answer === '202' ? asked[call] : state);
  });

  test.each([[undefined, 'requeue'], [{}, 'requeue'], ...['requeue', 'terminate', 'TaskCompletion', 'retaineddata'].map((option) => [{ nodeDeallocateOption: option }, option.toLowerCase()] as const)] as const)('a deallocation with %j does with tasks: %s', async (body, tasks) => {
    const node = await write.node('p', { id: 'tvmps_1_d' });
    expect(await said(on('deallocate', body))).toBe('202');
    expect((await it.pool.query('select restart from node_request where node = $1', [node])).rows).toEqual([{ restart: { kind: 'deallocate', tasks, at: it.now.value } }]);
  });

  test('lists, filters and counts show deallocated nodes; to clients older than that they are offline, or leave', async () => {
    await write.node('p', { id: 'tvmps_1_d' });
    await write.node('p', { id: 'tvmps_2_d', state: 'deallocated' });
    await write.node('p', { id: 'tvmps_3_d', state: 'deallocating' });
    await said(on('deallocate'));
    const states = async (version: string) => (await it.ask({ url: `/pools/p/nodes?api-version=${version}` })).json.value.map(({ state }: { state: string }) => state);
    expect(await states('2024-07-01.20.0')).toEqual(['deallocating', 'deallocated', 'deallocating']);
    expect(await states('2024-02-01.19.0')).toEqual(['leavingpool', 'offline', 'leavingpool']);
    expect((await it.ask({ url: "/pools/p/nodes?$filter=state%20eq%20'deallocated'" })).json.value).toMatchObject([{ id: 'tvmps_2_d' }]);
    expect((await it.ask({ url: '/nodecounts' })).json.value).toMatchObject([{ poolId: 'p', dedicated: { deallocated: 1, deallocating: 1, idle: 1, total: 3 } }]);
  });

  test('what was asked is seen at once, with its time, and counted; the next one is told', async () => {
    const node = await write.node('p', { id: 'tvmps_1_d', since: 5 });
    expect([await said(on('reboot', { nodeRebootOption: 'RetainedData' })), await said(on('reboot')), await said(on('reimage'))]).toEqual(['202', '409 NodeBeingRebooted', '409 NodeBeingRebooted']);
    expect((await it.ask({ url: '/pools/p/nodes/tvmps_1_d' })).json).toMatchObject({ state: 'rebooting', stateTransitionTime: new Date(it.now.value).toISOString().replace('.000Z', 'Z') });
    const asked = async () => (await it.pool.query('select restart, restart_sequence from node_request where node = $1', [node])).rows;
    expect(await asked()).toEqual([{ restart: { kind: 'reboot', tasks: 'retaineddata', at: it.now.value }, restart_sequence: 1 }]);
    await write.node('p', { id: 'tvmps_2_d' });
    await it.pool.query('update node set status = status || $2 where node = $1', [node, JSON.stringify({ restartSequence: 1 })]);
    expect(await stateOf()).toBe('idle');
    expect(await said(on('reimage'))).toBe('202');
    expect(await asked()).toEqual([{ restart: { kind: 'reimage', tasks: 'requeue', at: it.now.value }, restart_sequence: 2 }]);
  });

  test('two at once: one does, the other is told', async () => {
    await write.node('p', { id: 'tvmps_1_d' });
    expect((await Promise.all([said(on('reboot')), said(on('reboot'))])).toSorted()).toEqual(['202', '409 NodeBeingRebooted']);
  });

  test.each([
    ['reboot', { nodeRebootOption: 'later' }, '400 InvalidPropertyValue'],
    ['reboot', { nodeRebootOption: 3 }, '400 InvalidRequestBody'],
    ['reimage', { nodeReimageOption: 'later' }, '400 InvalidPropertyValue'],
    ['reimage', { nodeRebootOption: 'requeue' }, '400 InvalidRequestBody'],
    ['deallocate', { nodeDeallocateOption: 'later' }, '400 InvalidPropertyValue'],
    ['deallocate', { nodeDeallocateOption: null, nodeReimageOption: 'requeue' }, '400 InvalidRequestBody'],
  ] as const)('%s with %j is refused', async (call, body, answer) => {
    await write.node('p', { id: 'tvmps_1_d' });
    expect([await said(on(call, body)), await stateOf()]).toEqual([answer, 'idle']);
  });

  test('of a node or pool that there is not 404', async () => {
    const calls = ['reboot', 'reimage', 'deallocate', 'start'].flatMap((call) => [said(on(call)), said(post(`/pools/q/nodes/x/${call}`))]);
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 4].flatMap(() => ['404 NodeNotFound', '404 PoolNotFound']));
  });
});
