import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { LAUNCHER, run } from '../support/linarite.ts';

/** Debian's, which has azure-batch. */
const PYTHON = '/usr/bin/python3';

test.skipIf(!existsSync(PYTHON))('a test in Python starts the same: its own tests hold', { timeout: 180_000 }, async () => {
  const { code, stderr } = await run(PYTHON, ['-m', 'unittest', 'discover', '-s', 'tests'], { cwd: resolve(import.meta.dirname, '../../python'), env: { LINARITE_COMMAND: LAUNCHER, PYTHONDONTWRITEBYTECODE: '1' }, timeoutMs: 170_000 });
  expect(stderr).toMatch(/^OK$/m);
  expect(code).toBe(0);
});
