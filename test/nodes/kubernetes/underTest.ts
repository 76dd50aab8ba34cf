import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import type { Cluster } from '../../../src/nodes/kubernetes/api/cluster.ts';
import { listAll } from '../../../src/nodes/kubernetes/api/follow.ts';
import { textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import { podName, selectorOf } from '../../../src/nodes/kubernetes/names.ts';
import { hasEnded } from '../../../src/nodes/kubernetes/observe.ts';
import type { KubernetesOptions } from '../../../src/nodes/kubernetes/options.ts';
import { createKubernetesProvider, type KubernetesProviderOptions } from '../../../src/nodes/kubernetes/provider.ts';
import { readPod } from '../../../src/nodes/kubernetes/seenPod.ts';
import type { ClosableProvider } from '../../../src/nodes/provider.ts';
import { REMOTE_LEASE_MS, type RemoteService } from '../../../src/nodes/remote/service.ts';
import { agentCommand } from '../../agent/testNode.ts';
import type { ProviderUnderTest } from '../providerContract.ts';
import { type Kubelet, startKubelet } from './kubelet.ts';

/** A cluster, and who the service and who an administrator is there. */
export interface TestCluster {
  readonly service: Cluster;
  readonly administrator: Cluster;
  readonly namespace: string;
}

export function clusterAt(server: string, token: string, authority: string | null = null): Cluster {
  return { server, namespace: 'linarite', authority, serverName: null, verified: true, credential: () => Promise.resolve({ authorization: `Bearer ${token}` }), refused: () => undefined };
}

export interface NodesUnderTest extends ProviderUnderTest {
  readonly provider: ClosableProvider;
  readonly kubelet: Kubelet;
  readonly service: RemoteService;
  podOf(node: number, life?: number): string;
}

let made = 0;

/** Pods run on one machine of the cluster, which is a process of this test. */
export async function nodesUnderTest(test: TestCluster, agentUrl: string, options: Partial<KubernetesOptions> = {}, machine: { readonly schedules?: boolean; readonly cores?: number } = {}, bounds: Pick<KubernetesProviderOptions, 'endedWithinMs'> = {}): Promise<NodesUnderTest> {
  made += 1;
  const cluster = (Date.now() * 64 + made).toString(16).slice(-12);
  const service: RemoteService = { agentUrl, authority: '', cluster, leaseMs: REMOTE_LEASE_MS };
  const kubelet = await startKubelet({ cluster: test.administrator, namespace: test.namespace, machine: `machine-${cluster}`, ...machine });
  const administrator = createApiClient(test.administrator);
  const base = `/api/v1/namespaces/${test.namespace}`;
  const create = (): ClosableProvider =>
    createKubernetesProvider({ service, cluster: test.service, options: { namespace: test.namespace, image: 'linarite:test', agentCommand, nodeSelector: { 'kubernetes.io/hostname': `machine-${cluster}` }, ...options }, eventsEveryMs: 200, ...bounds });
  let provider = create();
  const podOf = (node: number, life = 1): string => podName(cluster, node, life);
  const lives = (node: number): string => [1, 2, 3].map((life) => podOf(node, life)).findLast((pod) => kubelet.pidOf(pod) !== undefined) ?? podOf(node);
  return {
    provider,
    kubelet,
    service,
    podOf,
    restart: async () => {
      await provider.close();
      provider = create();
      return provider;
    },
    killAgent: async (node) => {
      const pod = lives(node);
      const pid = kubelet.pidOf(pod);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      while (!hasPodEnded(await administrator.ask('GET', `${base}/pods/${pod}`))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    survivors: (node) => kubelet.processesOf(lives(node)),
    close: async () => {
      await provider.close();
      const { objects } = await listAll(administrator, `${base}/pods`, selectorOf(cluster));
      await Promise.all(objects.map((pod) => administrator.ask('DELETE', `${base}/pods/${textAt(pod, 'metadata', 'name')}`, { gracePeriodSeconds: 0 }).catch(() => undefined)));
      await administrator.ask('DELETE', `/api/v1/nodes/machine-${cluster}`).catch(() => undefined);
      administrator.close();
      await kubelet.close();
    },
  };
}

function hasPodEnded(object: unknown): boolean {
  const pod = readPod(object);
  return pod !== null && hasEnded(pod);
}
