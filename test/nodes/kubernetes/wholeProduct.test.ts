import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import { listAt, textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import { type Instance, LAUNCHER, linarite, startLinarite, until } from '../../support/linarite.ts';
import { LINUX, type SmallClient, smallClient } from '../../support/smallClient.ts';
import { canRunPods, type Kubelet, startKubelet } from './kubelet.ts';
import { kubeconfigOf, noRealCluster, startRealCluster } from './realCluster.ts';
import { ADMIN_TOKEN, startStandInApi } from './standInApi.ts';
import { clusterAt, type TestCluster } from './underTest.ts';

interface Started extends TestCluster {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

async function standIn(): Promise<Started> {
  const api = await startStandInApi();
  return { service: clusterAt(api.server, 'service'), administrator: clusterAt(api.server, ADMIN_TOKEN), namespace: 'linarite', kubeconfig: kubeconfigOf(api.server, '', 'service'), close: () => api.close() };
}

async function real(): Promise<Started> {
  const cluster = await startRealCluster();
  return { ...cluster, kubeconfig: kubeconfigOf(cluster.server, cluster.authority, cluster.serviceToken) };
}

const missing = noRealCluster();

describe.each([
  { api: `a stand-in API${canRunPods ? '' : ' (skipped: pods are run by root, on Linux)'}`, start: standIn, skipped: canRunPods ? null : 'not root' },
  { api: `a real API server${missing === null ? '' : ` (skipped: ${missing})`}`, start: real, skipped: missing },
])('the product with nodes on Kubernetes, $api', ({ start, skipped }) => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test.skipIf(skipped !== null)('runs a job on two pods, finds them again after a restart, and leaves none', async () => {
    const cluster = await start();
    cleanups.push(() => cluster.close());
    const kubelet: Kubelet = await startKubelet({ cluster: cluster.administrator, namespace: cluster.namespace, machine: 'machine-1' });
    cleanups.push(() => kubelet.close());
    const directory = await mkdtemp(join(tmpdir(), 'linarite-providers-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const [kubeconfig, providers] = [join(directory, 'kubeconfig'), join(directory, 'providers.yaml')];
    await writeFile(kubeconfig, cluster.kubeconfig);
    await writeFile(providers, JSON.stringify({ providers: [{ name: 'cluster', kind: 'kubernetes', kubeconfig, image: 'linarite:test', agentCommand: [process.execPath, join(LAUNCHER, '..', 'dist/cli/main.js'), 'agent'] }], rules: [{ provider: 'cluster', pools: 'on-*' }] }));
    const service: Instance = await startLinarite(['--providers', providers]);
    cleanups.push(() => service.purge());
    const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key, AZURE_BATCH_ENDPOINT: endpoint } = await service.env();
    const client: SmallClient = smallClient(endpoint.replace('https:', 'http:'), account, key);
    cleanups.push(() => Promise.resolve(client.close()));
    const administrator = createApiClient(cluster.administrator);
    cleanups.push(() => Promise.resolve(administrator.close()));
    const pods = async (): Promise<readonly unknown[]> => listAt(await administrator.ask('GET', `/api/v1/namespaces/${cluster.namespace}/pods`), 'items');
    const nodesIn = async (state: string): Promise<readonly string[] | undefined> => {
      const nodes = listAt(await client.call('GET', '/pools/on-pods/nodes'), 'value');
      return nodes.length === 2 && nodes.every((node) => textAt(node, 'state') === state) ? nodes.map((node) => textAt(node, 'id') ?? '') : undefined;
    };

    await client.call('POST', '/pools', { id: 'on-pods', ...LINUX, targetDedicatedNodes: 2, taskSlotsPerNode: 4 });
    const ids = await until('two idle nodes', 60_000, () => nodesIn('idle'), 200);
    expect((await pods()).map((pod) => textAt(pod, 'metadata', 'annotations', 'linarite/node-id')).toSorted()).toEqual([...ids].toSorted());

    await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'on-pods' } });
    const tasks = Array.from({ length: 30 }, (_, index) => ({ id: `task${index}`, commandLine: `/bin/sh -c 'echo hello ${index} from $AZ_BATCH_NODE_ID'` }));
    await client.call('POST', '/jobs/job/addtaskcollection', { value: tasks });
    const done = await until('all tasks have ended', 60_000, async () => {
      const all = listAt(await client.call('GET', '/jobs/job/tasks'), 'value');
      return all.every((task) => textAt(task, 'state') === 'completed') ? all : undefined;
    }, 200);
    expect(done.map((task) => textAt(task, 'executionInfo', 'result'))).toEqual(tasks.map(() => 'success'));
    expect(new Set(done.map((task) => textAt(task, 'nodeInfo', 'nodeId')))).toEqual(new Set(ids));
    expect(await client.text('GET', '/jobs/job/tasks/task7/files/stdout.txt')).toMatch(/^hello 7 from tvm/);

    const uids = (await pods()).map((pod) => textAt(pod, 'metadata', 'uid')).toSorted();
    await linarite(['restart', '--data-dir', service.dataDir]);
    expect(await until('the nodes are back', 60_000, () => nodesIn('idle'), 200)).toEqual(ids);
    expect((await pods()).map((pod) => textAt(pod, 'metadata', 'uid')).toSorted(), 'the same pods').toEqual(uids);

    await client.call('DELETE', '/pools/on-pods');
    await until('no pod is left', 60_000, async () => ((await pods()).length === 0 ? true : undefined), 200);
  }, 240_000);
});
