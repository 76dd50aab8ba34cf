import { describe, expect, test } from 'vitest';
import { LAUNCHER, run } from '../support/linarite.ts';

describe.skipIf(process.env['LINARITE_CHECK_ALL'] === undefined)('a drill of a region outage (needs --all)', () => {
  test('loses one of two services, and each task has one result', { timeout: 180_000 }, async () => {
    const { code, stdout, stderr } = await run(LAUNCHER, ['drill', 'region-outage', '--seed', '5', '--json'], { timeoutMs: 170_000 });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ seed: 5, passed: true, tasks: 16, results: 16, faults: [], noticedAfterSeconds: expect.any(Number) });
  });
});
