import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNode } from './testNode.ts';

test('a node on which more lies than its size has says so, and begins no tasks; one that it has as much room for does', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-overfull-'));
  chmodSync(directory, 0o711);
  const rootDirectory = join(directory, 'root');
  mkdirSync(join(rootDirectory, 'shared'), { recursive: true });
  writeFileSync(join(rootDirectory, 'shared/data'), Buffer.alloc(3_000_000, 1));
  const full = await startNode({}, { rootDirectory, limits: { diskBytes: 2_000_000 } });
  try {
    const { owner } = full;
    const notice = await owner.until('the notice', () => owner.reports.find((report) => report.kind === 'notice'));
    expect(notice).toMatchObject({ errors: [{ code: 'DiskFull', values: [{ name: 'UsedBytes', value: expect.stringMatching(/^3\d{6}$/) }, { name: 'MostBytes', value: '2000000' }] }] });
    expect((await owner.run({ task: 'refused', commandLine: '/bin/true' })).outcome).toEqual({ kind: 'notStarted', failure: { category: 'ServerError', code: 'DiskFull', message: expect.any(String), details: [{ name: 'Message', value: "The task was not begun: the node's disk is full" }] } });
  } finally {
    await full.close();
  }
  const roomy = await startNode({}, { rootDirectory, limits: { diskBytes: 5_000_000 } });
  try {
    expect((await roomy.owner.run({ task: 'welcome', commandLine: '/bin/true' })).outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
  } finally {
    await roomy.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
