import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

const hasGpu = existsSync('/dev/nvidia0');
if (!hasGpu) console.log('skipped: a real GPU of NVIDIA, which this machine does not have; files stand in for some');

const directory = mkdtempSync(join(tmpdir(), 'linarite-gpus-'));
afterAll(() => rmSync(directory, { recursive: true }));

function said(node: TestNode, task: string): string {
  return readFileSync(join(node.root, 'workitems/job1/job-1', task, 'stdout.txt'), 'utf8').trim();
}

describe.runIf(process.platform === 'linux')('tasks of a node with GPUs', () => {
  let node: TestNode;
  beforeAll(async () => {
    mkdirSync(join(directory, 'dev'));
    for (const name of ['nvidia0', 'nvidia1', 'nvidia2', 'nvidia3', 'nvidiactl']) writeFileSync(join(directory, 'dev', name), '');
    node = await startNode({ slots: 4 }, { devicesDirectory: join(directory, 'dev') });
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  test('see their own alone while they run beside each other, as many as they have slots', async () => {
    const script = `echo $CUDA_VISIBLE_DEVICES; : > ${directory}/$AZ_BATCH_TASK_ID; until [ -e ${directory}/one ] && [ -e ${directory}/two ]; do sleep 0.01; done`;
    const [one, two] = ['one', 'two'];
    const user = { kind: 'auto', scope: 'pool', elevation: 'admin' } as const;
    const ends = await Promise.all([
      node.owner.run({ ...work({ task: one, slots: 1, commandLine: `/bin/sh -c '${script}'` }), user }),
      node.owner.run({ ...work({ task: two, slots: 2, commandLine: `/bin/sh -c '${script}'` }), user }),
    ]);
    for (const { outcome } of ends) expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const [first, second] = [said(node, 'one').split(','), said(node, 'two').split(',')];
    expect([first.length, second.length]).toEqual([1, 2]);
    expect(new Set([...first, ...second]).size).toBe(3);
  });

  test('keep what they ask for themselves', async () => {
    await node.owner.run({ task: 'asks', commandLine: "/bin/sh -c 'echo $CUDA_VISIBLE_DEVICES'", environment: [{ name: 'CUDA_VISIBLE_DEVICES', value: 'none' }] });
    expect(said(node, 'asks')).toBe('none');
  });
});

test.runIf(hasGpu)('a real GPU is one that a task sees', async () => {
  const node = await startNode({ slots: 1 });
  try {
    await node.owner.run({ task: 'real', commandLine: "/bin/sh -c 'echo $CUDA_VISIBLE_DEVICES'" });
    expect(said(node, 'real')).toMatch(/^0/);
  } finally {
    await node.close();
  }
});
