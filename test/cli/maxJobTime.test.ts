import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, linarite, run, startLinarite, until, type Instance } from '../support/linarite.ts';
import { smallClient, type SmallClient } from '../support/smallClient.ts';

const LONGEST_MS = 60_000;

let instance: Instance;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite(['--max-job-time', '2s']);
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

async function endsInTime(id: string, constraints: object | undefined): Promise<void> {
  await client.call('POST', '/jobs', { id, poolInfo: { poolId: 'none' }, ...(constraints === undefined ? {} : { constraints }) });
  const ended = await until(`job ${id} is over`, LONGEST_MS, async () => {
    const job = (await client.call('GET', `/jobs/${id}`)) as { readonly state: string; readonly constraints: object; readonly executionInfo: { readonly terminateReason?: string } };
    return job.state === 'completed' ? job : undefined;
  });
  expect([ended.executionInfo.terminateReason, ended.constraints]).toEqual(['MaxWallClockTimeExpiry', expect.objectContaining(constraints ?? {})]);
}

test('a service with --max-job-time ends jobs that have or want more time, also when it is restarted; another bound needs another service', async () => {
  await Promise.all([endsInTime('none', undefined), endsInTime('long', { maxWallClockTime: 'PT1H' })]);
  const other = await run(LAUNCHER, ['up', '--detach', '--data-dir', instance.dataDir, '--max-job-time', '3s']);
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('with --max-job-time 2000ms')]);
  await linarite(['restart', '--data-dir', instance.dataDir]);
  await endsInTime('later', undefined);
});
