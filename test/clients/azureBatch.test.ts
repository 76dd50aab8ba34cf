import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

describe('@azure/batch, unmodified', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
  });
  afterAll(() => instance.purge());

  test('/bin/true ends completed and durable', async () => {
    await client.pool.add({ id: 'one', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 });
    await client.job.add({ id: 'one', poolInfo: { poolId: 'one' } });
    await client.task.add('one', { id: 'true', commandLine: '/bin/true' });
    const task = await until('the task completes', 60_000, async () => {
      const seen = await client.task.get('one', 'true');
      return seen.state === 'completed' ? seen : undefined;
    });
    expect(task.executionInfo).toMatchObject({ exitCode: 0, result: 'success', retryCount: 0, requeueCount: 0 });
    expect(task.nodeInfo?.poolId).toBe('one');
  });

  test('a running task that is terminated ends, and can be made active again', async () => {
    await client.job.add({ id: 'ended', poolInfo: { poolId: 'one' } });
    await client.task.add('ended', { id: 'sleeps', commandLine: 'sleep 600' });
    const running = await until('the task runs', 60_000, async () => {
      const seen = await client.task.get('ended', 'sleeps');
      return seen.state === 'running' ? seen : undefined;
    });
    await client.task.terminate('ended', 'sleeps');
    // The answer waits a second for its end at most.
    const ended = await until('the task has ended', 60_000, async () => {
      const seen = await client.task.get('ended', 'sleeps');
      return seen.state === 'completed' ? seen : undefined;
    });
    expect(ended.executionInfo?.result).toBe('failure');
    expect(ended.eTag).not.toBe(running.eTag);
    await client.task.reactivate('ended', 'sleeps');
    await client.job.deleteMethod('ended');
  });

  test('what keeps tasks that wait can be asked for', async () => {
    const explained = async (...names: string[]): Promise<string> => (await linarite(['explain', ...names, '--data-dir', instance.dataDir])).stdout;
    await client.job.add({ id: 'lost', poolInfo: { poolId: 'nowhere' } });
    await client.task.add('lost', { id: 't', commandLine: 'true' });
    await client.job.add({ id: 'wide', poolInfo: { poolId: 'one' }, usesTaskDependencies: true });
    await client.task.add('wide', { id: 'slots', commandLine: 'true', requiredSlots: 5 });
    await client.task.add('wide', { id: 'child', commandLine: 'true', dependsOn: { taskIds: ['absent'] } });
    for (const names of [['lost', 't'], ['wide', 'slots'], ['wide', 'child']]) await until(`${names.join('/')} is taken in`, 60_000, async () => ((await explained(...names)).includes('about to be taken in') ? undefined : true));
    expect(await explained('lost', 't')).toContain('There is no pool nowhere.');
    expect(await explained('wide', 'slots')).toContain('The task needs 5 slots on one node');
    expect(await explained('wide', 'child')).toContain('absent');
    expect(await explained('wide')).toContain('2 tasks that have not ended');
    const { code, stderr } = await run(LAUNCHER, ['explain', 'none', '--data-dir', instance.dataDir]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('JobNotFound')]);
    await client.job.deleteMethod('lost');
    await client.job.deleteMethod('wide');
  });

  test('pool, job, 100 tasks, wait, read stdout, delete', async () => {
    await client.pool.add({ id: 'flow', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 2, taskSlotsPerNode: 4 });
    await client.job.add({ id: 'flow', poolInfo: { poolId: 'flow' } });
    const tasks = Array.from({ length: 100 }, (_, index) => ({ id: `t${index}`, commandLine: `/bin/sh -c 'echo task ${index} on $AZ_BATCH_NODE_ID'` }));
    const added = await client.task.addCollection('flow', tasks);
    expect(added.value?.map(({ status }) => status.toLowerCase())).toEqual(tasks.map(() => 'success'));
    const counts = await until('all are completed', 60_000, async () => {
      const seen = await client.job.getTaskCounts('flow');
      return seen.taskCounts.completed === 100 ? seen : undefined;
    });
    expect(counts.taskCounts).toMatchObject({ active: 0, running: 0, succeeded: 100, failed: 0 });
    const listed = await client.task.list('flow', { taskListOptions: { filter: "state eq 'completed'", select: 'id,executionInfo' } });
    expect(listed).toHaveLength(100);
    const { readableStreamBody } = await client.file.getFromTask('flow', 't42', 'stdout.txt');
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString()).toMatch(/^task 42 on tvmps_[0-9a-f]+_d\n$/);
    await client.task.deleteMethod('flow', 't42');
    await expect(client.task.get('flow', 't42')).rejects.toMatchObject({ code: 'TaskNotFound' });
    await client.job.deleteMethod('flow');
    await client.pool.deleteMethod('flow');
    await until('job and pool are gone', 60_000, async () => {
      const gone = async (asked: Promise<unknown>): Promise<boolean> => asked.then(() => false, (error: { statusCode?: number }) => error.statusCode === 404);
      return (await gone(client.job.get('flow'))) && (await gone(client.pool.get('flow'))) ? true : undefined;
    });
  });
});
