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
  }, { everyMs: 5 });
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

test('a node tells when more lies in its directory than may, and when it no longer does, each once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-disk-'));
  const told: (ResizeError | null)[] = [];
  let onTold = (): void => {};
  const next = (): Promise<void> => new Promise((resolve) => (onTold = resolve));
  const watch = watchDisk(directory, (error) => {
    told.push(error);
    onTold();
  }, { mostBytes: 2_000_000, everyMs: 5, againAfterMs: 0 });
  try {
    const full = next();
    writeFileSync(join(directory, 'fill'), Buffer.alloc(3_000_000, 1));
    await full;
    expect(watch.isOverfull).toBe(true);
    const free = next();
    rmSync(join(directory, 'fill'));
    await free;
    expect(watch.isOverfull).toBe(false);
    expect(told).toEqual([{ code: 'DiskFull', message: "More lies on the node's disk than nodes of its size have", values: [{ name: 'UsedBytes', value: expect.stringMatching(/^[23]\d{6}$/) }, { name: 'MostBytes', value: '2000000' }] }, null]);
  } finally {
    watch.close();
    rmSync(directory, { recursive: true });
  }
});
