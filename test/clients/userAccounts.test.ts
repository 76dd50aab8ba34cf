import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, pathsBelow } from '../support/files.ts';
import { startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const PASSWORD = 'correct-horse-battery';
const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log('skipped: user accounts of pools as users of their own, which need root');

describe('user accounts of a pool, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({
      id: 'pool',
      vmSize: 'standard_a1_v2',
      virtualMachineConfiguration: IMAGE,
      targetDedicatedNodes: 1,
      userAccounts: [
        { name: 'plain', password: PASSWORD },
        { name: 'given', password: PASSWORD, elevationLevel: 'nonadmin', linuxUserConfiguration: { uid: 23_456, gid: 34_567 } },
        { name: 'boss', password: PASSWORD, elevationLevel: 'admin' },
      ],
      startTask: { commandLine: `/bin/sh -c '${WHO}'`, userIdentity: { userName: 'given' }, waitForSuccess: true },
    });
  });
  afterAll(() => instance.purge());

  const WHO = 'echo $USER $(id -u)';
  const text = async (node: string, path: string): Promise<string> => {
    const { readableStreamBody } = await client.file.getFromComputeNode('pool', node, path);
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString().trim();
  };
  const completed = (job: string, task: string) =>
    until(`${task} completes`, 60_000, async () => {
      const seen = await client.task.get(job, task);
      return seen.state === 'completed' ? seen : undefined;
    });

  test('run the start task, a job’s preparation, manager and release, and tasks; where there is no such user, the task says so', async () => {
    await client.job.add({
      id: 'job',
      poolInfo: { poolId: 'pool' },
      jobPreparationTask: { commandLine: `/bin/sh -c '${WHO}'`, userIdentity: { userName: 'plain' } },
      jobManagerTask: { id: 'manager', commandLine: `/bin/sh -c '${WHO}'`, userIdentity: { userName: 'boss' }, killJobOnCompletion: false },
      jobReleaseTask: { commandLine: `/bin/sh -c '${WHO}'`, userIdentity: { userName: 'given' } },
    });
    await client.task.addCollection('job', [
      { id: 'plain', commandLine: `/bin/sh -c '${WHO}; echo kept > kept'`, userIdentity: { userName: 'plain' } },
      { id: 'stranger', commandLine: '/bin/true', userIdentity: { userName: 'stranger' } },
    ]);
    expect(await client.task.get('job', 'plain')).toMatchObject({ userIdentity: { userName: 'plain' } });
    const plain = await completed('job', 'plain');
    expect(plain.executionInfo).toMatchObject({ exitCode: 0, result: 'success' });
    const stranger = await completed('job', 'stranger');
    expect(stranger.executionInfo).toMatchObject({ result: 'failure', failureInfo: { category: 'UserError', code: 'CommandLaunchFailed', details: [{ name: 'Message', value: expect.stringContaining('stranger') }] } });
    expect(stranger.executionInfo?.exitCode).toBeUndefined();
    await completed('job', 'manager');
    await client.job.terminate('job');
    await until('the job ends', 60_000, async () => ((await client.job.get('job')).state === 'completed' ? true : undefined));
    const node = plain.nodeInfo?.nodeId ?? '';
    const said = async (task: string): Promise<string> => text(node, `workitems/job/job-1/${task}/stdout.txt`);
    expect(await text(node, 'startup/stdout.txt')).toMatch(isRoot ? /^given 23456$/ : /^given \d+$/);
    expect([await said('jobpreparation'), await said('plain'), await said('manager'), await said('jobrelease')]).toEqual([
      expect.stringMatching(/^plain \d+$/),
      expect.stringMatching(/^plain \d+$/),
      expect.stringMatching(isRoot ? /^boss 0$/ : /^boss \d+$/),
      expect.stringMatching(isRoot ? /^given 23456$/ : /^given \d+$/),
    ]);
  });

  test.runIf(isRoot)('leave their passwords in no file of the service, and in no log', () => {
    const paths = pathsBelow(instance.dataDir);
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => contentOf(path).includes(PASSWORD))).toEqual([]);
  });
});
