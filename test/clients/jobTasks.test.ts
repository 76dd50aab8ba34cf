import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

describe('job preparation and release, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({ id: 'pool', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
  });
  afterAll(() => instance.purge());

  const text = (node: string, path: string): Promise<string> => file('pool', node, path);
  const file = async (pool: string, node: string, path: string): Promise<string> => {
    const { readableStreamBody } = await client.file.getFromComputeNode(pool, node, path);
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };
  const completed = (job: string, task: string) =>
    until(`${task} completes`, 60_000, async () => {
      const seen = await client.task.get(job, task);
      return seen.state === 'completed' ? seen : undefined;
    });
  const completedJob = (job: string) =>
    until(`${job} completes`, 60_000, async () => {
      const seen = await client.job.get(job);
      return seen.state === 'completed' ? seen : undefined;
    });

  test('a node is prepared once, what that left is there for the tasks, and it is released before the job is completed', async () => {
    await client.job.add({
      id: 'whole',
      poolInfo: { poolId: 'pool' },
      commonEnvironmentSettings: [{ name: 'COMMON', value: 'common' }],
      jobPreparationTask: {
        commandLine: `/bin/sh -c 'echo $COMMON $OWN $AZ_BATCH_TASK_ID $AZ_BATCH_JOB_PREP_DIR; echo prepared >> prepared.txt; echo problem >&2'`,
        environmentSettings: [{ name: 'OWN', value: 'own' }],
        userIdentity: { autoUser: { elevationLevel: 'admin' } },
      },
      jobReleaseTask: { id: 'clean', commandLine: `/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/prepared.txt; exit 3'` },
    });
    expect(await client.job.get('whole')).toMatchObject({
      jobPreparationTask: { id: 'jobpreparation', waitForSuccess: true, rerunOnNodeRebootAfterSuccess: true, constraints: { maxTaskRetryCount: 0, retentionTime: 'P7D' } },
      jobReleaseTask: { id: 'clean', maxWallClockTime: 'PT15M', retentionTime: 'P7D', userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'nonadmin' } } },
    });
    expect(await client.job.listPreparationAndReleaseTaskStatus('whole')).toHaveLength(0);
    await client.task.addCollection('whole', ['a', 'b', 'c'].map((id) => ({ id, commandLine: `/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/prepared.txt'` })));
    const [task] = await Promise.all(['a', 'b', 'c'].map((id) => completed('whole', id)));
    expect(task?.executionInfo).toMatchObject({ exitCode: 0, result: 'success', retryCount: 0 });
    const node = task?.nodeInfo?.nodeId ?? '';
    expect(await text(node, 'workitems/whole/job-1/a/stdout.txt')).toBe('prepared\n');
    expect(await text(node, 'workitems/whole/job-1/jobpreparation/stdout.txt')).toBe('common own jobpreparation\n');
    expect(await text(node, 'workitems/whole/job-1/jobpreparation/stderr.txt')).toBe('problem\n');
    const [running] = await client.job.listPreparationAndReleaseTaskStatus('whole');
    expect(running).toMatchObject({
      poolId: 'pool',
      nodeId: node,
      jobPreparationTaskExecutionInfo: { state: 'completed', exitCode: 0, result: 'success', retryCount: 0, taskRootDirectory: 'workitems/whole/job-1/jobpreparation' },
    });
    expect(running?.jobReleaseTaskExecutionInfo).toBeUndefined();
    await client.job.terminate('whole', { terminateReason: 'enough' });
    expect(await completedJob('whole')).toMatchObject({ executionInfo: { terminateReason: 'enough' } });
    const released = await client.job.listPreparationAndReleaseTaskStatus('whole', {
      jobListPreparationAndReleaseTaskStatusOptions: { filter: "jobReleaseTaskExecutionInfo/result eq 'failure'", select: 'nodeId,jobReleaseTaskExecutionInfo' },
    });
    expect(released).toHaveLength(1);
    expect(released[0]).toMatchObject({ nodeId: node, jobReleaseTaskExecutionInfo: { state: 'completed', exitCode: 3, failureInfo: { code: 'FailureExitCode' } } });
    expect(released[0]?.poolId).toBeUndefined();
    expect(await text(node, 'workitems/whole/job-1/clean/stdout.txt')).toBe('prepared\n');
    const none = { jobListPreparationAndReleaseTaskStatusOptions: { filter: "jobReleaseTaskExecutionInfo/result eq 'success'" } };
    expect(await client.job.listPreparationAndReleaseTaskStatus('whole', none)).toHaveLength(0);
    await client.job.deleteMethod('whole');
  });

  test('a preparation that fails is retried, keeps its tasks away, and explain says so; the job ends without a release', async () => {
    await client.job.add({
      id: 'failing',
      poolInfo: { poolId: 'pool' },
      jobPreparationTask: { commandLine: `/bin/sh -c 'echo try >> $AZ_BATCH_NODE_SHARED_DIR/tries; exit 7'`, constraints: { maxTaskRetryCount: 1 } },
      jobReleaseTask: { commandLine: 'true' },
    });
    await client.task.add('failing', { id: 'waits', commandLine: 'true' });
    const failed = await until('the preparation fails', 60_000, async () => {
      const [seen] = await client.job.listPreparationAndReleaseTaskStatus('failing');
      return seen?.jobPreparationTaskExecutionInfo?.state === 'completed' ? seen : undefined;
    });
    expect(failed.jobPreparationTaskExecutionInfo).toMatchObject({ exitCode: 7, result: 'failure', retryCount: 1, failureInfo: { category: 'UserError', code: 'FailureExitCode' } });
    expect(await text(failed.nodeId ?? '', 'shared/tries')).toBe('try\ntry\n');
    const explained = await until('the task is back', 60_000, async () => {
      const { stdout } = await linarite(['explain', 'failing', 'waits', '--data-dir', instance.dataDir]);
      return stdout.includes('job preparation task has failed') ? stdout : undefined;
    });
    expect(explained).toContain('with exit code 7');
    expect((await client.task.get('failing', 'waits')).state).toBe('active');
    await client.job.add({ id: 'other', poolInfo: { poolId: 'pool' } });
    await client.task.add('other', { id: 't', commandLine: 'true' });
    await completed('other', 't');
    await client.job.terminate('failing');
    await completedJob('failing');
    expect((await client.job.listPreparationAndReleaseTaskStatus('failing'))[0]?.jobReleaseTaskExecutionInfo).toBeUndefined();
  });

  test('a job that ends by itself is completed after its release', async () => {
    const own = { jobPreparationTask: { commandLine: 'true', waitForSuccess: false }, jobReleaseTask: { commandLine: `/bin/sh -c 'exit 0'` } };
    await client.job.add({ id: 'itself', poolInfo: { poolId: 'pool' }, ...own });
    await client.task.add('itself', { id: 't', commandLine: 'true' });
    await client.job.patch('itself', { onAllTasksComplete: 'terminatejob' });
    await completedJob('itself');
    const [seen] = await client.job.listPreparationAndReleaseTaskStatus('itself');
    expect(seen?.jobReleaseTaskExecutionInfo).toMatchObject({ state: 'completed', exitCode: 0, result: 'success' });
  });

  test('each node is prepared for itself; one that is rebooted is prepared again, if its job says so', async () => {
    await client.pool.add({ id: 'two', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 2 });
    const idle = (id: string, bootedAfter = new Date(0)) =>
      until(`node ${id} is idle`, 60_000, async () => {
        const seen = await client.computeNode.get('two', id);
        return seen.state === 'idle' && seen.lastBootTime !== undefined && seen.lastBootTime > bootedAfter ? seen : undefined;
      });
    const ids = await until('both nodes are there', 60_000, async () => {
      const seen = await client.computeNode.list('two');
      return seen.length === 2 ? seen.map(({ id }) => id ?? '').toSorted() : undefined;
    });
    const [rebooted, kept] = await Promise.all(ids.map((id) => idle(id)));
    if (rebooted?.id === undefined || kept?.id === undefined) throw new Error('there are no two nodes');
    const jobs = { again: true, once: false };
    for (const [id, rerunOnNodeRebootAfterSuccess] of Object.entries(jobs)) {
      await client.job.add({
        id,
        poolInfo: { poolId: 'two' },
        jobPreparationTask: { commandLine: `/bin/sh -c 'echo prepared >> $AZ_BATCH_NODE_SHARED_DIR/${id}'`, rerunOnNodeRebootAfterSuccess },
        jobReleaseTask: { commandLine: `/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/${id}'` },
      });
    }
    let tasks = 0;
    /** A task may run elsewhere than it would like to. */
    const runsOn = (job: string, node: string) =>
      until(`a task of ${job} runs on ${node}`, 60_000, async () => {
        const id = `t${(tasks += 1)}`;
        await client.task.add(job, { id, commandLine: 'true', affinityInfo: { affinityId: `TVM:${node}` } });
        const { nodeInfo } = await completed(job, id);
        return nodeInfo?.nodeId === node ? true : undefined;
      });
    const prepared = async (job: string, node: string): Promise<number> => (await file('two', node, `shared/${job}`)).split('\n').length - 1;
    const seen = async () => Object.fromEntries(await Promise.all(Object.keys(jobs).map(async (job) => [job, [await prepared(job, rebooted.id ?? ''), await prepared(job, kept.id ?? '')]] as const)));
    for (const job of Object.keys(jobs)) for (const node of ids) await runsOn(job, node);
    expect(await seen()).toEqual({ again: [1, 1], once: [1, 1] });

    await client.computeNode.reboot('two', rebooted.id);
    await idle(rebooted.id, rebooted.lastBootTime);
    for (const job of Object.keys(jobs)) for (const node of ids) await runsOn(job, node);
    expect(await seen()).toEqual({ again: [2, 1], once: [1, 1] });

    for (const job of Object.keys(jobs)) {
      await client.job.terminate(job);
      await completedJob(job);
      const rows = await client.job.listPreparationAndReleaseTaskStatus(job);
      expect(rows.map(({ nodeId }) => nodeId).toSorted()).toEqual(ids);
      for (const { jobPreparationTaskExecutionInfo, jobReleaseTaskExecutionInfo } of rows) expect([jobPreparationTaskExecutionInfo, jobReleaseTaskExecutionInfo]).toMatchObject([{ state: 'completed', result: 'success' }, { state: 'completed', result: 'success' }]);
    }
  }, 240_000);

  const asJob = (own: object) => () => client.job.add({ id: 'refused', poolInfo: { poolId: 'pool' }, ...own });
  test.each([
    ['no command line', { jobPreparationTask: {} }, undefined],
    ['an empty command line', { jobPreparationTask: { commandLine: '' } }, 'InvalidPropertyValue'],
    ['a release without a preparation', { jobReleaseTask: { commandLine: 'true' } }, 'InvalidPropertyValue'],
    ['a release that may take longer than 15 minutes', { jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: 'true', maxWallClockTime: 'PT16M' } }, 'InvalidPropertyValue'],
    ['one id for both', { jobPreparationTask: { id: 'x', commandLine: 'true' }, jobReleaseTask: { id: 'X', commandLine: 'true' } }, 'InvalidPropertyValue'],
  ])('%s is refused', async (_, own, code) => {
    await expect(asJob(own)()).rejects.toMatchObject(code === undefined ? { message: expect.stringContaining('commandLine') } : { code });
  });

  test('a task with the id of one of them is refused, and so is the list of a job that has neither', async () => {
    await client.job.add({ id: 'named', poolInfo: { poolId: 'pool' }, jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: 'true' } });
    await expect(client.task.add('named', { id: 'JobPreparation', commandLine: 'true' })).rejects.toMatchObject({ code: 'TaskIdSameAsJobPreparationTask' });
    await expect(client.task.add('named', { id: 'jobrelease', commandLine: 'true' })).rejects.toMatchObject({ code: 'TaskIdSameAsJobReleaseTask' });
    await client.job.add({ id: 'plain', poolInfo: { poolId: 'pool' } });
    await expect(client.job.listPreparationAndReleaseTaskStatus('plain')).rejects.toMatchObject({ code: 'JobPreparationTaskOrReleaseTaskNotSpecified' });
  });
});
