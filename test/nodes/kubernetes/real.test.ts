import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createApiClient } from '../../../src/nodes/kubernetes/api/client.ts';
import { textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import type { Observation } from '../../../src/nodes/provider.ts';
import { startOwner } from '../../agent/scriptedOwner.ts';
import { mustRun } from '../../support/linarite.ts';
import { nodeRequest } from '../../support/providers.ts';
import { describeProvider } from '../providerContract.ts';
import { describeKubernetes } from './behaviours.ts';
import { noRealCluster, type RealCluster, startRealCluster, tryOut } from './realCluster.ts';
import { nodesUnderTest } from './underTest.ts';

const missing = noRealCluster();
const DEPLOY = fileURLToPath(new URL('../../../deploy/kubernetes', import.meta.url));
const noKubectl = spawnSync('kubectl', ['version', '--client']).status !== 0;

describe.skipIf(missing !== null)(`a real API server${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: RealCluster;
  beforeAll(async () => {
    cluster = await startRealCluster({ scheduler: true });
  }, 180_000);
  afterAll(() => cluster.close());

  describeProvider('kubernetes, real API', (agentUrl) => nodesUnderTest(cluster, agentUrl));

  describeKubernetes('real API', () => Promise.resolve({ ...cluster, close: () => Promise.resolve() }));

  test('a dedicated node takes the room of a low-priority one, by the real scheduler: one is preempted, the other one runs', async () => {
    const owner = await startOwner();
    const nodes = await nodesUnderTest(cluster, owner.agentUrl, { lowPriorityClass: 'linarite-low-priority', dedicatedPriorityClass: 'linarite-dedicated', preemptionGraceSeconds: 6 }, { schedules: false, cores: 4 });
    const seen: Observation[] = [];
    nodes.provider.watch((observation) => {
      seen.push(observation);
      owner.look();
    });
    const until = (node: number, kind: string): Promise<Observation> => owner.until(`${kind} of ${node}`, () => seen.findLast((one) => one.node === node && one.observed.kind === kind), 60_000);
    try {
      const request = (node: number, priority: 'dedicated' | 'low') => nodeRequest({ node, nodeId: `n${node}`, vmSize: 'standard_d4s_v3', priority, agentUrl: owner.agentUrl });
      await nodes.provider.acquire(request(1, 'low'));
      await until(1, 'running');
      await nodes.provider.acquire(request(2, 'dedicated'));
      const notice = await until(1, 'preempting');
      expect(notice.observed).toMatchObject({ graceMs: 6_000 });
      await until(1, 'preempted');
      await until(2, 'running');
      expect(seen.find(({ node, observed }) => node === 2 && observed.kind === 'pending' && /Insufficient cpu/.test(observed.reason)), 'the scheduler’s words meanwhile').toBeDefined();
      // Nothing gives way to one of low priority.
      await nodes.provider.acquire(request(3, 'low'));
      const waits = await until(3, 'pending');
      expect(waits.observed).toMatchObject({ reason: expect.any(String) });
      await owner.until('the scheduler’s words', () => seen.some(({ node, observed }) => node === 3 && observed.kind === 'pending' && /nodes are available: .*Insufficient cpu/.test(observed.reason)));
    } finally {
      await nodes.close();
      await owner.close();
    }
  }, 120_000);

  test.skipIf(noKubectl)(`the base of kustomize is taken by the API server${noKubectl ? ' (skipped: no kubectl)' : ''}`, async () => {
    const { stdout } = await mustRun('kubectl', ['kustomize', DEPLOY]);
    const objects = parseAllDocuments(stdout).map((document): unknown => document.toJS());
    expect(objects.map((object) => textAt(object, 'kind')).toSorted()).toEqual(['ConfigMap', 'Deployment', 'PersistentVolumeClaim', 'PriorityClass', 'PriorityClass', 'Role', 'RoleBinding', 'Service', 'ServiceAccount']);
    for (const object of objects) await tryOut(cluster.administrator, object);
  });

  test('the Role of the manifests lets the service read no Secret, and nothing of other namespaces', async () => {
    const client = createApiClient(cluster.service);
    try {
      await expect(client.ask('GET', '/api/v1/namespaces/linarite/secrets')).rejects.toThrow(/secrets is forbidden/);
      await expect(client.ask('GET', '/api/v1/namespaces/default/pods')).rejects.toThrow(/pods is forbidden/);
      await expect(client.ask('GET', '/api/v1/nodes')).rejects.toThrow(/nodes is forbidden/);
    } finally {
      client.close();
    }
  });
});
