import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

/** What of jobs and tasks these tests look at. */
interface SeenJob {
  readonly state: string;
  readonly executionInfo: { readonly terminateReason?: string; readonly endTime?: string };
}
interface SeenTask {
  readonly id: string;
  readonly state: string;
  readonly executionInfo: { readonly exitCode?: number; readonly result?: string; readonly retryCount: number; readonly requeueCount: number; readonly failureInfo?: { readonly code: string } };
  readonly constraints: { readonly maxTaskRetryCount: number };
}

interface Unnamed {
  readonly commandLine: string;
  readonly [name: string]: unknown;
}
interface NewTask extends Unnamed {
  readonly id: string;
}

const SLOTS = 4;
const LONGEST_MS = 60_000;
/** It runs until it is ended. */
const LASTING = 'sleep 600';

let instance: Instance;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
  await client.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: SLOTS });
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

function sh(script: string): string {
  return `/bin/sh -c '${script}'`;
}

async function addJob(id: string, more: object = {}): Promise<void> {
  await client.call('POST', '/jobs', { id, poolInfo: { poolId: 'p' }, ...more });
}

async function addTasks(job: string, tasks: readonly NewTask[]): Promise<void> {
  const { value } = (await client.call('POST', `/jobs/${job}/addtaskcollection`, { value: tasks })) as { value: readonly { readonly status: string; readonly error?: unknown }[] };
  expect(value.filter(({ status }) => status !== 'Success')).toEqual([]);
}

function job(id: string): Promise<SeenJob> {
  return client.call('GET', `/jobs/${id}`) as Promise<SeenJob>;
}

function task(id: string, name: string): Promise<SeenTask> {
  return client.call('GET', `/jobs/${id}/tasks/${name}`) as Promise<SeenTask>;
}

function jobIn(id: string, state: string): Promise<SeenJob> {
  return until(`job ${id} is ${state}`, LONGEST_MS, async () => {
    const seen = await job(id);
    return seen.state === state ? seen : undefined;
  });
}

function taskIn(id: string, name: string, state: string): Promise<SeenTask> {
  return until(`task ${name} of ${id} is ${state}`, LONGEST_MS, async () => {
    const seen = await task(id, name);
    return seen.state === state ? seen : undefined;
  });
}

function remove(id: string): Promise<unknown> {
  return client.call('DELETE', `/jobs/${id}?force=true`);
}

describe('exit conditions', () => {
  const SATISFY = { dependencyAction: 'satisfy' };
  const BLOCK = { dependencyAction: 'block' };
  /** Whoever asks it for a file, or to take one, hears that there is nothing of that name. */
  const nothing = createServer((request, answer) => {
    request.resume();
    answer.writeHead(404, { 'x-ms-error-code': 'ContainerNotFound' }).end();
  });
  beforeAll(() => once(nothing.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => void nothing.close());

  test('say by exit code, range of codes, error before or after, or else, whether dependants run', async () => {
    await addJob('conditions', { usesTaskDependencies: true });
    const url = `http://127.0.0.1:${(nothing.address() as AddressInfo).port}/none`;
    const noFile = [{ httpUrl: url, filePath: 'none' }];
    const noContainer = [{ filePattern: '../std*.txt', destination: { container: { containerUrl: url } }, uploadOptions: { uploadCondition: 'taskcompletion' } }];
    const parents: readonly (readonly [id: string, task: Unnamed, isSatisfied: boolean])[] = [
      ['code', { commandLine: sh('exit 7'), exitConditions: { exitCodes: [{ code: 7, exitOptions: SATISFY }], exitCodeRanges: [{ start: 5, end: 9, exitOptions: BLOCK }], default: BLOCK } }, true],
      ['range', { commandLine: sh('exit 8'), exitConditions: { exitCodes: [{ code: 7, exitOptions: BLOCK }], exitCodeRanges: [{ start: 5, end: 9, exitOptions: SATISFY }], default: BLOCK } }, true],
      ['default', { commandLine: sh('exit 4'), exitConditions: { exitCodeRanges: [{ start: 5, end: 9, exitOptions: BLOCK }], default: SATISFY } }, true],
      ['nothing', { commandLine: sh('exit 4') }, false],
      ['zero', { commandLine: sh('exit 0'), exitConditions: { default: BLOCK } }, true],
      ['zero-named', { commandLine: sh('exit 0'), exitConditions: { exitCodes: [{ code: 0, exitOptions: BLOCK }] } }, false],
      ['before', { commandLine: sh('exit 0'), resourceFiles: noFile, exitConditions: { preProcessingError: SATISFY, default: BLOCK } }, true],
      ['before-default', { commandLine: sh('exit 0'), resourceFiles: noFile, exitConditions: { fileUploadError: BLOCK, default: SATISFY } }, true],
      ['upload', { commandLine: sh('exit 3'), outputFiles: noContainer, exitConditions: { fileUploadError: SATISFY, default: BLOCK } }, true],
      ['upload-code', { commandLine: sh('exit 3'), outputFiles: noContainer, exitConditions: { exitCodes: [{ code: 3, exitOptions: BLOCK }], fileUploadError: SATISFY } }, false],
    ];
    await addTasks('conditions', parents.map(([id, more]) => ({ id, ...more })));
    await addTasks('conditions', parents.map(([id]) => ({ id: `after-${id}`, commandLine: sh('exit 0'), dependsOn: { taskIds: [id] } })));
    await Promise.all(parents.map(([id]) => taskIn('conditions', id, 'completed')));
    await Promise.all(parents.flatMap(([id, , isSatisfied]) => (isSatisfied ? [taskIn('conditions', `after-${id}`, 'completed')] : [])));
    const waiting = (await client.call('GET', "/jobs/conditions/tasks?$filter=state eq 'active'&$select=id")) as { value: readonly { id: string }[] };
    expect(waiting.value.map(({ id }) => id)).toEqual(parents.flatMap(([id, , isSatisfied]) => (isSatisfied ? [] : [`after-${id}`])).toSorted());
    const failure = (name: string): Promise<string | undefined> => task('conditions', name).then(({ executionInfo }) => executionInfo.failureInfo?.code);
    expect(await Promise.all(['zero', 'code', 'before', 'upload'].map(failure))).toEqual([undefined, 'FailureExitCode', expect.stringMatching(/^(Resource|Blob)/), expect.stringMatching(/^FileUpload/)]);
    await remove('conditions');
  });

  test.each([
    ['terminates the job, with its reason', 'exit 2', { exitCodes: [{ code: 2, exitOptions: { jobAction: 'terminate' } }] }, 'completed', 'TaskFailed'],
    ['terminates it where nothing is said of the code', 'exit 2', undefined, 'completed', 'TaskFailed'],
    ['disables it', 'exit 2', { exitCodeRanges: [{ start: 1, end: 9, exitOptions: { jobAction: 'disable' } }] }, 'disabled', undefined],
    ['leaves it', 'exit 2', { default: { jobAction: 'none' } }, 'active', undefined],
    ['leaves it at exit code 0', 'exit 0', { default: { jobAction: 'terminate' } }, 'active', undefined],
  ])('as jobAction a task that ends so %s', async (what, script, exitConditions, state, reason) => {
    const id = `action-${what.replaceAll(/\W+/g, '-')}`;
    await addJob(id, { onTaskFailure: 'performexitoptionsjobaction' });
    await addTasks(id, [{ id: 'other', commandLine: LASTING }]);
    await taskIn(id, 'other', 'running');
    await addTasks(id, [{ id: 't', commandLine: sh(script), ...(exitConditions === undefined ? {} : { exitConditions }) }]);
    await taskIn(id, 't', 'completed');
    expect((await jobIn(id, state)).executionInfo.terminateReason).toBe(reason);
    const other = await task(id, 'other');
    expect([other.state, other.executionInfo.requeueCount]).toEqual(state === 'completed' ? ['completed', 0] : state === 'disabled' ? ['active', 1] : ['running', 0]);
    await remove(id);
  });

  test('name no job action where the job has none', async () => {
    await addJob('no-action');
    const refused = client.call('POST', '/jobs/no-action/tasks', { id: 't', commandLine: 'true', exitConditions: { default: { jobAction: 'terminate' } } });
    await expect(refused).rejects.toThrow(/400.*InvalidPropertyValue.*jobAction.*terminate/s);
    await remove('no-action');
  });
});

describe('a job whose tasks are all completed', () => {
  test.each([
    ['PATCH', (id: string) => client.call('PATCH', `/jobs/${id}`, { onAllTasksComplete: 'terminatejob' })],
    ['PUT', (id: string) => client.call('PUT', `/jobs/${id}`, { poolInfo: { poolId: 'p' }, onAllTasksComplete: 'terminatejob' })],
  ])('ends when it is told to by %s, once they are', async (method, ask) => {
    const id = `complete-${method}`;
    await addJob(id);
    await addTasks(id, [{ id: 't', commandLine: LASTING }]);
    await taskIn(id, 't', 'running');
    await ask(id);
    expect((await job(id)).state).toBe('active');
    await client.call('POST', `/jobs/${id}/tasks/t/terminate`);
    expect((await jobIn(id, 'completed')).executionInfo).toMatchObject({ terminateReason: 'AllTasksComplete', endTime: expect.any(String) });
    await remove(id);
  });

  test('ends at once where it has none, and where they were when it is told to', async () => {
    await addJob('empty', { onAllTasksComplete: 'terminatejob' });
    expect((await jobIn('empty', 'completed')).executionInfo.terminateReason).toBe('AllTasksComplete');
    await addJob('later');
    await addTasks('later', [{ id: 't', commandLine: sh('exit 1') }]);
    await taskIn('later', 't', 'completed');
    await client.call('PATCH', '/jobs/later', { onAllTasksComplete: 'terminatejob' });
    expect((await jobIn('later', 'completed')).executionInfo.terminateReason).toBe('AllTasksComplete');
    await Promise.all(['empty', 'later'].map(remove));
  });
});

describe('what ends a job', () => {
  test('stands in its reason: the client, in its own words, its time, its manager', async () => {
    await Promise.all([addJob('client'), addJob('words'), addJob('time', { constraints: { maxWallClockTime: 'PT1S' } }), addJob('manager', { jobManagerTask: { id: 'm', commandLine: sh('exit 1') } })]);
    await client.call('POST', '/jobs/client/terminate');
    await client.call('POST', '/jobs/words/terminate', { terminateReason: 'enough' });
    const reasons = await Promise.all(['client', 'words', 'time', 'manager'].map(async (id) => (await jobIn(id, 'completed')).executionInfo.terminateReason));
    expect(reasons).toEqual(['UserTerminate', 'enough', 'MaxWallClockTimeExpiry', 'JMComplete']);
    await Promise.all(['client', 'words', 'time', 'manager'].map(remove));
  });

  test('ends what runs of it; what waits stays active', async () => {
    await addJob('ended', { maxParallelTasks: 1 });
    await addTasks('ended', ['a', 'b'].map((id) => ({ id, commandLine: LASTING })));
    await taskIn('ended', 'a', 'running');
    await client.call('POST', '/jobs/ended/terminate');
    await jobIn('ended', 'completed');
    expect(await task('ended', 'a')).toMatchObject({ state: 'completed', executionInfo: { result: 'failure', failureInfo: { code: 'TaskEnded' } } });
    expect((await task('ended', 'b')).state).toBe('active');
    await remove('ended');
  });
});

test('tasks take over the retries of their job, and their own go before', async () => {
  await addJob('retries', { constraints: { maxTaskRetryCount: 2 } });
  await addTasks('retries', [{ id: 'inherits', commandLine: sh('exit 1') }, { id: 'own', commandLine: sh('exit 1'), constraints: { maxTaskRetryCount: 0 } }]);
  const [inherits, own] = await Promise.all(['inherits', 'own'].map((id) => taskIn('retries', id, 'completed')));
  expect(inherits).toMatchObject({ constraints: { maxTaskRetryCount: 2 }, executionInfo: { retryCount: 2, exitCode: 1 } });
  expect(own).toMatchObject({ constraints: { maxTaskRetryCount: 0 }, executionInfo: { retryCount: 0 } });
  await remove('retries');
});

describe('disabling a job', () => {
  test.each([
    ['requeue', 'active', 1],
    ['terminate', 'completed', 0],
  ])('with %s leaves its running task %s', async (disableTasks, state, requeueCount) => {
    const id = `disable-${disableTasks}`;
    await addJob(id);
    await addTasks(id, [{ id: 't', commandLine: LASTING }]);
    await taskIn(id, 't', 'running');
    await client.call('POST', `/jobs/${id}/disable`, { disableTasks });
    await jobIn(id, 'disabled');
    expect(await task(id, 't')).toMatchObject({ state, executionInfo: { requeueCount, retryCount: 0 } });
    if (state === 'active') {
      await client.call('POST', `/jobs/${id}/enable`);
      await taskIn(id, 't', 'running');
    }
    await remove(id);
  });

  test('with wait waits for its running task, and begins no other', async () => {
    await addJob('disable-wait', { maxParallelTasks: 1 });
    await addTasks('disable-wait', ['a', 'b'].map((id) => ({ id, commandLine: LASTING })));
    await taskIn('disable-wait', 'a', 'running');
    await client.call('POST', '/jobs/disable-wait/disable', { disableTasks: 'wait' });
    expect([(await job('disable-wait')).state, (await task('disable-wait', 'a')).state]).toEqual(['disabling', 'running']);
    await client.call('POST', '/jobs/disable-wait/tasks/a/terminate');
    await jobIn('disable-wait', 'disabled');
    expect((await task('disable-wait', 'b')).state).toBe('active');
    await remove('disable-wait');
  });
});

describe('jobs that share a pool', () => {
  test('have running tasks make room for those of higher priority where they allow it: no more than needed, no retry counted', async () => {
    await addJob('low', { allowTaskPreemption: true });
    await addTasks('low', Array.from({ length: SLOTS }, (_, index) => ({ id: String(index), commandLine: LASTING })));
    await Promise.all(Array.from({ length: SLOTS }, (_, index) => taskIn('low', String(index), 'running')));
    await addJob('high', { priority: 10 });
    await addTasks('high', [{ id: 't', commandLine: LASTING }]);
    await taskIn('high', 't', 'running');
    const { value } = (await client.call('GET', '/jobs/low/tasks')) as { value: readonly SeenTask[] };
    expect(value.filter(({ state }) => state === 'running')).toHaveLength(SLOTS - 1);
    const [requeued, ...more] = value.filter(({ state }) => state === 'active');
    expect([more, requeued?.executionInfo]).toMatchObject([[], { requeueCount: 1, retryCount: 0 }]);
    await client.call('POST', '/jobs/high/tasks/t/terminate');
    expect((await taskIn('low', requeued?.id ?? '', 'running')).executionInfo.requeueCount).toBe(1);
    await Promise.all(['low', 'high'].map(remove));
  });

  test('keep their running tasks where they do not allow it', async () => {
    await addJob('firm');
    await addTasks('firm', Array.from({ length: SLOTS }, (_, index) => ({ id: String(index), commandLine: LASTING })));
    await Promise.all(Array.from({ length: SLOTS }, (_, index) => taskIn('firm', String(index), 'running')));
    await addJob('high', { priority: 10 });
    await addTasks('high', [{ id: 't', commandLine: LASTING }]);
    // A change of another job is answered when the owner has acted on all that came before it.
    await client.call('PATCH', '/jobs/firm', { priority: 1 });
    expect([(await task('high', 't')).state, ((await client.call('GET', '/jobs/firm/taskcounts')) as { taskCounts: { running: number } }).taskCounts.running]).toEqual(['active', SLOTS]);
    await Promise.all(['firm', 'high'].map(remove));
  });
});

describe('force', () => {
  test('ends a job without waiting for its nodes, and is taken for one that is ending', async () => {
    await addJob('forced', { jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: LASTING } });
    await addTasks('forced', [{ id: 't', commandLine: LASTING }]);
    await taskIn('forced', 't', 'running');
    await client.call('POST', '/jobs/forced/terminate');
    expect((await job('forced')).state).toBe('terminating');
    await expect(client.call('POST', '/jobs/forced/terminate')).rejects.toThrow(/409.*JobBeingTerminated/s);
    await client.call('POST', '/jobs/forced/terminate?force=true');
    expect((await jobIn('forced', 'completed')).executionInfo.terminateReason).toBe('UserTerminate');
    await client.call('DELETE', '/jobs/forced');
    await until('it is gone', LONGEST_MS, () => job('forced').then(() => undefined, (error: unknown) => (String(error).includes('404') ? true : undefined)));
  });

  test('deletes a job that waits for its release', async () => {
    await addJob('stuck', { jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: LASTING } });
    await addTasks('stuck', [{ id: 't', commandLine: 'true' }]);
    await taskIn('stuck', 't', 'completed');
    await client.call('DELETE', '/jobs/stuck');
    expect((await job('stuck')).state).toBe('deleting');
    await expect(client.call('DELETE', '/jobs/stuck')).rejects.toThrow(/409.*JobBeingDeleted/s);
    await client.call('DELETE', '/jobs/stuck?force=true');
    await until('it is gone', LONGEST_MS, () => job('stuck').then(() => undefined, (error: unknown) => (String(error).includes('404') ? true : undefined)));
  });
});
