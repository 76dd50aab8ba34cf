import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findSshd } from '../../src/agent/login/sshd.ts';
import { createNodeNetworks } from '../../src/nodes/local/network/nodeNetworks.ts';
import { asOperator } from './asOperator.ts';
import { LAUNCHER, linarite, run, startLinarite, until, type Instance } from '../support/linarite.ts';
import { realEngines, startRegistry, type Registry } from '../support/registry.ts';

const IMAGE = { imageReference: { publisher: 'microsoft-azure-batch', offer: 'ubuntu-server-container', sku: '20-04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 20.04' };
const NODES = 2;
const isPossible = await createNodeNetworks({ blobsUrl: () => Promise.resolve(null) }).tryOut().then(() => true, () => false);
const hasMpi = spawnSync('mpicc', ['--version']).status === 0 && spawnSync('mpirun', ['--version']).status === 0;
/** Containers of docker have the machine's network. */
const hasPodman = (await realEngines()).some(({ engine }) => engine?.kind === 'podman');
if (!isPossible) console.warn('skipped: nodes with networks of their own, which need root, perl, ip(8) and nsenter(1)');

const hasPython = spawnSync('/usr/bin/python3', ['-c', 'import azure.identity, azure.storage.blob']).status === 0;

/** Told to end, it asks at Azure's address why, and says that it is done with its node. Begun again, it is done. */
const ASKS_WHY = String.raw`
ask() { "$NODE_PROGRAM" -e 'const [method, body] = process.argv.slice(1);
  fetch("http://169.254.169.254/metadata/scheduledevents?api-version=2020-07-01", { method, body, headers: { metadata: "true" } }).then((answer) => answer.text()).then(console.log)' "$@"; }
save() {
  ask GET > "$KEPT/events.json"
  touch "$KEPT/saved"
  ask POST "{\"StartRequests\": [{\"EventId\": \"$(sed -E 's/.*"EventId":"([^"]+)".*/\1/' "$KEPT/events.json")\"}]}"
  exit 3
}
[ -e "$KEPT/saved" ] && exit 0
trap save TERM
ask GET > "$KEPT/before.json"
touch "$KEPT/begun"
while :; do sleep 0.05; done
`;

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

describe.runIf(isPossible)('nodes with networks of their own, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  let registry: Registry;
  let files: Server;
  let filesUrl: string;
  beforeAll(async () => {
    files = createServer((request, response) => response.end(readFileSync(join(import.meta.dirname, 'gangs', (request.url ?? '').replaceAll('/', '')))));
    await new Promise<void>((listening) => files.listen(0, '127.0.0.1', listening));
    filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
    registry = await startRegistry();
    registry.add('samples/myimage', 'latest');
    instance = await startLinarite(['--node-isolation', 'network']);
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    const containers = hasPodman ? { containerConfiguration: { type: 'dockerCompatible' } } : {};
    await client.pool.add({ id: 'pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { ...IMAGE, ...containers }, targetDedicatedNodes: NODES, enableInterNodeCommunication: true, maxTasksPerNode: 1 } as never);
    await client.job.add({ id: 'job', poolInfo: { poolId: 'pool' }, ...(hasMpi ? { jobPreparationTask: { commandLine: `/bin/sh -c 'mpicc -O1 -o sum sum.c'`, resourceFiles: [common('sum.c')] } } : {}) });
  });
  afterAll(async () => {
    await instance.purge();
    await registry.close();
    files.close();
  });

  const common = (name: string) => ({ httpUrl: `${filesUrl}/${name}`, filePath: name });
  const completed = async (task: Parameters<BatchServiceClient['task']['add']>[1]) => {
    await client.task.add('job', task);
    const seen = await until(`${task.id} completes`, 120_000, async () => {
      const found = await client.task.get('job', task.id);
      return found.state === 'completed' ? found : undefined;
    });
    const [output = '', errors = ''] = await Promise.all(['stdout', 'stderr'].map((name) => textOn(seen.nodeInfo?.nodeId, `workitems/job/job-1/${task.id}/${name}.txt`)));
    expect(seen.executionInfo, `${output}\n${errors}`).toMatchObject({ exitCode: 0, result: 'success' });
    return output;
  };
  const textOn = async (node: string | undefined, path: string): Promise<string> => {
    const { readableStreamBody } = await client.file.getFromComputeNode('pool', node ?? '', path);
    return textOf(readableStreamBody);
  };

  test('say so, each and in the status of the service', async () => {
    const { stdout } = await linarite(['status', '--data-dir', instance.dataDir]);
    expect(stdout).toContain('with networks of their own');
    await completed({ id: 'first', commandLine: 'true' });
    const nodes = [...(await client.computeNode.list('pool'))];
    expect(nodes).toHaveLength(NODES);
    for (const node of nodes) expect(node).toMatchObject({ ipAddress: expect.not.stringMatching(/^127\./), nodeAgentInfo: { version: expect.stringMatching(/\.network$/) } });
  });

  test.skipIf(!hasMpi)('run a program of Open MPI as one on all of them', async () => {
    const output = await completed({
      id: 'sum',
      commandLine: `/bin/sh -c 'mpirun --host $AZ_BATCH_HOST_LIST --map-by node -np ${NODES} --mca plm_rsh_agent $AZ_BATCH_TASK_SHARED_DIR/rsh.py $AZ_BATCH_JOB_PREP_WORKING_DIR/sum'`,
      multiInstanceSettings: { numberOfInstances: NODES, coordinationCommandLine: `/bin/sh -c 'python3 $AZ_BATCH_TASK_SHARED_DIR/rsh.py --serve'`, commonResourceFiles: [common('rsh.py')] },
    });
    const lines = output.trimEnd().split('\n').toSorted();
    expect(lines.map((line) => line.replace(/ on .*/, ''))).toEqual([0, 1].map((rank) => `rank ${rank} of 2: sum 3`));
    expect(new Set(lines.map((line) => line.replace(/.* on /, ''))).size, 'each rank on a host of its own').toBe(NODES);
  });

  test.skipIf(findSshd() === null)('have whoever logs in by SSH in their network, which is that of their tasks', async () => {
    const [node] = await client.computeNode.list('pool');
    const { code, stdout } = await run(LAUNCHER, ['node', 'ssh', '--data-dir', instance.dataDir, 'pool', node?.id ?? '', '--', 'readlink /proc/self/ns/net']);
    expect(code).toBe(0);
    const affinityInfo = { affinityId: `TVM:${node?.id}` };
    expect(stdout).toBe(await completed({ id: 'network', commandLine: 'readlink /proc/self/ns/net', affinityInfo }));
    expect(stdout.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
  });

  test.skipIf(!hasPython)('give tokens at 169.254.169.254 to the tasks of a pool with an identity, and to nobody else', async () => {
    const operator = await asOperator(instance);
    const blobs = await operator.readableBlob('what is in it', await operator.identity('mine'));
    const asked = "curl -sS -H Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://storage.azure.com/'";
    await operator.pool('identified', 'mine', { startTask: { commandLine: `/bin/sh -c "${asked} > started.txt"`, waitForSuccess: true } });
    await client.job.add({ id: 'identified', poolInfo: { poolId: 'identified' } });
    const program = ['import os', 'from azure.identity import DefaultAzureCredential', 'from azure.storage.blob import BlobServiceClient', `print(BlobServiceClient("${blobs}", credential=DefaultAzureCredential()).get_blob_client("data", "in").download_blob().readall().decode())`].join('\n');
    const without = 'env -u IDENTITY_ENDPOINT -u IDENTITY_HEADER';
    await client.task.addCollection('identified', [
      { id: 'reads', commandLine: `${without} /usr/bin/python3 -c "import base64; exec(base64.b64decode('${Buffer.from(program).toString('base64')}'))"` },
      { id: 'asks', commandLine: `/bin/sh -c "${asked}; echo; curl -sS 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x'; cat $AZ_BATCH_NODE_STARTUP_DIR/wd/started.txt"` },
    ]);
    await until('both complete', 120_000, async () => ([...(await client.task.list('identified'))].every(({ state }) => state === 'completed') ? true : undefined));
    const written = async (task: string, name: string): Promise<string> => textOf((await client.file.getFromTask('identified', task, name)).readableStreamBody);
    expect(await written('reads', 'stdout.txt'), await written('reads', 'stderr.txt')).toBe('what is in it\n');
    const [token = '', refused = ''] = (await written('asks', 'stdout.txt')).split('\n');
    expect(JSON.parse(token)).toMatchObject({ token_type: 'Bearer', resource: 'https://storage.azure.com/', expires_in: '3600' });
    expect(refused).toContain('Required metadata header not specified');
    // The start task has no identity, and is on the same node.
    expect(refused).toContain('Identity not found');
  }, 180_000);

  test('tell a task at 169.254.169.254 that its low-priority node is to be taken back, and when it lets go of it, take it back at once', async () => {
    const kept = mkdtempSync(join(tmpdir(), 'linarite-kept-'));
    chmodSync(kept, 0o777);
    writeFileSync(join(kept, 'program.sh'), ASKS_WHY, { mode: 0o755 });
    const events = (name: string): unknown => JSON.parse(readFileSync(join(kept, name), 'utf8'));
    const command = (...args: readonly string[]): Promise<unknown> => linarite(['drill', ...args, '--data-dir', instance.dataDir]);
    await client.pool.add({ id: 'spot', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, targetLowPriorityNodes: 1 });
    await client.job.add({ id: 'spot', poolInfo: { poolId: 'spot' } });
    const environmentSettings = [{ name: 'KEPT', value: kept }, { name: 'NODE_PROGRAM', value: process.execPath }];
    await client.task.add('spot', { id: 't', commandLine: `/bin/sh ${kept}/program.sh`, environmentSettings });
    await until('the task has begun', 120_000, async () => (existsSync(join(kept, 'begun')) ? true : undefined));
    const [node] = await client.computeNode.list('spot');
    expect(events('before.json')).toMatchObject({ Events: [] });

    await command('preempt', '--pool', 'spot', '--rate', '100%/s', '--seed', '7', '--grace', '5min');
    await until('the task has let go of its node', 120_000, async () => (existsSync(join(kept, 'saved')) ? true : undefined));
    await command('stop');
    expect(events('events.json')).toMatchObject({ Events: [{ EventType: 'Preempt', EventStatus: 'Scheduled', ResourceType: 'VirtualMachine', Resources: [node?.id] }] });
    const done = await until('the task is done', 120_000, async () => {
      const seen = await client.task.get('spot', 't');
      return seen.state === 'completed' ? seen : undefined;
    });
    // As long as the drill goes on, a later attempt may lose its node as well.
    expect(done.executionInfo).toMatchObject({ exitCode: 0, retryCount: 0, requeueCount: expect.toSatisfy((count: number) => count >= 1) });
    await client.pool.deleteMethod('spot');
    rmSync(kept, { recursive: true });
  }, 300_000);

  test.skipIf(!hasPodman)('give their containers what they have, and no other network', async () => {
    const { port } = new URL((await instance.env()).AZURE_BATCH_ENDPOINT);
    const output = await completed({
      id: 'contained',
      commandLine: `sh -c 'readlink /proc/self/ns/net; wget -q -O - http://127.0.0.1:${port}/healthz; wget -q -T 2 -O - ${filesUrl}/sum.c || echo refused'`,
      containerSettings: { imageName: `${registry.host}/samples/myimage` },
    });
    const [namespace, ...rest] = output.trim().split('\n');
    expect(namespace).toMatch(/^net:/);
    expect(namespace).not.toBe(readlinkSync('/proc/self/ns/net'));
    expect(rest.at(-1)).toBe('refused');
    expect(rest.length, 'the service answered').toBeGreaterThan(1);
  });
});
