import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, mustRun, run, startLinarite, until, type Instance } from '../support/linarite.ts';
import { realEngines, startRegistry, type Registry } from '../support/registry.ts';

/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const hasSdk = (await run(PYTHON, ['-c', 'import azure.batch']).catch(() => ({ code: 1 }))).code === 0;
const engines = await realEngines();
if (!hasSdk) console.warn('skipped: python3-azure is not installed');

const ACCOUNT = { username: 'alice', password: 'not-for-others' };
const IMAGE = { imageReference: { publisher: 'microsoft-azure-batch', offer: 'ubuntu-server-container', sku: '20-04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 20.04' };

describe.skipIf(engines.every(({ engine }) => engine === undefined))('pools with containers', () => {
  let instance: Instance;
  let registry: Registry;
  let client: BatchServiceClient;
  beforeAll(async () => {
    registry = await startRegistry(ACCOUNT);
    registry.add('samples/myimage', 'latest');
    registry.add('samples/greeter', '1', { files: { greet: '#!/bin/sh\necho greetings\n' }, entrypoint: ['/greet'] });
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
  });
  afterAll(async () => {
    await instance.purge();
    await registry.close();
  });

  test.skipIf(!hasSdk)("the published walk-through by Debian's python3-azure, unmodified", async () => {
    const env = { ...(await instance.env()), REGISTRY: registry.host, REGISTRY_USER: ACCOUNT.username, REGISTRY_PASSWORD: ACCOUNT.password };
    const { stdout } = await mustRun(PYTHON, [join(import.meta.dirname, 'containers.py')], { env, timeoutMs: 150_000 });
    expect(stdout.trim()).toBe('done');
  }, 160_000);

  const completed = (task: string) =>
    until(`${task} completes`, 60_000, async () => {
      const seen = await client.task.get('job', task);
      return seen.state === 'completed' ? seen : undefined;
    });

  test('every kind of task runs in a container, and no password is shown or kept where tasks or users of the machine can read it', async () => {
    const containerRegistries = [{ registryServer: registry.host, userName: ACCOUNT.username, password: ACCOUNT.password }];
    const containerSettings = { imageName: `${registry.host}/samples/myimage` };
    await client.pool.add({ id: 'pool', vmSize: 'standard_a1_v2', targetDedicatedNodes: 1, taskSlotsPerNode: 4, virtualMachineConfiguration: { ...IMAGE, containerConfiguration: { containerRegistries } } });
    // Debian's image of a node has no /bin/busybox.
    const inside = (words: string): string => `sh -c '[ -e /bin/busybox ] || exit 9; ${words}'`;
    await client.job.add({
      id: 'job',
      poolInfo: { poolId: 'pool' },
      jobPreparationTask: { commandLine: inside('echo prepared > prepared'), containerSettings },
      jobReleaseTask: { commandLine: inside('cat $AZ_BATCH_JOB_PREP_WORKING_DIR/prepared'), containerSettings },
      jobManagerTask: { id: 'manager', commandLine: inside('cat $AZ_BATCH_JOB_PREP_WORKING_DIR/prepared; env'), containerSettings: { ...containerSettings, registry: containerRegistries[0] ?? {} }, killJobOnCompletion: false },
    });
    const manager = await completed('manager');
    expect(manager.executionInfo).toMatchObject({ exitCode: 0, result: 'success', containerInfo: { state: 'exited' } });
    const shown = JSON.stringify([await client.pool.get('pool'), await client.job.get('job'), manager]);
    expect(shown).toContain(ACCOUNT.username);
    expect(shown).not.toContain(ACCOUNT.password);
    await client.job.terminate('job');
    const release = await until('the release ran', 60_000, async () => {
      const [seen] = await client.job.listPreparationAndReleaseTaskStatus('job');
      return seen?.jobReleaseTaskExecutionInfo?.state === 'completed' ? seen : undefined;
    });
    expect(release).toMatchObject({ jobPreparationTaskExecutionInfo: { exitCode: 0, containerInfo: { state: 'exited' } }, jobReleaseTaskExecutionInfo: { exitCode: 0, containerInfo: { state: 'exited' } } });
    const secrets = `${ACCOUNT.password}|${Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64')}`;
    // The specification stands in the database; nowhere else.
    const files = await run('grep', ['-rlE', '--exclude-dir=database', secrets, instance.dataDir]);
    expect(files.stdout).toBe('');
  }, 150_000);

  test('an image that is not there makes the nodes unusable, and they say which', async () => {
    await client.pool.add({ id: 'broken', vmSize: 'standard_a1_v2', targetDedicatedNodes: 1, virtualMachineConfiguration: { ...IMAGE, containerConfiguration: { containerImageNames: [`${registry.host}/samples/none:1`] } } });
    const node = await until('the node is unusable', 60_000, async () => {
      const [seen] = await client.computeNode.list('broken');
      return seen?.state === 'unusable' ? seen : undefined;
    });
    expect(node.errors).toMatchObject([{ code: 'ContainerInvalidImage', message: 'One or more container images specified are invalid', errorDetails: [{ name: 'ContainerImage', value: `${registry.host}/samples/none:1` }, { name: 'Message' }] }]);
  });

  test('status says what runs containers', async () => {
    const status = await until('the engine was tried', 60_000, async () => {
      const seen: unknown = JSON.parse((await linarite(['status', '--json', '--data-dir', instance.dataDir])).stdout);
      return typeof seen === 'object' && seen !== null && 'containers' in seen ? seen.containers : undefined;
    });
    expect(status).toMatch(/^(?:podman|docker) \d/);
    expect(execFileSync('find', [instance.dataDir, '-name', 'trash-engine-*'], { encoding: 'utf8' })).toBe('');
  });
});
