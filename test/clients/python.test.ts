import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, mustRun, run, startLinarite, until, type Instance } from '../support/linarite.ts';

/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const present = (await run(PYTHON, ['-c', 'import azure.batch']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: python3-azure is not installed');

describe.skipIf(!present)("Debian's python3-azure, unmodified", () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startLinarite();
  });
  afterAll(() => instance.purge());

  test('pool, job, 100 tasks, wait, read stdout, pages, ranges, ETags, a collection too large for one request, delete', async () => {
    const env = { ...(await instance.env()) };
    const { stdout } = await mustRun(PYTHON, [join(import.meta.dirname, 'flow.py')], { env, timeoutMs: 120_000 });
    expect(stdout.trim()).toBe('done');
  }, 130_000);

  test('hello world on a pool that is made for its job, and goes with it', async () => {
    const { stdout } = await mustRun(PYTHON, [join(import.meta.dirname, 'autoPool.py')], { env: { ...(await instance.env()) }, timeoutMs: 120_000 });
    expect(stdout.trim()).toBe('done');
  }, 130_000);

  test('an account with pools and an application from its creation to its deletion, by azure-mgmt-batch', async () => {
    const { stdout: printed } = await linarite(['env', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
    const env = JSON.parse(printed) as NodeJS.ProcessEnv;
    const { stdout } = await mustRun(PYTHON, [join(import.meta.dirname, 'management.py')], { env: { ...env, REQUESTS_CA_BUNDLE: env['LINARITE_CA_FILE'] }, timeoutMs: 60_000 });
    expect(stdout.trim()).toBe('done');
  });

  test('a job manager with a token of its job adds tasks, waits for them, and adds more by what they found', async () => {
    const env = await instance.env();
    const client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    const imageReference = { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' };
    await client.pool.add({ id: 'growing', vmSize: 'standard_d1_v2', targetDedicatedNodes: 1, taskSlotsPerNode: 4, virtualMachineConfiguration: { imageReference, nodeAgentSKUId: 'batch.node.ubuntu 22.04' } });
    // The program travels in the command line: no user of a node can read the sources.
    const program = readFileSync(join(import.meta.dirname, 'growingJob.py')).toString('base64');
    const commandLine = `${PYTHON} -c "import base64; exec(base64.b64decode('${program}'))"`;
    const jobManagerTask = { id: 'grower', commandLine, runExclusive: false, authenticationTokenSettings: { access: ['job' as const] } };
    await client.job.add({ id: 'growing', poolInfo: { poolId: 'growing' }, jobManagerTask });
    const grower = await until('the task that grows its job completes', 90_000, async () => {
      const seen = await client.task.get('growing', 'grower');
      return seen.state === 'completed' ? seen : undefined;
    });
    const job = await client.job.get('growing');
    expect([job.state, job.executionInfo?.terminateReason]).toEqual(['completed', 'JMComplete']);
    const fileOf = async (path: string) => text((await client.file.getFromTask('growing', 'grower', path)).readableStreamBody as NodeJS.ReadableStream);
    expect([grower.executionInfo?.result, await fileOf('stdout.txt'), await fileOf('stderr.txt')]).toEqual(['success', 'grown\n', '']);
  }, 130_000);
});
