import { expect, test } from 'vitest';
import { runExample } from '../support/examples.ts';

/** So far off is one price in 15,000. */
const STANDARD_ERRORS = 4;

test('prices of options by simulation are those of Black and Scholes, within their errors', { timeout: 300_000 }, async () => {
  const { stdout, stderr } = await runExample('monte-carlo', [], { env: { PATHS_A_TASK: '2000' } });
  const rows = stdout.split('\n').filter((line) => /^ *\d+ /.test(line)).map((line) => line.trim().split(/ +/).map(Number));
  expect(rows.map(([strike, samples]) => [strike, samples])).toEqual([80, 90, 100, 110, 120].map((strike) => [strike, 8_000]));
  for (const [, , price = 0, error = 0, exact = 0, , asian = 0, asianError = 0] of rows) {
    expect(Math.abs(price - exact)).toBeLessThan(STANDARD_ERRORS * error);
    expect(error).toBeLessThan(0.2);
    // A mean of the path varies less than its end.
    expect(asian).toBeLessThan(price);
    expect(asianError).toBeLessThan(error);
  }
  // The table, where d1 and d2 are looked up by hand: spot 100, strike 100, 3 %, 25 %, a year.
  expect(rows[2]?.[4]).toBeCloseTo(11.3485, 4);
  expect(stderr).toMatch(/USD|dollars/);
});
