import { expect, test } from 'vitest';
import { readMapping } from '../../../src/cli/service/providers/document.ts';
import { providersOf } from '../../../src/cli/service/providers/file.ts';

function read(properties: string) {
  return providersOf(readMapping(`providers:\n  - kind: slurm\n${properties.split('\n').map((line) => `    ${line}`).join('\n')}`));
}

test('a provider of Slurm has a shared directory, and what its jobs ask for', () => {
  const all = ['directory: /shared/batch', 'localDirectory: /tmp/batch', 'agent: [node, /opt/main.js, agent]', 'partition: batch', 'lowPriorityPartition: scavenge', 'account: lab7', 'qos: normal', 'lowPriorityQos: low', 'constraint: avx512', 'timeLimitMinutes: 60', 'drainMinutes: 2', 'exclusive: true', 'gpuResource: gpu', 'sbatch: [--reservation=x]', 'slurmConf: /etc/slurm.conf', 'leaseSeconds: 60', 'maxNodes: 10'];
  expect([...read(all.join('\n')).makers.keys()]).toEqual(['local', 'slurm']);
  expect([...read('directory: /shared/batch').makers.keys()]).toEqual(['local', 'slurm']);
});

test.each([
  ['partition: batch', /^line 2, directory: it is missing\./],
  ['directory: shared', 'line 3, directory: shared is no absolute path.'],
  ['directory: /a\nlocalDirectory: tmp', 'line 4, localDirectory: tmp is no absolute path.'],
  ['directory: /a\ntimeLimitMinutes: 0', /^line 4, timeLimitMinutes: it is a whole number from 1/],
  ['directory: /a\nleaseSeconds: 5', /^line 4, leaseSeconds: it is a whole number from 10/],
  ['directory: /a\nexclusive: yes please', 'line 4, exclusive: it is true or false.'],
  ['directory: /a\npartitions: x', 'line 4, partitions: there is no such property here.'],
])('%j is refused with line and property', (properties, fault) => {
  expect(() => read(properties)).toThrow(fault);
});
