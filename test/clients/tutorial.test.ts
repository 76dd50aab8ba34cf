import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeBlocks } from '../../scripts/site/markdown.ts';
import { freePort, LAUNCHER, mustRun, processesNaming } from '../support/linarite.ts';

const PAGE = join(import.meta.dirname, '../../docs/tutorial.md');

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'linarite-tutorial-'));
  // As root, users of tasks have to pass.
  chmodSync(parent, 0o711);
});
afterAll(() => rm(parent, { recursive: true, force: true }));

test('a newcomer who types the tutorial from top to bottom sees what it says, and nothing is left', { timeout: 240_000 }, async () => {
  const clone = join(parent, 'clone');
  const temporary = join(parent, 'temporary');
  mkdirSync(clone);
  mkdirSync(temporary, { mode: 0o711 });
  // As in a clone, but on a port that nobody else has.
  writeFileSync(join(clone, 'linarite'), `#!/bin/sh\nif [ "$1" = up ]; then set -- "$@" --port ${await freePort()}; fi\nexec '${LAUNCHER}' "$@"\n`, { mode: 0o755 });
  const script = codeBlocks(readFileSync(PAGE, 'utf8')).map(({ text, language }) => (language === 'sh' ? text : '')).join('');
  const { stdout } = await mustRun('bash', ['-euo', 'pipefail', '-c', script], { cwd: clone, env: { TMPDIR: temporary }, timeoutMs: 220_000 });
  for (const line of ['[below-10000] 1229', '[below-20000] 2262', '[below-30000] 3245']) expect(stdout).toContain(line);
  expect(stdout).toContain('one of them failed');
  expect(stdout).toContain('The task has failed with exit code 3');
  expect(stdout).toContain('The task needs 2 slots on one node; nodes of pool first have 1.');
  expect(stdout).toContain('THE TEXT OF ONE\nTHE TEXT OF THREE\nTHE TEXT OF TWO\n');
  expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\//);
  expect(processesNaming(temporary)).toEqual([]);
});
