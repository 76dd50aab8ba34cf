import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { placeForOutput, runExample } from '../support/examples.ts';

const TRAIN = resolve(import.meta.dirname, '../../examples/training/train.py');
const LITTLE = ['--samples', '300', '--pictures', '60'];
/** Sums in another order differ in their last bits. */
const ROUNDING = 1e-4;

interface Epoch {
  readonly epoch: number;
  readonly loss: number;
}

function epochsIn(stdout: string): Epoch[] {
  return [...stdout.matchAll(/^ +(\d+) {2}([\d.]+) +[\d.]+ %/gm)].map(([, epoch, loss]) => ({ epoch: Number(epoch), loss: Number(loss) }));
}

test('three nodes that go on from a checkpoint learn what one does that never stops, and shards read each picture once', { timeout: 600_000 }, async () => {
  await using place = placeForOutput();
  const model = join(place.path, 'model.json');
  const begun = await runExample('training', ['--epochs', '2', ...LITTLE, '--to', place.path]);
  expect(begun.stdout).toContain('3 ranks, 300 pictures');
  expect(JSON.parse(readFileSync(model, 'utf8'))).toMatchObject({ epochs: 2 });
  const goneOn = await runExample('training', ['--epochs', '4', ...LITTLE, '--from', model, '--to', place.path]);
  const together = [...epochsIn(begun.stdout), ...epochsIn(goneOn.stdout)];

  const alone = spawnSync('python3', [TRAIN, '--epochs', '4', '--samples', '300'], { cwd: place.path, encoding: 'utf8' });
  const expected = epochsIn(alone.stdout);
  expect(expected, alone.stderr).toHaveLength(4);
  expect(together.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  for (const [at, { loss }] of expected.entries()) expect(Math.abs((together[at]?.loss ?? 0) - loss)).toBeLessThan(ROUNDING);
  expect(together[3]?.loss).toBeLessThan((together[0]?.loss ?? 0) * 0.9);

  expect(goneOn.stdout).toMatch(/^60 pictures in 8 shards, [\d.]+ % read right$/m);
  const table = [...goneOn.stdout.matchAll(/^ {4}\d {1}(.{50}) +[\d.]+ %$/gm)].flatMap(([, row = '']) => row.trim().split(/ +/));
  expect(table).toHaveLength(100);
  expect(table.reduce((sum, count) => sum + (count === '.' ? 0 : Number(count)), 0)).toBe(60);
});

test('a checkpoint that is not there, and a number of nodes that does not divide a batch, are refused before anything starts', { timeout: 120_000 }, async () => {
  expect((await runExample('training', ['--from', '/nowhere/model.json'], { code: 2 })).stderr).toBe('there is no model at /nowhere/model.json\n');
  expect((await runExample('training', ['--nodes', '7'], { code: 2 })).stderr).toContain('--nodes is 2 to 6');
});
