import { expect, test } from 'vitest';
import { runExample } from '../support/examples.ts';

test('k-mers of reads say how long the genome is, what is there twice, and how often the sequencer errs', { timeout: 300_000 }, async () => {
  const { stdout } = await runExample('kmers', ['--genome', '20000', '--coverage', '30']);
  const [words, different, depth] = /^(\d+) words in all, (\d+) different; .* covered ([\d.]+) times$/m.exec(stdout)?.slice(1).map(Number) ?? [];
  // Of a read of 100 bases there are 80 words of 21.
  expect(words).toBe((20_000 * 30 * 80) / 100);
  expect(different).toBeGreaterThan(18_000);
  const [length = 0, twice = 0, errors] = /about (\d+) bases, (\d+) % .* ([\d.]+) % of bases$/m.exec(stdout)?.slice(1).map(Number) ?? [];
  expect(Math.abs(length - 20_000)).toBeLessThan(1_000);
  expect(Math.abs(twice - 20)).toBeLessThan(6);
  expect(errors).toBeCloseTo(1, 1);
  // 30 times 0.8 words a base, of which those without an error are left: 0.99 to the power of 21.
  expect(depth).toBeCloseTo(30 * 0.8 * 0.99 ** 21, 0);
});

test('a genome that is shorter than some reads is refused', { timeout: 120_000 }, async () => {
  expect((await runExample('kmers', ['--genome', '500'], { code: 1 })).stderr).toContain('a genome has 1000 bases at least');
});
