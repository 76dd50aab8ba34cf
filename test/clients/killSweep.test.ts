import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/control/journal.ts';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

const TASKS = 200;
const MOMENTS = 20;
const seed = Number(process.env['LINARITE_SEED'] ?? 20261120);

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
type Victim = 'service' | 'database' | 'blobs';
const SWEEP: readonly (readonly Victim[])[] = [['service'], ['database'], ['blobs'], ['service', 'database', 'blobs']];

describe('kill -9 at seeded moments while 200 tasks run', () => {
  let instance: Instance;
  let marks: string;
  beforeAll(async () => {
    instance = await startLinarite();
    marks = await mkdtemp(join(tmpdir(), 'linarite-marks-'));
    await chmod(marks, 0o777);
  });
  afterAll(async () => {
    await instance.purge();
    await rm(marks, { recursive: true, force: true });
  });

  const pids = async (): Promise<Record<Victim, number | undefined>> => {
    const { stdout } = await linarite(['status', '--json', '--data-dir', instance.dataDir]);
    const status = JSON.parse(stdout) as Record<Victim, { pid?: number }>;
    return { service: status.service.pid, database: status.database.pid, blobs: status.blobs.pid };
  };

  test(`each task has run exactly once, all are completed, all outputs are uploaded (seed ${seed})`, async () => {
    const env = await instance.env();
    const client = (): BatchServiceClient =>
      new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('marks');
    await container.create();
    const containerUrl = await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('rwl'), expiresOn: new Date(Date.now() + 3_600_000) });
    await client().pool.add({ id: 'sweep', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 2, taskSlotsPerNode: 4 });
    await client().job.add({ id: 'sweep', poolInfo: { poolId: 'sweep' } });
    const tasks = Array.from({ length: TASKS }, (_, index) => ({
      id: `t${index}`,
      commandLine: `/bin/sh -c 'echo ${index} >> ${marks}/${index}; sleep 1; echo done > out${index}.txt'`,
      outputFiles: [{ filePattern: 'out*.txt', destination: { container: { containerUrl } }, uploadOptions: { uploadCondition: 'tasksuccess' as const } }],
    }));
    for (let first = 0; first < TASKS; first += 100) await client().task.addCollection('sweep', tasks.slice(first, first + 100));

    const random = seededRandom(seed);
    for (let moment = 0; moment < MOMENTS; moment += 1) {
      const victims = SWEEP[moment % SWEEP.length] ?? [];
      const alive = await pids();
      await new Promise((resolve) => setTimeout(resolve, 300 * random())); // the seeded moment itself, not a wait for something
      for (const victim of victims) {
        const pid = alive[victim];
        expect(pid, `${victim} runs before moment ${moment}`).toBeTypeOf('number');
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
      }
      await instance.up();
    }

    await until('all tasks are completed', 120_000, async () => {
      const { taskCounts } = await client().job.getTaskCounts('sweep');
      return taskCounts.completed === TASKS ? true : undefined;
    });
    const listed = await client().task.list('sweep');
    expect(listed.filter(({ executionInfo }) => executionInfo?.result !== 'success').map(({ id, executionInfo }) => ({ id, ...executionInfo }))).toEqual([]);
    const lines = await Promise.all(tasks.map((_, index) => readFile(join(marks, String(index)), 'utf8')));
    expect(lines).toEqual(tasks.map((_, index) => `${index}\n`));
    const uploaded: string[] = [];
    for await (const blob of container.listBlobsFlat()) uploaded.push(blob.name);
    expect(uploaded.toSorted()).toEqual(tasks.map((_, index) => `out${index}.txt`).toSorted());
  }, 300_000);
});
