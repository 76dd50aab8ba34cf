import { describe, expect, test } from 'vitest';
import { goneOf, observe } from '../../../src/nodes/kubernetes/observe.ts';
import { readPod, type SeenPod } from '../../../src/nodes/kubernetes/seenPod.ts';

interface Told {
  readonly priority?: 'low' | 'dedicated';
  readonly metadata?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly status?: object;
}

/** A pod as the API server has it. */
function pod({ priority = 'dedicated', metadata = {}, annotations = {}, spec = { nodeName: 'm1' }, status = {} }: Told = {}): SeenPod {
  const labels = { 'linarite/account': '1', 'linarite/node': '7', 'linarite/life': '2', 'linarite/priority': priority, 'kueue.x-k8s.io/queue-name': 'lab' };
  const read = readPod({ metadata: { name: 'linarite-c-7-2', uid: 'u', labels, annotations, ...metadata }, spec, status: { phase: 'Pending', ...status } });
  if (read === null) throw new Error('its labels are not ours');
  return read;
}

const LOW = 'low' as const;
const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 };

function waiting(reason: string, message?: string) {
  return { containerStatuses: [{ state: { waiting: { reason, message } } }] };
}

function ended(terminated: object) {
  return { phase: 'Failed', containerStatuses: [{ state: { terminated } }] };
}

test('a pod without our labels is none of ours, whatever was selected', () => {
  expect(readPod({ metadata: { name: 'x', labels: { 'linarite/node': '7' } } })).toBeNull();
  expect(readPod({ metadata: { name: 'x', labels: { 'linarite/account': '1', 'linarite/node': 'seven', 'linarite/life': '1' } } })).toBeNull();
});

describe('a pod is a node that', () => {
  test.each<readonly [string, Told, object]>([
    ['waits for a machine', { spec: {} }, { kind: 'pending', reason: 'Kubernetes has its pod and has not found a machine for it yet.' }],
    ['waits in the scheduler’s words', { spec: {}, status: { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/5 nodes are available: 5 Insufficient memory.' }] } }, { kind: 'pending', reason: '0/5 nodes are available: 5 Insufficient memory.' }],
    ['waits for Kueue', { spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] } }, { kind: 'pending', reason: 'Kueue has not admitted its pod to the queue lab yet.' }],
    ['waits for another gate', { spec: { schedulingGates: [{ name: 'lab.example/quota' }] } }, { kind: 'pending', reason: 'Its pod is not to be scheduled yet: lab.example/quota.' }],
    ['waits for its container', { status: waiting('ContainerCreating') }, { kind: 'pending', reason: 'Its container is being made on m1.' }],
    ['has no image', { status: waiting('ImagePullBackOff', 'Back-off pulling image "a:1"') }, { kind: 'failed', reason: 'ImagePullBackOff: Back-off pulling image "a:1".' }],
    ['has an image of no such name', { status: waiting('InvalidImageName') }, { kind: 'failed', reason: 'InvalidImageName: its image cannot be had.' }],
    ['runs', { status: { phase: 'Running' } }, { kind: 'running' }],
    ['runs as far as is known, when its machine is silent', { status: { phase: 'Unknown' } }, { kind: 'running' }],
    ['is taken back', { priority: LOW, metadata: DELETED, status: { phase: 'Running' } }, { kind: 'preempting', graceMs: 30_000, reason: 'Kubernetes ends its pod on m1.' }],
    ['is taken back for a reason', { priority: LOW, metadata: DELETED, status: { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'default-scheduler: preempting to accommodate a higher priority pod' }] } }, { kind: 'preempting', graceMs: 30_000, reason: 'Kubernetes ends its pod on m1: default-scheduler: preempting to accommodate a higher priority pod.' }],
    ['is dedicated and goes', { metadata: DELETED, status: { phase: 'Running' } }, { kind: 'running' }],
    ['we let go', { priority: LOW, metadata: DELETED, annotations: { 'linarite/released': 'true' }, status: { phase: 'Running' } }, { kind: 'running' }],
    ['we have let go', { priority: LOW, metadata: DELETED, annotations: { 'linarite/released': 'true' }, status: { phase: 'Failed' } }, { kind: 'ended', reason: 'released' }],
    ['was evicted', { priority: LOW, status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' } }, { kind: 'preempted', reason: 'Kubernetes ends its pod on m1: The node was low on resource: memory.' }],
    ['is dedicated and was evicted', { status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } }, { kind: 'ended', reason: 'Kubernetes ends its pod on m1: low on memory.' }],
    ['its machine’s shutdown took', { priority: LOW, status: { phase: 'Failed', reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' } }, { kind: 'preempted', reason: 'Kubernetes ends its pod on m1: Pod was terminated in response to imminent node shutdown.' }],
    ['the kubelet does not admit', { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'Node didn’t have enough resource: cpu' } }, { kind: 'failed', reason: 'OutOfcpu: Node didn’t have enough resource: cpu.' }],
    ['the kubelet does not admit on this machine', { priority: LOW, status: { phase: 'Failed', reason: 'NodeAffinity', message: 'Predicate NodeAffinity failed' } }, { kind: 'failed', reason: 'NodeAffinity: Predicate NodeAffinity failed.' }],
    ['had too little memory', { status: ended({ reason: 'OOMKilled', exitCode: 137 }) }, { kind: 'ended', reason: 'the node had no memory left: Kubernetes killed its container (OOMKilled)' }],
    ['ended by its agent', { status: ended({ reason: 'Error', exitCode: 1 }) }, { kind: 'ended', reason: 'the agent ended with code 1' }],
    ['was killed', { status: ended({ reason: 'Error', exitCode: 137, signal: 9 }) }, { kind: 'ended', reason: 'the agent ended with signal 9' }],
    ['ended well', { status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { reason: 'Completed', exitCode: 0 } } }] } }, { kind: 'ended', reason: 'the agent has ended' }],
  ])('%s', (_name, told, observed) => {
    expect(observe(pod(told), null)).toEqual(observed);
  });

  test('waits in the words of an event, where the pod has none', () => {
    expect(observe(pod({ status: waiting('ContainerCreating') }), 'MountVolume.SetUp failed for volume "credential": secret not found')).toEqual({ kind: 'pending', reason: 'MountVolume.SetUp failed for volume "credential": secret not found.' });
  });
});

describe('a pod that is gone was a node that', () => {
  test.each<readonly [string, Told, object]>([
    ['we let go', { priority: LOW, annotations: { 'linarite/released': 'true' }, status: { phase: 'Running' } }, { kind: 'ended', reason: 'released' }],
    ['was taken back', { priority: LOW, status: { phase: 'Running' } }, { kind: 'preempted', reason: 'Kubernetes ends its pod on m1.' }],
    ['is dedicated, and ended', { status: { phase: 'Running' } }, { kind: 'ended', reason: 'Kubernetes ends its pod on m1.' }],
    ['had ended before', { priority: LOW, status: ended({ reason: 'Error', exitCode: 3 }) }, { kind: 'ended', reason: 'the agent ended with code 3' }],
  ])('%s', (_name, told, observed) => {
    expect(goneOf(pod(told))).toEqual(observed);
  });
});
