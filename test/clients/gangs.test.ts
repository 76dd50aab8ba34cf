import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { realEngines, startRegistry } from '../support/registry.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const NODES = 3;
const hasMpi = spawnSync('mpicc', ['--version']).status === 0 && spawnSync('mpirun', ['--version']).status === 0;
const hasContainers = (await realEngines()).some(({ engine }) => engine !== undefined);
/** Without it nodes have no host names and no /dev/shm of their own. */
const isRoot = process.getuid?.() === 0;

/** Whether a process has these words in its command line. */
function isRunning(words: string): boolean {
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && commandLineOf(name).includes(words));
}
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('multi-instance tasks over three nodes of one pool, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  let files: Server;
  let filesUrl: string;
  beforeAll(async () => {
    files = createServer((request, response) => response.end(readFileSync(join(import.meta.dirname, 'gangs', (request.url ?? '').replaceAll('/', '')))));
    await new Promise<void>((listening) => files.listen(0, '127.0.0.1', listening));
    filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({ id: 'pool', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: NODES, enableInterNodeCommunication: true, maxTasksPerNode: 1 } as never);
    await client.job.add({ id: 'job', poolInfo: { poolId: 'pool' } });
  });
  afterAll(async () => {
    await instance.purge();
    files.close();
  });

  const text = (node: string | undefined, path: string): Promise<string> => textOf('pool', node, path);
  const textOf = async (pool: string, node: string | undefined, path: string): Promise<string> => {
    const { readableStreamBody } = await client.file.getFromComputeNode(pool, node ?? '', path);
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString();
  };
  const completed = (job: string, task: string) =>
    until(`${task} completes`, 120_000, async () => {
      const seen = await client.task.get(job, task);
      return seen.state === 'completed' ? seen : undefined;
    });
  const common = (name: string) => ({ httpUrl: `${filesUrl}/${name}`, filePath: name });

  test.skipIf(!isRoot)('run where their hosts are told: what coordination commands leave running, the primary reaches on each node, and it ends with the task', async () => {
    await client.task.add('job', {
      id: 'together',
      commandLine: `/bin/sh -c 'python3 $AZ_BATCH_TASK_SHARED_DIR/service.py ask; echo own: $(cat own.txt | wc -l)'`,
      resourceFiles: [{ httpUrl: `${filesUrl}/service.py`, filePath: 'own.txt' }],
      multiInstanceSettings: {
        numberOfInstances: NODES,
        coordinationCommandLine: `/bin/sh -c 'echo coordinated $AZ_BATCH_IS_CURRENT_NODE_MASTER; pwd; python3 $AZ_BATCH_TASK_SHARED_DIR/service.py start'`,
        commonResourceFiles: [common('service.py')],
      },
    });
    const task = await completed('job', 'together');
    const primary = task.nodeInfo?.nodeId;
    const output = await text(primary, 'workitems/job/job-1/together/stdout.txt');
    expect(task.executionInfo, output + (await text(primary, 'workitems/job/job-1/together/stderr.txt'))).toMatchObject({ exitCode: 0, result: 'success' });
    // They are ended after it.
    const subtasks = await until('the others are over', 60_000, async () => {
      const { value = [] } = await client.task.listSubtasks('job', 'together');
      return value.every(({ state }) => state === 'completed') ? value : undefined;
    });
    expect(subtasks).toMatchObject([1, 2].map((id) => ({ id, state: 'completed', previousState: 'running', exitCode: 0, result: 'success', nodeInfo: { poolId: 'pool', taskRootDirectory: 'workitems/job/job-1/together' } })));
    const nodes = [primary, ...subtasks.map(({ nodeInfo }) => nodeInfo?.nodeId)];
    expect(new Set(nodes).size).toBe(NODES);
    const addresses = await Promise.all(nodes.map(async (node) => (await client.computeNode.get('pool', node ?? '')).ipAddress ?? ''));
    expect(new Set(addresses).size, 'each node has an address of its own').toBe(NODES);

    const [first, , ...answers] = output.trimEnd().split('\n');
    expect(first).toBe('coordinated true');
    expect(answers.slice(0, NODES).map((line) => JSON.parse(line) as unknown)).toEqual(
      addresses.map((address, index) => ({
        address,
        master: String(index === 0),
        hosts: addresses.join(','),
        nodes: addresses.join(';'),
        primary: `${addresses[0]}:6000`,
        ccp: 1 + 2 * NODES,
        files: index === 0 ? ['own.txt'] : [],
      })),
    );
    expect(answers.at(-1)).toMatch(/^own: [1-9]/);
    for (const node of nodes.slice(1)) {
      expect((await text(node, 'workitems/job/job-1/together/stdout.txt')).split('\n')).toEqual(['coordinated false', '/mnt/batch/tasks/workitems/job/job-1/together/wd', '']);
    }
    const recent = await Promise.all(nodes.map(async (node) => (await client.computeNode.get('pool', node ?? '')).recentTasks?.[0]));
    expect(recent).toMatchObject([{ taskId: 'together', taskState: 'completed' }, { taskId: 'together', subtaskId: 1, taskState: 'completed' }, { subtaskId: 2 }]);
    expect(recent[0]).not.toHaveProperty('subtaskId');
    await until('nothing of it is left', 60_000, async () => (!isRunning('together/service.py') || undefined));
  });

  test('whose coordination fails on one node are retried whole, and fail as it did', async () => {
    await client.task.add('job', {
      id: 'failing',
      commandLine: '/bin/sh -c "echo never"',
      constraints: { maxTaskRetryCount: 1 },
      multiInstanceSettings: { numberOfInstances: 2, coordinationCommandLine: `/bin/sh -c 'test $AZ_BATCH_IS_CURRENT_NODE_MASTER = true || exit 7'` },
    });
    const task = await completed('job', 'failing');
    expect(task.executionInfo).toMatchObject({ exitCode: 7, result: 'failure', retryCount: 1, failureInfo: { code: 'FailureExitCode', details: expect.arrayContaining([{ name: 'SubtaskId', value: '1' }]) } });
    expect((await client.task.listSubtasks('job', 'failing')).value).toMatchObject([{ id: 1, state: 'completed', exitCode: 7, result: 'failure' }]);
  });

  test('are ended on all nodes when they are terminated, also while they coordinate, and deleted with their files', async () => {
    await client.task.add('job', {
      id: 'endless',
      commandLine: 'true',
      multiInstanceSettings: { numberOfInstances: NODES, coordinationCommandLine: '/bin/sh -c "sleep 98765"' },
    });
    const running = await until('all instances run', 60_000, async () => {
      const { value = [] } = await client.task.listSubtasks('job', 'endless');
      return value.length === NODES - 1 && value.every(({ state }) => state === 'running') ? value : undefined;
    });
    await client.task.terminate('job', 'endless');
    expect(await completed('job', 'endless')).toMatchObject({ executionInfo: { result: 'failure', failureInfo: { code: 'TaskEnded' } } });
    await until('nothing of it runs', 60_000, async () => (!isRunning('sleep 98765') || undefined));
    await client.task.deleteMethod('job', 'endless');
    for (const { nodeInfo } of running) {
      await until('its directory is gone', 60_000, () =>
        client.file.getPropertiesFromComputeNode('pool', nodeInfo?.nodeId ?? '', 'workitems/job/job-1/endless/stdout.txt').then(
          () => undefined,
          () => true,
        ),
      );
    }
  });

  test.skipIf(!hasMpi || !isRoot)('run a program of Open MPI, which the job prepares on each node, as one on all of them', async () => {
    await client.job.add({
      id: 'mpi',
      poolInfo: { poolId: 'pool' },
      jobPreparationTask: { commandLine: `/bin/sh -c 'mpicc -O1 -o sum sum.c'`, resourceFiles: [common('sum.c')] },
    });
    await client.task.add('mpi', {
      id: 'sum',
      commandLine: `/bin/sh -c 'mpirun --host $AZ_BATCH_HOST_LIST --map-by node -np ${NODES} --mca plm_rsh_agent $AZ_BATCH_TASK_SHARED_DIR/rsh.py --mca btl_tcp_if_include lo --mca oob_tcp_if_include lo $AZ_BATCH_JOB_PREP_WORKING_DIR/sum'`,
      multiInstanceSettings: {
        numberOfInstances: NODES,
        coordinationCommandLine: `/bin/sh -c 'python3 $AZ_BATCH_TASK_SHARED_DIR/rsh.py --serve'`,
        commonResourceFiles: [common('rsh.py')],
      },
    });
    const task = await completed('mpi', 'sum');
    const [output, errors] = await Promise.all(['stdout', 'stderr'].map((name) => text(task.nodeInfo?.nodeId, `workitems/mpi/job-1/sum/${name}.txt`)));
    expect(task.executionInfo, `${output}\n${errors}`).toMatchObject({ exitCode: 0, result: 'success' });
    const lines = output?.trimEnd().split('\n').toSorted() ?? [];
    expect(lines.map((line) => line.replace(/ on .*/, ''))).toEqual([0, 1, 2].map((rank) => `rank ${rank} of 3: sum 6`));
    expect(new Set(lines.map((line) => line.replace(/.* on /, ''))).size, 'each rank on a host of its own').toBe(NODES);
  });

  test.skipIf(!isRoot || !hasContainers)('run in containers: one on each node, in which the coordination command and then the command line run, also those of Open MPI', { timeout: 240_000 }, async () => {
    const registry = await startRegistry({ username: 'alice', password: 'not-for-others' });
    try {
      registry.add('team/box', '1');
      const containerRegistries = [{ registryServer: registry.host, userName: 'alice', password: 'not-for-others' }];
      const virtualMachineConfiguration = { ...IMAGE, containerConfiguration: { type: 'dockerCompatible', containerImageNames: [`${registry.host}/team/box:1`], containerRegistries } };
      await client.pool.add({ id: 'boxes', vmSize: 'standard_a1_v2', virtualMachineConfiguration, targetDedicatedNodes: NODES, enableInterNodeCommunication: true } as never);
      await client.job.add({ id: 'boxed', poolInfo: { poolId: 'boxes' }, ...(hasMpi ? { jobPreparationTask: { commandLine: `/bin/sh -c 'mpicc -O1 -o sum sum.c'`, resourceFiles: [common('sum.c')] } } : {}) } as never);
      const containerSettings = { imageName: `${registry.host}/team/box:1` };
      await client.task.add('boxed', {
        id: 'together',
        // Where no container is there is a Debian, which has no such file.
        commandLine: `sh -c 'for host in $(echo $AZ_BATCH_HOST_LIST | tr , " "); do wget -q -O - http://$host:7703/me; done; ls /bin/busybox'`,
        containerSettings,
        multiInstanceSettings: { numberOfInstances: NODES, coordinationCommandLine: `sh -c 'echo coordinated; echo "I am $AZ_BATCH_NODE_ID" > /tmp/me; httpd -p $(hostname -i):7703 -h /tmp'` },
      });
      const said = async (task: string): Promise<{ readonly lines: readonly string[]; readonly nodes: readonly (string | undefined)[] }> => {
        const { nodeInfo, executionInfo } = await completed('boxed', task);
        const [output, errors] = await Promise.all(['stdout', 'stderr'].map((name) => textOf('boxes', nodeInfo?.nodeId, `workitems/boxed/job-1/${task}/${name}.txt`)));
        expect(executionInfo, `${output}\n${errors}`).toMatchObject({ exitCode: 0, result: 'success', containerInfo: { state: 'exited' } });
        const { value = [] } = await client.task.listSubtasks('boxed', task);
        return { lines: output?.trimEnd().split('\n') ?? [], nodes: [nodeInfo?.nodeId, ...value.map((subtask) => subtask.nodeInfo?.nodeId)] };
      };
      const { lines, nodes } = await said('together');
      expect(lines).toEqual(['coordinated', ...nodes.map((node) => `I am ${node}`), '/bin/busybox']);
      await until('nothing of it is left', 60_000, async () => (!isRunning(':7703 -h /tmp') || undefined));
      if (!hasMpi) return;

      // The machine's programs in place of an image that has them.
      const machine = ['/usr:/usr', '/usr/bin:/bin', '/usr/lib:/lib', '/usr/lib64:/lib64', '/etc/alternatives:/etc/alternatives', '/etc/openmpi:/etc/openmpi'].map((volume) => `--volume ${volume}:ro`).join(' ');
      await client.task.add('boxed', {
        id: 'sum',
        commandLine: `/bin/sh -c 'mpirun --host $AZ_BATCH_HOST_LIST --map-by node -np ${NODES} --mca plm_rsh_agent $AZ_BATCH_TASK_SHARED_DIR/rsh.py --mca btl_tcp_if_include lo --mca oob_tcp_if_include lo $AZ_BATCH_JOB_PREP_WORKING_DIR/sum'`,
        containerSettings: { ...containerSettings, containerRunOptions: machine },
        multiInstanceSettings: { numberOfInstances: NODES, coordinationCommandLine: `/bin/sh -c 'python3 $AZ_BATCH_TASK_SHARED_DIR/rsh.py --serve'`, commonResourceFiles: [common('rsh.py')] },
      });
      expect((await said('sum')).lines.map((line) => line.replace(/ on .*/, '')).toSorted()).toEqual([0, 1, 2].map((rank) => `rank ${rank} of 3: sum 6`));
    } finally {
      await registry.close();
    }
  });
});
