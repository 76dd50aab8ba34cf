import { describe, expect, test } from 'vitest';
import { at, textAt } from '../../../src/nodes/kubernetes/api/json.ts';
import type { KubernetesOptions } from '../../../src/nodes/kubernetes/options.ts';
import { podOf, secretOf } from '../../../src/nodes/kubernetes/pod.ts';
import { nodeRequest } from '../../support/providers.ts';

const SERVICE = { agentUrl: 'wss://batch.lab.example:10800/linarite/agent', authority: 'PEM', cluster: 'c0ffee', leaseMs: 1_000 };

function made(options: Partial<KubernetesOptions> = {}, request: Parameters<typeof nodeRequest>[0] = {}): unknown {
  return podOf(nodeRequest(request), SERVICE, { image: 'linarite:1', ...options });
}

test('a size with GPUs asks for them as the extended resource of the cluster; one of an unknown number is refused', () => {
  expect(at(made({}, { vmSize: 'standard_nc6s_v3' }), 'spec', 'containers', 0, 'resources', 'limits')).toMatchObject({ cpu: '6', 'nvidia.com/gpu': '1' });
  expect(at(made({ gpuResource: 'amd.com/gpu' }, { vmSize: 'standard_nc6s_v3' }), 'spec', 'containers', 0, 'resources', 'requests')).toMatchObject({ 'amd.com/gpu': '1' });
  expect(() => made({}, { vmSize: 'standard_nx8_v9' })).toThrow('How many GPUs a node of');
  expect(() => made({}, { vmSize: 'no_size' })).toThrow('The VM size no_size is not known');
});

test('the container’s image is the one that stands for the pool’s', () => {
  const images = [{ pool: 'canonical:*:22_04*:*', image: 'lab/jammy:1' }, { pool: '*/images/cfd', image: 'lab/cfd:2' }];
  const imageOf = (image: ReturnType<typeof nodeRequest>['image']): string | null => textAt(made({ images }, { image }), 'spec', 'containers', 0, 'image');
  expect(imageOf({ kind: 'marketplace', publisher: 'Canonical', offer: 'ubuntu', sku: '22_04-lts', version: 'latest' })).toBe('lab/jammy:1');
  expect(imageOf({ kind: 'own', id: '/subscriptions/s/providers/Microsoft.Compute/images/cfd' })).toBe('lab/cfd:2');
  expect(imageOf({ kind: 'marketplace', publisher: 'debian', offer: 'debian-12', sku: '12', version: 'latest' })).toBe('linarite:1');
  expect(imageOf(null)).toBe('linarite:1');
});

test('what the configuration says of pods stands in them', () => {
  const pod = made({ serviceAccount: 'nodes', runtimeClass: 'gvisor', scheduler: 'volcano', imagePullSecrets: ['pull'], imagePullPolicy: 'Never', nodeSelector: { pool: 'batch' }, tolerations: [{ key: 'batch', operator: 'Exists' }], queue: 'lab', labels: { team: 'cfd' }, annotations: { 'lab.example/cost': 'x' }, dedicatedPriorityClass: 'high', lowPriorityClass: 'low', preemptionGraceSeconds: 60 });
  expect(pod).toMatchObject({
    metadata: { labels: { team: 'cfd', 'kueue.x-k8s.io/queue-name': 'lab' }, annotations: { 'lab.example/cost': 'x' } },
    spec: { serviceAccountName: 'nodes', runtimeClassName: 'gvisor', schedulerName: 'volcano', imagePullSecrets: [{ name: 'pull' }], nodeSelector: { pool: 'batch' }, tolerations: [{ key: 'batch', operator: 'Exists' }], priorityClassName: 'high', terminationGracePeriodSeconds: 60, containers: [{ imagePullPolicy: 'Never' }] },
  });
  expect(at(pod, 'spec', 'containers', 0, 'lifecycle'), 'a dedicated node gets no notice').toBeUndefined();
});

test('a low-priority node works on while it has notice, and is told to end before it is killed', () => {
  const pod = made({ lowPriorityClass: 'low', preemptionGraceSeconds: 60 }, { priority: 'low' });
  expect(pod).toMatchObject({ spec: { priorityClassName: 'low', containers: [{ lifecycle: { preStop: { exec: { command: ['/bin/sleep', '55'] } } } }] } });
  expect(at(made({ preemptionGraceSeconds: 5 }, { priority: 'low' }), 'spec', 'containers', 0, 'lifecycle')).toBeUndefined();
});

test('labels of the configuration cannot make a pod somebody else’s', () => {
  expect(made({ labels: { 'linarite/cluster': 'other' } })).toMatchObject({ metadata: { labels: { 'linarite/cluster': 'c0ffee' } } });
});

describe('what a node may do in its pod', () => {
  test('as root: what users of tasks need, and no more', () => {
    expect(made()).toMatchObject({ spec: { securityContext: { runAsUser: 0, seccompProfile: { type: 'RuntimeDefault' } }, containers: [{ securityContext: { privileged: false, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'KILL', 'SETGID', 'SETUID'] } } }] } });
    expect(made({ capabilities: ['SYS_ADMIN'] })).toMatchObject({ spec: { containers: [{ securityContext: { capabilities: { add: expect.arrayContaining(['SYS_ADMIN']) } } }] } });
  });

  test('as another user: nothing, as restricted namespaces ask for, and the credential is its own file', () => {
    const pod = made({ runAsUser: 1000 });
    expect(pod).toMatchObject({ spec: { securityContext: { runAsUser: 1000, runAsNonRoot: true, fsGroup: 1000 }, containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }] } });
    expect(at(pod, 'spec', 'containers', 0, 'securityContext', 'capabilities', 'add')).toBeUndefined();
    expect(textAt(pod, 'spec', 'containers', 0, 'command', 2)).toContain('umask 077');
  });
});

test('the Secret has the agent’s configuration, by the address and the authority of the service, and belongs to the pod', () => {
  const secret = secretOf(nodeRequest({ node: 7, life: 2, credential: 'sesame' }), SERVICE, { image: 'i' }, 'uid-of-pod');
  expect(secret).toMatchObject({ metadata: { name: 'linarite-c0ffee-7-2', ownerReferences: [{ kind: 'Pod', name: 'linarite-c0ffee-7-2', uid: 'uid-of-pod' }] } });
  const config: unknown = JSON.parse(Buffer.from(textAt(secret, 'data', 'config.json') ?? '', 'base64').toString());
  expect(config).toMatchObject({ agentUrl: SERVICE.agentUrl, authority: 'PEM', credential: 'sesame', life: 2, rootDirectory: '/mnt/batch/tasks', uidBase: 1_900_000_000 + 7 * 1_024 });
});
