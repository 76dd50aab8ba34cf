import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mustRun, run, startLinarite, type Instance } from '../support/linarite.ts';

/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const present = (await run(PYTHON, ['-c', 'import azure.batch']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: python3-azure is not installed');

describe.skipIf(!present)("Debian's python3-azure, unmodified", () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startLinarite();
  });
  afterAll(() => instance.purge());

  test('pool, job, 100 tasks, wait, read stdout, pages, ranges, ETags, a collection too large for one request, delete', async () => {
    const env = { ...(await instance.env()) };
    const { stdout } = await mustRun(PYTHON, [join(import.meta.dirname, 'flow.py')], { env, timeoutMs: 120_000 });
    expect(stdout.trim()).toBe('done');
  }, 130_000);
});
