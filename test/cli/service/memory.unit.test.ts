import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskInMemory } from '../../../src/cli/service/data/memory.ts';
import type { Disk } from '../../../src/cli/service/data/room.ts';

const MB = 1024 * 1024;
const HUGE: Disk = { free: () => ({ bytes: 1_000 * MB, files: 10 }) };

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'linarite-memory-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** A place that may take 32 MB, of a file system of which so many megabytes are used; they may change. */
function placed(used: { mb: number }, disk = HUGE): () => number {
  const { free } = diskInMemory(disk, { path: place, bytes: 32 * MB, usedBefore: used.mb * MB }, () => used.mb * MB);
  return () => Math.round(free().bytes / MB);
}

function write(name: string, mb: number): void {
  mkdirSync(join(place, 'below'), { recursive: true });
  writeFileSync(join(place, 'below', name), Buffer.alloc(mb * MB, 'x'));
}

test('what others put into the same file system takes nothing of what a service may put there', () => {
  const used = { mb: 100 };
  const freeMb = placed(used);
  write('ours', 8);
  used.mb += 8 + 1_000;
  expect(freeMb()).toBe(24);
  used.mb += 500;
  expect(freeMb()).toBe(24);
  used.mb -= 1_200;
  expect(freeMb()).toBe(24);
});

test('what a service puts there itself counts, from look to look and up to the bound', () => {
  const used = { mb: 100 };
  const freeMb = placed(used);
  const left: number[] = [];
  for (let index = 0; index < 5; index++) {
    write(`file-${index}`, 8);
    used.mb += 8;
    left.push(freeMb());
  }
  expect(left).toEqual([24, 16, 8, 0, 0]);
  rmSync(join(place, 'below'), { recursive: true });
  used.mb -= 40;
  expect(freeMb()).toBe(32);
});

test('a file of two names counts once, and there is no more room than the file system has', () => {
  const used = { mb: 100 };
  write('one', 8);
  linkSync(join(place, 'below/one'), join(place, 'below/other'));
  used.mb += 1_000;
  expect(placed({ mb: 100 })()).toBe(32);
  const freeMb = placed(used);
  used.mb += 1_000;
  expect(freeMb()).toBe(24);
  expect(placed(used, { free: () => ({ bytes: 3 * MB, files: 10 }) })()).toBe(3);
});
