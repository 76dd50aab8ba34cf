import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodePng } from '../cli/demo/decodePng.ts';
import { placeForOutput, runExample } from '../support/examples.ts';

/** Without root nodes share one network, and Open MPI takes them for one host. */
const canRun = process.getuid?.() === 0 && ['mpicc', 'mpirun'].every((program) => spawnSync(program, ['--version']).status === 0);

test.skipIf(!canRun)('heat spreads over three nodes together, with the error that theory has (needs Open MPI and root)', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const { stdout } = await runExample('mpi-heat', ['--size', '96', '--to', place.path]);
  const ranks = [...stdout.matchAll(/^ +(\d) {2}(tvmps_\w+) +(\d+)$/gm)].map(([, rank, node, rows]) => ({ rank, node, rows }));
  expect(ranks.map(({ rank, rows }) => [rank, rows])).toEqual([['0', '32'], ['1', '32'], ['2', '32']]);
  expect(new Set(ranks.map(({ node }) => node)).size).toBe(3);
  const [order = 0, , middle = 0, last = 0] = /order of convergence ([\d.]+), .* point ([\d.]+), ([\d.]+), ([\d.]+)/.exec(stdout)?.slice(1).map(Number) ?? [];
  expect(order).toBeGreaterThan(1.9);
  expect(order).toBeLessThan(2.1);
  // What is hot gets cooler, and nothing gets hotter.
  expect(middle).toBeLessThan(0.9);
  expect(last).toBeLessThan(middle);

  const { width, height, pixels } = decodePng(readFileSync(join(place.path, 'heat.png')));
  expect([width, height]).toEqual([3 * 192 + 2 * 8, 192]);
  const red = (frame: number, x: number, y: number): number => pixels[(y * width + frame * 200 + x) * 3] ?? -1;
  // Between ring and bar it is cold at first, and warm at last; the ring is hot on its top, its right, in both bands.
  expect(red(0, 135, 60)).toBeLessThan(20);
  expect(red(2, 135, 60)).toBeGreaterThan(100);
  expect([red(0, 96, 32), red(0, 160, 96), red(0, 96, 160)].every((value) => value > 200)).toBe(true);
});
