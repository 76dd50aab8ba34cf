import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CERTIFICATE } from '../support/certificates.ts';
import { startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const { thumbprint } = CERTIFICATE;

let instance: Instance;
let client: BatchServiceClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
});
afterAll(() => instance.purge());

async function text(node: string, path: string): Promise<string> {
  const { readableStreamBody } = await client.file.getFromComputeNode('pool', node, path);
  const chunks: Buffer[] = [];
  for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString().trim();
}

test('a certificate that a pool names lies where its tasks look for it, with the password that opens it', async () => {
  await client.certificate.add({ thumbprint, thumbprintAlgorithm: 'sha1', data: CERTIFICATE.pfx, certificateFormat: 'pfx', password: 'secret' });
  expect(await client.certificate.get('sha1', thumbprint)).toMatchObject({ thumbprint, state: 'active', publicData: CERTIFICATE.cer });
  await client.pool.add({
    id: 'pool',
    vmSize: 'standard_a1_v2',
    virtualMachineConfiguration: IMAGE,
    targetDedicatedNodes: 1,
    certificateReferences: [{ thumbprint, thumbprintAlgorithm: 'sha1', visibility: ['task'] }],
    startTask: { commandLine: `/bin/sh -c 'ls $AZ_BATCH_CERTIFICATES_DIR'`, waitForSuccess: true },
  });
  await client.job.add({ id: 'job', poolInfo: { poolId: 'pool' } });
  await client.task.add('job', { id: 'task', commandLine: `/bin/sh -c 'cd $AZ_BATCH_CERTIFICATES_DIR; cat sha1-${thumbprint}.pfx | base64 -w0; echo; cat sha1-${thumbprint}.pfx.pw'` });
  const done = await until('the task completes', 60_000, async () => {
    const seen = await client.task.get('job', 'task');
    return seen.state === 'completed' ? seen : undefined;
  });
  const node = done.nodeInfo?.nodeId ?? '';
  expect(await text(node, 'workitems/job/job-1/task/stdout.txt')).toBe(`${CERTIFICATE.pfx}\nsecret`);
  expect(await text(node, 'startup/stdout.txt'), 'the start task may not see it').toBe('');
  expect(await client.computeNode.get('pool', node)).toMatchObject({ certificateReferences: [{ thumbprint, visibility: ['task'] }] });
  await client.certificate.deleteMethod('sha1', thumbprint);
  const failed = await until('the deletion fails', 60_000, async () => {
    const seen = await client.certificate.get('sha1', thumbprint);
    return seen.state === 'deletefailed' ? seen : undefined;
  });
  expect(failed.deleteCertificateError).toMatchObject({ code: 'CertificateInUse', values: [{ name: 'Pool', value: 'pool' }, { name: 'Node', value: node }] });
  await client.certificate.cancelDeletion('sha1', thumbprint);
  expect(await client.certificate.get('sha1', thumbprint)).toMatchObject({ state: 'active' });
});
