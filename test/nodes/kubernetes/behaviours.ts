import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NodeObservation } from '../../../src/core/events.ts';
import { createApiClient, type ApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import { at, listAt, textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import type { Observation } from '../../../src/nodes/provider.ts';
import { type ScriptedOwner, startOwner } from '../../agent/scriptedOwner.ts';
import { canOthersEnterCheckout } from '../../support/checkout.ts';
import { nodeRequest } from '../../support/providers.ts';
import { nodesUnderTest, type NodesUnderTest, type TestCluster } from './underTest.ts';

/** A real server writes amounts its own way. */
const SIXTEEN_GIB = /^(16Gi|16384Mi)$/;
/** Whom no pod is given to. */
const UNSCHEDULED = [{ scheduler: 'nobody' }, { schedules: false }] as const;

/** What a pod's life is to a node, on any API server. */
export function describeKubernetes(name: string, start: () => Promise<TestCluster & { close(): Promise<void> }>): void {
  describe(`nodes on Kubernetes (${name})`, () => {
    let cluster: TestCluster & { close(): Promise<void> };
    let administrator: ApiClient;
    let owner: ScriptedOwner;
    let nodes: NodesUnderTest | null = null;
    let seen: Observation[] = [];
    const pods = (): string => `/api/v1/namespaces/${cluster.namespace}/pods`;
    beforeAll(async () => {
      cluster = await start();
      administrator = createApiClient(cluster.administrator);
    }, 120_000);
    afterAll(async () => {
      administrator.close();
      await cluster.close();
    });
    beforeEach(async () => {
      owner = await startOwner();
    });
    afterEach(async () => {
      await nodes?.close();
      nodes = null;
      await owner.close();
    });

    const begin = async (...[options, machine, bounds]: Parameters<typeof nodesUnderTest> extends [unknown, unknown, ...infer Rest] ? Partial<Rest> : never): Promise<NodesUnderTest> => {
      const made = await nodesUnderTest(cluster, owner.agentUrl, options, machine, bounds);
      nodes = made;
      seen = [];
      made.provider.watch((observation) => {
        seen.push(observation);
        owner.look();
      });
      return made;
    };
    const request = (change: Parameters<typeof nodeRequest>[0] = {}) => nodeRequest({ node: 7, nodeId: 'tvmps_07_d', agentUrl: owner.agentUrl, credential: 'secret-of-node', ...change });
    const saw = (kind: NodeObservation['kind'], node = 7): Observation | undefined => seen.findLast((one) => one.node === node && one.observed.kind === kind);
    const until = (kind: NodeObservation['kind'], node = 7): Promise<Observation> => owner.until(kind, () => saw(kind, node));

    test('a node is one pod: as large as its VM size, never started again, and without the credential, which is in a Secret that goes with it', async () => {
      const { provider, podOf } = await begin({ tolerations: [{ key: 'batch', operator: 'Exists' }] });
      await provider.acquire(request({ vmSize: 'standard_d4s_v3' }));
      await until('running');
      const pod = await administrator.ask('GET', `${pods()}/${podOf(7)}`);
      expect(pod).toMatchObject({
        metadata: { labels: { 'linarite/account': '1', 'linarite/pool': '1', 'linarite/node': '7', 'linarite/life': '1' }, annotations: { 'linarite/node-id': 'tvmps_07_d', 'linarite/pool-id': 'p' } },
        spec: { restartPolicy: 'Never', automountServiceAccountToken: false, containers: [{ image: 'linarite:test', resources: { requests: { cpu: '4', memory: expect.stringMatching(SIXTEEN_GIB) }, limits: { cpu: '4', memory: expect.stringMatching(SIXTEEN_GIB) } } }] },
      });
      expect(listAt(pod, 'spec', 'tolerations')).toContainEqual({ key: 'batch', operator: 'Exists' });
      expect(JSON.stringify(pod)).not.toContain('secret-of-node');
      const secret = await administrator.ask('GET', `/api/v1/namespaces/${cluster.namespace}/secrets/${podOf(7)}`);
      expect(at(secret, 'metadata', 'ownerReferences')).toMatchObject([{ kind: 'Pod', uid: textAt(pod, 'metadata', 'uid') }]);
      expect(Buffer.from(textAt(secret, 'data', 'config.json') ?? '', 'base64').toString()).toContain('secret-of-node');
    });

    test('a node works as root, who has the rights that users of tasks need and no others', () => worksAs(0, /^19\d{8}$/));

    test.runIf(canOthersEnterCheckout)('a node works as another user, who has none (needs a checkout that others can enter)', () => worksAs(4_711, /^4711$/));

    async function worksAs(runAsUser: number, runsAs: RegExp): Promise<void> {
      const { provider, kubelet, podOf } = await begin({ runAsUser });
      await provider.acquire(request());
      await owner.until('the node is ready', () => owner.reports.some(({ kind }) => kind === 'ready'));
      const end = await owner.run({ commandLine: `/bin/sh -c 'id -u >uid && (setsid sleep 300 & ) && cp uid $AZ_BATCH_NODE_SHARED_DIR/uid'` });
      expect(end.outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
      const uid = readFileSync(`/proc/${kubelet.pidOf(podOf(7))}/root/mnt/batch/tasks/shared/uid`, 'utf8').trim();
      expect(uid).toMatch(runsAs);
    }

    test('pods of others, and of other services on the same cluster, are neither listed nor touched', async () => {
      const { provider, podOf, service } = await begin();
      const foreign = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `foreign-${service.cluster}` }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'one', image: 'one' }] } };
      await administrator.ask('POST', pods(), foreign);
      const mine = nodes;
      const other = await nodesUnderTest(cluster, owner.agentUrl, ...UNSCHEDULED);
      try {
        await other.provider.acquire(request());
        await provider.acquire(request());
        await until('running');
        expect(await provider.list('all')).toEqual([{ node: 7, life: 1, observed: { kind: 'running' } }]);
        expect(await other.provider.list('all')).toMatchObject([{ node: 7, life: 1, observed: { kind: expect.stringMatching(/pending|running/) } }]);
        await provider.release(7, 1, 1_000);
        expect(await provider.list('all')).toEqual([]);
        const left = listAt(await administrator.ask('GET', pods()), 'items').map((pod) => textAt(pod, 'metadata', 'name'));
        expect(left).toEqual(expect.arrayContaining([`foreign-${service.cluster}`, other.podOf(7)]));
        expect(left).not.toContain(podOf(7));
      } finally {
        await administrator.ask('DELETE', `${pods()}/foreign-${service.cluster}`, { gracePeriodSeconds: 0 });
        await other.close();
        nodes = mine;
      }
    });

    test('a pod by the name of a node’s that is somebody else’s is a node that failed, and stays', async () => {
      const { provider, podOf } = await begin();
      await administrator.ask('POST', pods(), { apiVersion: 'v1', kind: 'Pod', metadata: { name: podOf(7) }, spec: { containers: [{ name: 'one', image: 'one' }] } });
      await expect(provider.acquire(request())).rejects.toThrow(`There is a pod ${podOf(7)} in the namespace linarite already, which is not of this service.`);
      await administrator.ask('DELETE', `${pods()}/${podOf(7)}`, { gracePeriodSeconds: 0 });
    });

    test('a low-priority node that is evicted is taken back with its grace time as notice, and preempted once its pod is gone', async () => {
      const { provider, podOf } = await begin({ preemptionGraceSeconds: 6 });
      await provider.acquire(request({ priority: 'low' }));
      await owner.until('the node is ready', () => owner.reports.some(({ kind }) => kind === 'ready'));
      await administrator.ask('POST', `${pods()}/${podOf(7)}/eviction`, { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: podOf(7), namespace: cluster.namespace } });
      const notice = await until('preempting');
      expect(notice.observed).toMatchObject({ graceMs: 6_000, reason: expect.stringMatching(/^Kubernetes ends its pod on machine-.*\.$/) });
      expect(nodes?.survivors(7).length, 'it works until then').toBeGreaterThan(0);
      await until('preempted');
      expect(nodes?.survivors(7)).toEqual([]);
      await expect.poll(() => provider.list(1), { timeout: 30_000 }).toEqual([]);
      expect(seen.filter(({ observed }) => observed.kind === 'preempting')).toHaveLength(1);
    });

    test('a low-priority node whose machine runs out of memory is preempted, a dedicated one has ended', async () => {
      const { provider, podOf, kubelet } = await begin();
      await provider.acquire(request({ priority: 'low' }));
      await provider.acquire(request({ node: 8, nodeId: 'tvmps_08_d' }));
      await Promise.all([until('running', 7), until('running', 8)]);
      await Promise.all([kubelet.evict(podOf(7)), kubelet.evict(podOf(8))]);
      expect((await until('preempted', 7)).observed).toMatchObject({ reason: expect.stringContaining('The node was low on resource: memory.') });
      expect((await until('ended', 8)).observed).toMatchObject({ reason: expect.stringContaining('The node was low on resource: memory.') });
      // Whoever asks later hears the same.
      expect((await provider.list(1)).find(({ node }) => node === 7)?.observed.kind).toBe('preempted');
      await provider.release(7, 1, 0);
      expect((await provider.list(1)).map(({ node }) => node)).toEqual([8]);
    });

    test('a low-priority node that we release is not taken back, whoever looks', async () => {
      const { provider } = await begin();
      await provider.acquire(request({ priority: 'low' }));
      await until('running');
      const released = provider.release(7, 1, 1_000);
      await released;
      expect(seen.map(({ observed }) => observed.kind)).not.toContain('preempting');
      expect(seen.at(-1)?.observed).toEqual({ kind: 'ended', reason: 'released' });
    });

    test('an image that cannot be had is a failed node, in the kubelet’s words', async () => {
      const { provider } = await begin({ image: 'missing' });
      await provider.acquire(request());
      expect((await until('failed')).observed).toEqual({ kind: 'failed', reason: 'ErrImagePull: pull access denied for missing, repository does not exist.' });
    });

    test('a node for which no machine is found waits with the scheduler’s words, and with those of its events', async () => {
      const { provider, podOf } = await begin(...UNSCHEDULED);
      await provider.acquire(request());
      expect((await until('pending')).observed).toEqual({ kind: 'pending', reason: 'Kubernetes has its pod and has not found a machine for it yet.' });
      const pod = await administrator.ask('GET', `${pods()}/${podOf(7)}`);
      await administrator.ask('POST', `/api/v1/namespaces/${cluster.namespace}/events`, { apiVersion: 'v1', kind: 'Event', metadata: { name: `${podOf(7)}.1` }, type: 'Warning', reason: 'NotTriggerScaleUp', message: 'pod didn’t trigger scale-up: 2 max node group size reached', involvedObject: { kind: 'Pod', name: podOf(7), namespace: cluster.namespace, uid: textAt(pod, 'metadata', 'uid') }, lastTimestamp: new Date().toISOString() });
      await owner.until('the event’s words', () => seen.some(({ observed }) => observed.kind === 'pending' && observed.reason === 'pod didn’t trigger scale-up: 2 max node group size reached.'));
      const message = '0/3 nodes are available: 3 Insufficient cpu.';
      await administrator.ask('PATCH', `${pods()}/${podOf(7)}/status`, { status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] } });
      await owner.until('the scheduler’s words', () => seen.some(({ observed }) => observed.kind === 'pending' && observed.reason === message));
      expect((await provider.list(1))[0]?.observed).toEqual({ kind: 'pending', reason: message });
    });

    test('of many nodes that wait each one’s events are looked at in turn', async () => {
      const { provider, podOf } = await begin(...UNSCHEDULED);
      const all = Array.from({ length: 45 }, (_, index) => index + 1);
      await Promise.all(all.map((node) => provider.acquire(request({ node, nodeId: `n${node}` }))));
      const uidOf = new Map(listAt(await administrator.ask('GET', pods()), 'items').map((pod) => [textAt(pod, 'metadata', 'name'), textAt(pod, 'metadata', 'uid')]));
      await Promise.all(all.map((node) => administrator.ask('POST', `/api/v1/namespaces/${cluster.namespace}/events`, { apiVersion: 'v1', kind: 'Event', metadata: { name: `${podOf(node)}.1` }, type: 'Warning', reason: 'FailedScheduling', message: `words about ${node}`, involvedObject: { kind: 'Pod', name: podOf(node), namespace: cluster.namespace, uid: uidOf.get(podOf(node)) }, lastTimestamp: new Date().toISOString() })));
      await owner.until('words about each', () => all.every((node) => seen.some((one) => one.node === node && one.observed.kind === 'pending' && one.observed.reason === `words about ${node}.`)), 30_000);
    });

    test('a kubelet that is away proves no death: the release of its node fails in plain words, until the agent’s lease is over', async () => {
      const { provider, kubelet } = await begin({ leaseSeconds: 2 }, {}, { endedWithinMs: 500 });
      expect(provider.leaseOf(7)).toBe(2_000);
      await provider.acquire(request());
      await until('running');
      kubelet.die();
      await expect(provider.release(7, 1, 0)).rejects.toThrow(/^The pod linarite-.* has not ended: the kubelet of machine-.* may be away\.$/);
      expect(saw('ended')).toBeUndefined();
      await expect.poll(() => provider.release(7, 1, 0).then(() => 'released', () => 'not yet'), { timeout: 30_000, interval: 500 }).toBe('released');
      expect(await provider.list(1)).toEqual([]);
      expect(saw('ended')).toBeDefined();
    });

    test('a thousand nodes are asked for at once, are a pod each, and go again', async () => {
      const { provider } = await begin(...UNSCHEDULED);
      const all = Array.from({ length: 1_000 }, (_, index) => index + 1);
      await Promise.all(all.map((node) => provider.acquire(request({ node, nodeId: `n${node}` }))));
      expect(await provider.list(1)).toHaveLength(1_000);
      await Promise.all(all.map((node) => provider.release(node, 1, 0)));
      expect(await provider.list(1)).toEqual([]);
    }, 180_000);

    test('the rights of the manifests are all that it needs, and are looked at', async () => {
      const { provider } = await begin({ lowPriorityClass: 'linarite-low-priority', dedicatedPriorityClass: 'linarite-dedicated' });
      const { limits, lowPriority } = await provider.probe();
      expect(lowPriority).toBe(true);
      expect(limits.filter((limit) => /may not|refuses|cannot be asked|PriorityClass/.test(limit))).toEqual([]);
    });
  });
}
