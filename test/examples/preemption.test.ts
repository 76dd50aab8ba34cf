import { expect, test } from 'vitest';
import { runExample } from '../support/examples.ts';

test('primes are found on nodes that are taken back: their tasks go on from checkpoints', { timeout: 300_000 }, async () => {
  const { stdout } = await runExample('preemption', ['--exponents', '23209,9941,20011,21701', '--preemptions', '1']);
  const rows = stdout.split('\n').filter((line) => /^ +\d/.test(line)).map((line) => /^ +(\d+) +is (prime|not) +(\d+) +(\d+) +(\d+|–)$/.exec(line)?.slice(1) ?? []);
  // Known since 1971 and before.
  expect(rows.map(([exponent, verdict]) => [exponent, verdict])).toEqual([['23209', 'prime'], ['9941', 'prime'], ['20011', 'not'], ['21701', 'prime']]);
  for (const [exponent, , , iterations] of rows) expect(Number(iterations)).toBe(Number(exponent) - 2);
  const interrupted = rows.filter(([, , runs]) => Number(runs) > 1);
  expect(interrupted.length).toBeGreaterThan(0);
  // Told that its node goes, a task writes what it has: it does not begin anew.
  expect(Math.max(...interrupted.map(([, , , , wentOnAt]) => Number(wentOnAt)))).toBeGreaterThan(0);
  expect(stdout).toMatch(/^[1-9]\d* times a node was taken back under a task; /m);
});
