import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

interface Execution {
  readonly startTime?: string;
  readonly endTime?: string;
  readonly exitCode?: number;
  readonly result?: string;
  readonly retryCount: number;
  readonly lastRetryTime?: string;
  readonly requeueCount: number;
  readonly failureInfo?: object;
}
interface SeenTask {
  readonly state: string;
  readonly executionInfo: Execution;
  readonly nodeInfo?: { readonly poolId: string; readonly nodeId: string };
}
interface SeenNode {
  readonly id: string;
  readonly state: string;
  readonly totalTasksRun: number;
  readonly totalTasksSucceeded: number;
  readonly runningTasksCount: number;
  readonly runningTaskSlotsCount: number;
  readonly recentTasks?: readonly { readonly taskId: string; readonly taskState: string; readonly executionInfo: Execution }[];
  readonly startTaskInfo?: object;
}

const LONGEST_MS = 60_000;
/** It runs until it is ended. */
const LASTING = 'sleep 600';
const TIME = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
/** Fails the first time that the node runs it. */
const FAILS_ONCE = "/bin/sh -c 'test -e $AZ_BATCH_NODE_SHARED_DIR/begun && exit 0; touch $AZ_BATCH_NODE_SHARED_DIR/begun; exit 5'";

let instance: Instance;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
  await addPool('p', { targetDedicatedNodes: 1, startTask: { commandLine: FAILS_ONCE, maxTaskRetryCount: 2, waitForSuccess: true } });
  await addPool('q', { targetDedicatedNodes: 1 });
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

function addPool(id: string, more: object): Promise<unknown> {
  return client.call('POST', '/pools', { id, ...LINUX, ...more });
}

function addJob(id: string, more: object = {}): Promise<unknown> {
  return client.call('POST', '/jobs', { id, poolInfo: { poolId: 'p' }, ...more });
}

function addTask(job: string, id: string, commandLine: string, more: object = {}): Promise<unknown> {
  return client.call('POST', `/jobs/${job}/tasks`, { id, commandLine, ...more });
}

function taskIn(job: string, id: string, state: string): Promise<SeenTask> {
  return until(`task ${id} of ${job} is ${state}`, LONGEST_MS, async () => {
    const seen = (await client.call('GET', `/jobs/${job}/tasks/${id}`)) as SeenTask;
    return seen.state === state ? seen : undefined;
  });
}

function jobIn(id: string, state: string): Promise<{ readonly executionInfo: object }> {
  return until(`job ${id} is ${state}`, LONGEST_MS, async () => {
    const seen = (await client.call('GET', `/jobs/${id}`)) as { readonly state: string; readonly executionInfo: object };
    return seen.state === state ? seen : undefined;
  });
}

/** The first reason why its task waits. */
async function why(job: string): Promise<{ readonly code?: string; readonly tasksBefore?: number }> {
  const { reasons } = (await client.call('GET', `/linarite/jobs/${job}/tasks/t/explain`)) as { readonly reasons: readonly { readonly code: string; readonly tasksBefore?: number }[] };
  return reasons[0] ?? {};
}

function remove(id: string): Promise<unknown> {
  return client.call('DELETE', `/jobs/${id}?force=true`);
}

describe('a job that is changed', () => {
  test('moves to another pool while it is disabled, and only then; its tasks run there', async () => {
    await addJob('moves');
    await addTask('moves', 't', LASTING);
    expect((await taskIn('moves', 't', 'running')).nodeInfo?.poolId).toBe('p');
    const move = (method: string) => client.call(method, '/jobs/moves', { poolInfo: { poolId: 'q' } });
    await expect(move('PATCH')).rejects.toThrow(/409.*OperationInvalidForCurrentState/s);
    await client.call('POST', '/jobs/moves/disable', { disableTasks: 'requeue' });
    await jobIn('moves', 'disabled');
    await move('PATCH');
    await client.call('POST', '/jobs/moves/enable');
    expect(await taskIn('moves', 't', 'running')).toMatchObject({ nodeInfo: { poolId: 'q' }, executionInfo: { requeueCount: 1, retryCount: 0 } });
    expect((await jobIn('moves', 'active')).executionInfo).toMatchObject({ poolId: 'q' });
    await expect(client.call('PUT', '/jobs/moves', { poolInfo: { poolId: 'p' } })).rejects.toThrow(/409.*OperationInvalidForCurrentState/s);
    await remove('moves');
  });

  test('has its waiting tasks served by the priority that it has now', async () => {
    await addJob('first', { poolInfo: { poolId: 'q' } });
    await addTask('first', 't', LASTING);
    await taskIn('first', 't', 'running');
    await addJob('older', { poolInfo: { poolId: 'q' } });
    await addTask('older', 't', LASTING);
    await addJob('younger', { poolInfo: { poolId: 'q' } });
    await addTask('younger', 't', LASTING);
    await client.call('PATCH', '/jobs/younger', { priority: 5 });
    // The node has been told as well.
    await until('the younger one is next', LONGEST_MS, async () => {
      const { code, tasksBefore } = await why('younger');
      return code === 'WaitingOnNode' && tasksBefore === 0 ? true : undefined;
    });
    await client.call('POST', '/jobs/first/tasks/t/terminate');
    await taskIn('younger', 't', 'running');
    await client.call('PATCH', '/jobs/older', { priority: 6 });
    // The running one stays where it is.
    expect([(await taskIn('younger', 't', 'running')).state, (await taskIn('older', 't', 'active')).state]).toEqual(['running', 'active']);
    await client.call('POST', '/jobs/younger/tasks/t/terminate');
    await taskIn('older', 't', 'running');
    await Promise.all(['first', 'older', 'younger'].map(remove));
  });

  test('keeps its metadata as they were sent last', async () => {
    const metadata = [{ name: 'a', value: '' }, { name: 'a', value: 'ä "b"' }];
    await addJob('data', { metadata });
    const kept = async () => ((await client.call('GET', '/jobs/data')) as { metadata?: object }).metadata;
    expect(await kept()).toEqual(metadata);
    await client.call('PATCH', '/jobs/data', { priority: 1 });
    expect(await kept()).toEqual(metadata);
    await client.call('PATCH', '/jobs/data', { metadata: [{ name: 'b', value: 'c' }] });
    expect(await kept()).toEqual([{ name: 'b', value: 'c' }]);
    await client.call('PUT', '/jobs/data', { poolInfo: { poolId: 'p' } });
    expect(await kept()).toBeUndefined();
    await remove('data');
  });

  test('lets its tasks have the retries that it says now, where they have none of their own', async () => {
    await addJob('more');
    await addTask('more', 'one', "/bin/sh -c 'exit 1'");
    expect((await taskIn('more', 'one', 'completed')).executionInfo.retryCount).toBe(0);
    await client.call('PATCH', '/jobs/more', { constraints: { maxTaskRetryCount: 1 } });
    await addTask('more', 'other', "/bin/sh -c 'exit 1'");
    expect((await taskIn('more', 'other', 'completed')).executionInfo.retryCount).toBe(1);
    await remove('more');
  });
});

test('directories of tasks stay as long as was asked for, and go with their task', async () => {
  await addJob('kept');
  const files = (id: string) => client.call('GET', `/jobs/kept/tasks/${id}/files?recursive=true`).then((list) => (list as { value: readonly { name: string }[] }).value.map(({ name }) => name));
  await addTask('kept', 'short', 'true', { constraints: { retentionTime: 'PT0S' } });
  await addTask('kept', 'long', 'true');
  await Promise.all(['short', 'long'].map((id) => taskIn('kept', id, 'completed')));
  expect(await files('long')).toEqual(expect.arrayContaining(['stdout.txt', 'stderr.txt', 'wd']));
  await until('the files of the short one are gone', LONGEST_MS, () => files('short').then(() => undefined, (error: unknown) => (/40[49]/.test(String(error)) ? true : undefined)));
  const { nodeInfo } = await taskIn('kept', 'long', 'completed');
  const onNode = `/pools/p/nodes/${nodeInfo?.nodeId}/files/workitems/kept/job-1/long/stdout.txt`;
  await client.text('GET', onNode);
  await client.call('DELETE', '/jobs/kept/tasks/long');
  await until('the files of the deleted one are gone', LONGEST_MS, () => client.text('GET', onNode).then(() => undefined, (error: unknown) => (String(error).includes('404') ? true : undefined)));
  await remove('kept');
});

describe('counts and what is told of execution', () => {
  test('tasks are counted by state, and their slots', async () => {
    await addPool('wide', { targetDedicatedNodes: 0 });
    // Slots may be changed as long as the pool is empty.
    await client.call('PATCH', '/pools/wide', { taskSlotsPerNode: 4 });
    await client.call('POST', '/pools/wide/resize', { targetDedicatedNodes: 1 });
    await expect(client.call('PATCH', '/pools/wide', { taskSlotsPerNode: 2 })).rejects.toThrow(/409.*OperationInvalidForCurrentState.*taskSlotsPerNode/s);
    await addJob('counts', { poolInfo: { poolId: 'wide' } });
    await addTask('counts', 'done', 'true', { requiredSlots: 2 });
    await addTask('counts', 'failed', 'false', { requiredSlots: 4 });
    await Promise.all(['done', 'failed'].map((id) => taskIn('counts', id, 'completed')));
    await addTask('counts', 'runs', LASTING, { requiredSlots: 3 });
    await taskIn('counts', 'runs', 'running');
    await addTask('counts', 'waits', LASTING, { requiredSlots: 2 });
    await addTask('counts', 'never', LASTING, { requiredSlots: 9 });
    await expect.poll(() => client.call('GET', '/jobs/counts/taskcounts'), { timeout: LONGEST_MS }).toMatchObject({
      taskCounts: { active: 2, running: 1, completed: 2, succeeded: 1, failed: 1 },
      taskSlotCounts: { active: 11, running: 3, completed: 6, succeeded: 2, failed: 4 },
    });
    const { value: [node] } = (await client.call('GET', '/pools/wide/nodes')) as { value: readonly SeenNode[] };
    expect(node).toMatchObject({ state: 'running', runningTasksCount: 1, runningTaskSlotsCount: 3, totalTasksRun: 3, totalTasksSucceeded: 1 });
    await remove('counts');
  });

  test('a start task tells of its tries, a node of its latest tasks, the newest first, and a job of its start, end and reason', async () => {
    await addJob('told', { constraints: { maxTaskRetryCount: 1 } });
    for (let number = 0; number < 11; number += 1) {
      await addTask('told', `t${number}`, number % 2 === 0 ? 'true' : "/bin/sh -c 'exit 4'");
      await taskIn('told', `t${number}`, 'completed');
    }
    const { executionInfo, nodeInfo } = await taskIn('told', 't9', 'completed');
    const ended = { startTime: TIME, endTime: TIME, exitCode: 4, result: 'failure', retryCount: 1, lastRetryTime: TIME, requeueCount: 0, failureInfo: { category: 'UserError', code: 'FailureExitCode' } };
    expect(executionInfo).toMatchObject(ended);
    const node = (await client.call('GET', `/pools/p/nodes/${nodeInfo?.nodeId}`)) as SeenNode;
    expect(node.startTaskInfo).toEqual({ state: 'completed', startTime: TIME, endTime: TIME, exitCode: 0, result: 'success', retryCount: 1, lastRetryTime: TIME });
    expect(node.recentTasks?.map(({ taskId }) => taskId)).toEqual(Array.from({ length: 10 }, (_, index) => `t${10 - index}`));
    expect(node.recentTasks?.[1]).toMatchObject({ taskState: 'completed', executionInfo: ended });
    await client.call('POST', '/jobs/told/terminate', { terminateReason: 'told all' });
    expect((await jobIn('told', 'completed')).executionInfo).toEqual({ startTime: TIME, endTime: TIME, poolId: 'p', terminateReason: 'told all' });
    await remove('told');
  });
});
