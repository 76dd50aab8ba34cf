import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

describe('job schedules, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({ id: 'pool', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
  });
  afterAll(() => instance.purge());

  /** The answer to its addition waits a second for the owner at most. */
  const madeFirst = (schedule: string) =>
    until(`the first job of ${schedule} is there`, 60_000, async () => {
      const seen = await client.jobSchedule.get(schedule);
      return seen.executionInfo?.recentJob === undefined ? undefined : seen;
    });
  const completedJob = (job: string) =>
    until(`${job} completes`, 60_000, async () => {
      const seen = await client.job.get(job);
      return seen.state === 'completed' ? seen : undefined;
    });

  test('one that recurs makes its first job at once, whose manager runs and ends it; the next is due an interval after the schedule was made', async () => {
    await client.jobSchedule.add({
      id: 'hourly',
      schedule: { recurrenceInterval: 'PT1H' },
      jobSpecification: {
        poolInfo: { poolId: 'pool' },
        commonEnvironmentSettings: [{ name: 'COMMON', value: 'common' }],
        jobPreparationTask: { commandLine: `/bin/sh -c 'echo prepared > made.txt'` },
        jobManagerTask: { id: 'manager', commandLine: `/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/made.txt; echo $COMMON $AZ_BATCH_JOB_ID $AZ_BATCH_TASK_DIR'` },
      },
    });
    const seen = await madeFirst('hourly');
    expect(seen.executionInfo?.recentJob).toMatchObject({ id: 'hourly:job-1' });
    expect(seen.executionInfo?.nextRunTime?.getTime()).toBe((seen.creationTime?.getTime() ?? 0) + 3_600_000);
    const job = await completedJob('hourly:job-1');
    expect(job.executionInfo).toMatchObject({ poolId: 'pool', terminateReason: 'JMComplete' });
    const task = await client.task.get('hourly:job-1', 'manager');
    expect([task.executionInfo?.result, task.nodeInfo?.taskRootDirectory]).toEqual(['success', 'workitems/hourly/job-1/manager']);
    const stdout = await text((await client.file.getFromTask('hourly:job-1', 'manager', 'stdout.txt')).readableStreamBody as NodeJS.ReadableStream);
    expect(stdout).toMatch(/^prepared\ncommon hourly:job-1 .*\/workitems\/hourly\/job-1\/manager\n$/);
    expect((await client.job.listFromJobSchedule('hourly')).map(({ id, state }) => [id, state])).toEqual([['hourly:job-1', 'completed']]);
    expect((await client.jobSchedule.get('hourly')).state).toBe('active');
  });

  test('one that does not recur is complete with its job, also if the service was restarted meanwhile', async () => {
    await client.jobSchedule.add({ id: 'once', schedule: {}, jobSpecification: { poolInfo: { poolId: 'pool' } } });
    await madeFirst('once');
    await client.task.add('once:job-1', { id: 't', commandLine: 'true' });
    expect((await linarite(['restart', '--data-dir', instance.dataDir])).code).toBe(0);
    await client.job.patch('once:job-1', { onAllTasksComplete: 'terminatejob' });
    expect((await completedJob('once:job-1')).executionInfo?.terminateReason).toBe('AllTasksComplete');
    const seen = await until('the schedule completes', 60_000, async () => {
      const schedule = await client.jobSchedule.get('once');
      return schedule.state === 'completed' ? schedule : undefined;
    });
    expect(seen.executionInfo?.endTime).toBeInstanceOf(Date);
    expect(await client.job.listFromJobSchedule('once')).toHaveLength(1);
    await expect(client.jobSchedule.terminate('once')).rejects.toMatchObject({ code: 'JobScheduleCompleted' });
  });

  test('one that is disabled and enabled, terminated and deleted does as it is told, its job with it', async () => {
    await client.jobSchedule.add({ id: 'ending', schedule: { recurrenceInterval: 'PT1M' }, jobSpecification: { poolInfo: { poolId: 'pool' } } });
    await madeFirst('ending');
    await client.task.add('ending:job-1', { id: 'long', commandLine: 'sleep 600' });
    await client.jobSchedule.disable('ending');
    await expect.poll(async () => (await client.jobSchedule.get('ending')).state, { timeout: 60_000 }).toBe('disabled');
    await client.jobSchedule.enable('ending');
    await client.jobSchedule.terminate('ending');
    expect((await completedJob('ending:job-1')).executionInfo?.terminateReason).toBe('TerminateJobSchedule');
    const listed = () => client.jobSchedule.list({ jobScheduleListOptions: { filter: "startswith(id,'end')" } });
    await expect.poll(async () => (await listed()).map(({ id, previousState }) => [id, previousState]), { timeout: 60_000 }).toEqual([['ending', 'terminating']]);
    expect((await client.jobSchedule.exists('ending')).body).toBe(true);
    await client.jobSchedule.deleteMethod('ending');
    await until('schedule and job are gone', 60_000, async () => {
      const gone = await Promise.all([client.jobSchedule.get('ending').then(() => false, ({ code }) => code === 'JobScheduleNotFound'), client.job.get('ending:job-1').then(() => false, ({ code }) => code === 'JobNotFound')]);
      return gone.every(Boolean) || undefined;
    });
    await client.jobSchedule.add({ id: 'ending', schedule: { doNotRunUntil: new Date(Date.now() + 3_600_000) }, jobSpecification: { poolInfo: { poolId: 'pool' } } });
    const again = await client.jobSchedule.get('ending');
    expect(again.executionInfo?.recentJob).toBeUndefined();
    expect(await client.job.listFromJobSchedule('ending')).toHaveLength(0);
  });

  test('one that has a pool made runs its jobs there, one after the other, also if the service was restarted meanwhile; the pool goes with the schedule', async () => {
    const pool = { vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 };
    const jobManagerTask = { id: 'manager', commandLine: 'true' };
    await client.jobSchedule.add({
      id: 'own',
      schedule: { recurrenceInterval: 'PT1M' },
      jobSpecification: { poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'jobschedule', autoPoolIdPrefix: 'own', keepAlive: false, pool } }, jobManagerTask },
    });
    const { poolInfo, executionInfo } = await completedJob('own:job-1');
    const made = executionInfo?.poolId ?? '';
    expect(made).toMatch(/^own_[\dA-F]{8}(-[\dA-F]{4}){3}-[\dA-F]{12}$/);
    expect(poolInfo?.autoPoolSpecification?.pool).toMatchObject({ targetDedicatedNodes: 1, taskSlotsPerNode: 1 });
    expect((await client.task.get('own:job-1', 'manager')).nodeInfo?.poolId).toBe(made);
    expect((await linarite(['restart', '--data-dir', instance.dataDir])).code).toBe(0);
    expect((await client.pool.get(made)).state).toBe('active');
    await client.jobSchedule.terminate('own');
    await until('the pool is gone with its schedule', 60_000, async () => ((await client.pool.exists(made)).body ? undefined : true));
    expect((await client.job.get('own:job-1')).executionInfo?.poolId).toBe(made);
  });
});
