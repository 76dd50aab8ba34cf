import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf, pathsBelow } from '../support/files.ts';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

/** Every file below a directory whose name ends so, as text. */
function texts(directory: string, ending: string): readonly string[] {
  return pathsBelow(directory).flatMap((path) => (path.endsWith(ending) ? [contentOf(path).toString('utf8')] : []));
}

async function processArguments(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return (await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))).join('\n');
}

describe.skipIf(process.platform !== 'linux')('no credential appears', () => {
  let instance: Instance;
  beforeAll(async () => {
    // At this level single requests and tasks are told of, and the blob server says more than errors.
    instance = await startLinarite(['--log-level', 'debug']);
  });
  afterAll(() => instance.purge());

  test('in a log, a process argument, a failure or an error, whatever goes wrong with it', async () => {
    const env = await instance.env();
    const client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('inputs');
    await container.create();
    const signed = await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('rwl'), expiresOn: new Date(Date.now() + 3_600_000) });
    const signature = new URL(signed).searchParams.get('sig') ?? '';
    const missing = signed.replace('/inputs?', '/inputs/missing.txt?');
    const away = signed.replace('/inputs?', '/nowhere?');

    await client.pool.add({ id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, startTask: { commandLine: '/bin/true', environmentSettings: [{ name: 'SECRET', value: 'start-secret' }] } });
    const marks = await mkdtemp(join(tmpdir(), 'linarite-credentials-'));
    await chmod(marks, 0o755);
    const gate = join(marks, 'seen');
    await client.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
    await client.task.addCollection('j', [
      { id: 'ok', commandLine: `/bin/sh -c 'until test -e ${gate}; do sleep 0.1; done'`, environmentSettings: [{ name: 'SECRET', value: 'task-secret' }, { name: 'ODD-NAME', value: 'task-secret' }] },
      { id: 'input', commandLine: '/bin/true', resourceFiles: [{ httpUrl: missing, filePath: 'missing.txt' }] },
      { id: 'output', commandLine: '/bin/sh -c "echo x > x.txt"', outputFiles: [{ filePattern: 'x.txt', destination: { container: { containerUrl: away } }, uploadOptions: { uploadCondition: 'taskcompletion' } }] },
    ]);
    const seenArguments: string[] = [];
    await until('a task runs', 60_000, async () => {
      seenArguments.push(await processArguments());
      return seenArguments.at(-1)?.includes(`test -e ${gate};`) === true ? true : undefined;
    }, 1);
    await writeFile(gate, '');
    const failures = await until('all three end', 60_000, async () => {
      const seen = await client.task.list('j');
      return seen.every(({ state }) => state === 'completed') ? seen.map(({ executionInfo }) => executionInfo?.failureInfo) : undefined;
    });
    await rm(marks, { recursive: true });
    // In the order of their ids: input, ok, output.
    expect(failures.map((failure) => failure?.code)).toEqual(['BlobNotFound', undefined, 'FileUploadAccessDenied']);

    const wrong = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, Buffer.from('another key').toString('base64')), env.AZURE_BATCH_ENDPOINT);
    const refused = await wrong.pool.get('p').then(
      () => '',
      (error: { body?: unknown }) => JSON.stringify(error.body),
    );
    expect(refused).toContain('AuthenticationFailed');

    // A client that takes the service for a blob server, or for one that knows another way to sign.
    await fetch(`${env.AZURE_BATCH_ENDPOINT}/inputs/missing.txt?${new URL(signed).searchParams.toString()}`);
    await fetch(`${env.AZURE_BATCH_ENDPOINT}/inputs/missing.txt%3F${new URL(signed).search.slice(1)}`);
    await fetch(`${env.AZURE_BATCH_ENDPOINT}/jobs?api-version=2024-07-01.20.0`, { headers: { authorization: `Bearer ${env.AZURE_BATCH_ACCESS_KEY}` } });

    const nodes = join(instance.dataDir, 'nodes');
    const [name = ''] = (await readdir(nodes)).filter((entry) => /^\d+$/.test(entry));
    const { credential } = JSON.parse(await readFile(join(nodes, name, 'state', 'config.json'), 'utf8')) as { credential: string };
    const secrets = [env.AZURE_BATCH_ACCESS_KEY, env.AZURE_STORAGE_KEY, signature, encodeURIComponent(signature), credential, 'task-secret', 'start-secret'];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(8);

    const places = {
      logs: texts(instance.dataDir, '.log').join('\n'),
      arguments: seenArguments.join('\n') + (await processArguments()),
      failures: JSON.stringify(failures),
      refused,
      status: (await linarite(['status', '--data-dir', instance.dataDir])).stdout + (await linarite(['status', '--json', '--data-dir', instance.dataDir])).stdout,
      metrics: await (await fetch(`${env.AZURE_BATCH_ENDPOINT}/metrics`)).text(),
      page: await (await fetch(env.AZURE_BATCH_ENDPOINT)).text(),
    };
    for (const line of ['ready', 'request answered', 'task completed', '"path":"/inputs/missing.txt"']) expect(places.logs).toContain(line);
    for (const [place, text] of Object.entries(places)) {
      expect(secrets.filter((secret) => text.includes(secret)), place).toEqual([]);
    }
  });
});
