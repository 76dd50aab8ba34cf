import { expect, test } from 'vitest';
import { readMapping } from '../../../src/cli/service/providers/document.ts';
import { providersOf } from '../../../src/cli/service/providers/file.ts';

/** What is wrong with a provider of pods; null: nothing is. */
function faultOf(lines: string): string | null {
  try {
    providersOf(readMapping(`providers:\n  - kind: kubernetes\n${lines.replaceAll(/^/gm, '    ')}\n`));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

test('all that the page on Kubernetes names is read', () => {
  expect(
    faultOf(`image: registry.lab.example/linarite:1
kubeconfig: config
context: lab
namespace: batch
images: [{pool: 'canonical:*', image: a}]
imagePullPolicy: Never
imagePullSecrets: pull
agentCommand: [node, main.js, agent]
nodeSelector: {lab.example/pool: batch}
tolerations: [{key: batch, operator: Equal, value: x, effect: NoExecute, tolerationSeconds: 30}]
runtimeClass: gvisor
serviceAccount: nodes
scheduler: volcano
dedicatedPriorityClass: high
lowPriorityClass: low
queue: lab
gpuResource: amd.com/gpu
runAsUser: 0
capabilities: [SYS_ADMIN]
privileged: false
labels: {team: cfd}
annotations: {note: text}
preemptionGraceSeconds: 60
leaseSeconds: 120
maxNodes: 500`),
  ).toBeNull();
});

test.each([
  ['namespace: batch', 'line 2, image: it is missing.'],
  ['image: a\nnamespace: Batch', `line 4, namespace: 'Batch' is no name in Kubernetes: small letters, digits, hyphens and dots.`],
  ['image: a\nimagePullPolicy: Sometimes', 'line 4, imagePullPolicy: it is one of Always, IfNotPresent, Never.'],
  ['image: a\ntolerations: [{key: k, effect: Never}]', 'line 4, effect: it is one of NoSchedule, PreferNoSchedule, NoExecute.'],
  ['image: a\nimages: [{pool: p}]', 'line 4, image: it is missing.'],
  ['image: a\nrunAsUser: 1000\ncapabilities: SYS_ADMIN', 'line 5, capabilities: they are of root: runAsUser is another user.'],
  ['image: a\nleaseSeconds: 5', 'line 4, leaseSeconds: it is a whole number from 30 to 86400.'],
  ['image: a\nreplicas: 3', 'line 4, replicas: there is no such property here.'],
])('a fault is told with its line and property: %j', (lines, fault) => {
  expect(faultOf(lines)).toBe(fault);
});
