import { afterEach, describe, expect, test } from 'vitest';
import { EngineAway } from '../../../src/nodes/away.ts';
import type { Observation } from '../../../src/nodes/provider.ts';
import { nodeRequest } from '../../support/providers.ts';
import { describeProvider } from '../providerContract.ts';
import { describeKubernetes } from './behaviours.ts';
import { canRunPods } from './kubelet.ts';
import { ADMIN_TOKEN, startStandInApi, type StandInApi } from './standInApi.ts';
import { clusterAt, nodesUnderTest, type NodesUnderTest, type TestCluster } from './underTest.ts';

const NAME = 'kubernetes, stand-in API';

function clusterOf(api: StandInApi): TestCluster & { close(): Promise<void> } {
  return { service: clusterAt(api.server, 'service'), administrator: clusterAt(api.server, ADMIN_TOKEN), namespace: 'linarite', close: () => api.close() };
}

describe.skipIf(!canRunPods)(`a stand-in API${canRunPods ? '' : ' (skipped: pods are run by root, on Linux)'}`, () => {
  describeProvider(
    NAME,
    async (agentUrl) => {
      const cluster = clusterOf(await startStandInApi());
      const nodes = await nodesUnderTest(cluster, agentUrl);
      return { ...nodes, close: () => nodes.close().finally(() => cluster.close()) };
    },
  );

  describeKubernetes('stand-in API', async () => clusterOf(await startStandInApi()));

  describe('an API server', () => {
    let api: StandInApi;
    let nodes: NodesUnderTest;
    const seen: Observation[] = [];
    afterEach(async () => {
      await nodes.close();
      await api.close();
      seen.length = 0;
    });

    /** Nothing runs: what is told of pods is the subject. */
    const begin = async (options: Parameters<typeof nodesUnderTest>[2] = {}): Promise<NodesUnderTest> => {
      api = await startStandInApi();
      nodes = await nodesUnderTest(clusterOf(api), 'ws://127.0.0.1:1/linarite/agent', { agentCommand: ['/bin/sleep', '1000'], ...options });
      nodes.provider.watch((observation) => seen.push(observation));
      return nodes;
    };
    const kinds = (): readonly string[] => seen.map(({ observed }) => observed.kind);
    const runs = (): Promise<unknown> => expect.poll(() => kinds().includes('running'), { timeout: 30_000 }).toBe(true);

    test('that is away has not lost its nodes: nothing is said of them, asking throws, and all is as it was once it is back', async () => {
      const { provider } = await begin();
      await provider.acquire(nodeRequest());
      await runs();
      await api.away();
      await expect(provider.list('all')).rejects.toThrow(EngineAway);
      await expect(provider.list('all')).rejects.toThrow(/^The Kubernetes API server at http.* cannot be asked: .*ECONNREFUSED/);
      await api.back();
      expect(await provider.list('all')).toEqual([{ node: 1, life: 1, observed: { kind: 'running' } }]);
      expect(kinds().filter((kind) => kind !== 'running' && kind !== 'pending')).toEqual([]);
    });

    test('that is away gets what it was asked for as soon as it is back, and its node waits in plain words until then', async () => {
      const { provider } = await begin();
      await api.away();
      const asked = provider.acquire(nodeRequest());
      await expect.poll(() => seen.at(-1)?.observed, { timeout: 30_000 }).toMatchObject({ kind: 'pending', reason: expect.stringContaining('cannot be asked') });
      await expect(provider.list('all')).rejects.toMatchObject({ seen: [{ node: 1, observed: { kind: 'pending' } }] });
      await api.back();
      await asked;
      await runs();
    });

    test('that has forgotten what was followed is listed again: what ended meanwhile is told', async () => {
      const { provider, podOf, kubelet } = await begin();
      await provider.acquire(nodeRequest());
      await provider.acquire(nodeRequest({ node: 2, priority: 'low' }));
      await expect.poll(() => kinds().filter((kind) => kind === 'running').length, { timeout: 30_000 }).toBe(2);
      // The kubelet says nothing more, so nothing but the list can tell.
      kubelet.die();
      await api.away();
      await api.back();
      const { createApiClient } = await import('../../../src/nodes/kubernetes/api/client.ts');
      const administrator = createApiClient(clusterAt(api.server, ADMIN_TOKEN));
      await administrator.ask('DELETE', `/api/v1/namespaces/linarite/pods/${podOf(1)}`, { gracePeriodSeconds: 0 });
      await administrator.ask('DELETE', `/api/v1/namespaces/linarite/pods/${podOf(2)}`, { gracePeriodSeconds: 0 });
      api.compact();
      administrator.close();
      await expect.poll(() => seen.slice(-2).map(({ node, observed }) => `${node} ${observed.kind}`).toSorted(), { timeout: 30_000 }).toEqual(['1 ended', '2 preempted']);
    });

    test('between the pod and its Secret the service may die: asked again, the node gets its Secret, and released, it leaves nothing', async () => {
      const { provider, restart } = await begin();
      api.forbidden.add('create secrets');
      await expect(provider.acquire(nodeRequest())).rejects.toThrow('secrets is forbidden: User "linarite" cannot create resource "secrets" in API group "" in the namespace "linarite"');
      const next = await restart();
      next.watch((observation) => seen.push(observation));
      expect(await next.list('all')).toMatchObject([{ node: 1, life: 1, observed: { kind: 'pending' } }]);
      api.forbidden.clear();
      await next.acquire(nodeRequest());
      await runs();
      await next.release(1, 1, 0);
      expect(await next.list('all')).toEqual([]);
    });

    test('whose queue Kueue keeps lets a node wait for its admission, by name', async () => {
      await begin({ queue: 'lab' });
      api.mutate = (pod) => Object.assign(pod['spec'] as object, { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] });
      await nodes.provider.acquire(nodeRequest());
      await expect.poll(() => seen.at(-1)?.observed, { timeout: 30_000 }).toEqual({ kind: 'pending', reason: 'Kueue has not admitted its pod to the queue lab yet.' });
    });

    test('that does not allow all that nodes need is told of by right and purpose', async () => {
      await begin();
      api.forbidden.add('create secrets').add('list events');
      const { limits } = await nodes.provider.probe();
      expect(limits).toEqual(expect.arrayContaining(['The service may not create secrets in the namespace linarite (the credential of a node is a Secret).', 'The service may not list events in the namespace linarite (why a node waits, where its pod does not tell).']));
    });

    test('is asked for no more nodes than the configuration lets', async () => {
      const { provider } = await begin({ maxNodes: 1 });
      await provider.acquire(nodeRequest());
      await expect(provider.acquire(nodeRequest({ node: 2 }))).rejects.toThrow('All nodes that this provider may have are taken: 1.');
      await provider.release(1, 1, 0);
      await provider.acquire(nodeRequest({ node: 2 }));
    });

    test('is not asked for nodes that are to run containers', async () => {
      const { provider } = await begin();
      await expect(provider.acquire(nodeRequest({ containers: true }))).rejects.toThrow('Nodes on Kubernetes are containers themselves');
      expect(await provider.list('all')).toEqual([]);
    });
  });
});
