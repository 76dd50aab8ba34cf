import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchDisk } from '../../src/agent/diskWatch.ts';
import type { ResizeError } from '../../src/core/status.ts';

const canMount = process.platform === 'linux' && process.geteuid?.() === 0;
if (!canMount) console.log('skipped: a node tells of its full disk, which needs root');

test.runIf(canMount)('a node tells when its disk is full and when it has room again, each once', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'linarite-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk]);
  const told: (ResizeError | null)[] = [];
  let onTold = (): void => {};
  const next = (): Promise<void> => new Promise((resolve) => (onTold = resolve));
  const watch = watchDisk(disk, (error) => {
    told.push(error);
    onTold();
  }, 5);
  try {
    const full = next();
    writeFileSync(join(disk, 'fill'), Buffer.alloc(3_500_000));
    await full;
    const free = next();
    rmSync(join(disk, 'fill'));
    await free;
    expect(told).toEqual([{ code: 'DiskFull', message: "The node's disk is full", values: [{ name: 'FreeBytes', value: expect.stringMatching(/^\d+$/) }] }, null]);
  } finally {
    watch.close();
    execFileSync('umount', [disk]);
    rmdirSync(disk);
  }
});
