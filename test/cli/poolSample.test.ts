import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, linarite, run, startLinarite, until, type Instance } from '../support/linarite.ts';

/** A pool of the service whose size is what a program says. */

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

let instance: Instance;
let batch: BatchServiceClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
});
afterAll(() => instance.purge());

function pool(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return linarite(['pool', ...args, '--data-dir', instance.dataDir]);
}
/** The pool has come to that size. */
async function reached(size: number): Promise<void> {
  await until(`${size} nodes`, 60_000, async () => {
    const { allocationState, targetDedicatedNodes, currentDedicatedNodes } = await batch.pool.get('p');
    return allocationState === 'steady' && targetDedicatedNodes === size && currentDedicatedNodes === size ? true : undefined;
  });
}

test('a pool follows what a program posts, which outlasts a restart', async () => {
  await batch.pool.add({ id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: IMAGE, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = min(3, ceil(max(0, $Own_queue.GetSample(1)) / 10));' });
  await reached(0);
  expect((await pool('sample', 'p', 'queue=17', 'rate=-0.5')).stdout).toBe('formulas of p read it as $Own_queue, $Own_rate\n');
  await pool('evaluate', 'p', '--apply');
  await reached(2);

  await linarite(['restart', '--data-dir', instance.dataDir]);
  expect((await pool('evaluate', 'p', '--apply')).stdout).toMatch(/^\$TargetDedicatedNodes=2$/m);
  await reached(2);
  expect((await pool('evaluate', 'p', '--formula', 'both = max($Own_queue, -1) + max($Own_rate, -1);')).stdout).toMatch(/^both=16\.5$/m);

  await pool('sample', 'p', 'queue=0');
  await pool('evaluate', 'p', '--apply');
  await reached(0);
}, 120_000);

test('what is no sample is refused by name', async () => {
  const refused = await run(LAUNCHER, ['pool', 'sample', 'p', '1st=5', '--data-dir', instance.dataDir]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('The value must be 1 to 64 letters, digits and _, a letter first.')]);
  expect((await run(LAUNCHER, ['pool', 'sample', 'p', 'queue', '--data-dir', instance.dataDir])).code).toBe(2);
});
