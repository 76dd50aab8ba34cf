import { mkdtempSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runExample } from '../support/examples.ts';

/** A path that has what every machine has, and none of what examples need. */
let bare: string;
beforeAll(() => {
  bare = mkdtempSync(join(tmpdir(), 'linarite-bare-'));
  for (const program of ['bash', 'env', 'dirname', 'node']) symlinkSync(spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim(), join(bare, program));
});
afterAll(() => rm(bare, { recursive: true, force: true }));

test.each([
  ['monte-carlo', 'python3'],
  ['job-manager', 'python3'],
  ['preemption', 'python3'],
  ['sharded-tests', 'python3'],
  ['etl', 'python3'],
  ['kmers', 'python3'],
  ['rendering', 'python3'],
  ['training', 'python3'],
  ['media', 'ffmpeg'],
  ['mpi-heat', 'mpicc'],
])('%s says that %s is missing, and which package has it, before anything is started', async (name, program) => {
  const { stdout, stderr } = await runExample(name, [], { code: 2, env: { PATH: bare } });
  expect(stderr).toMatch(new RegExp(`^this example needs ${program}: apt-get install \\S+ \\(Debian, Ubuntu\\)`));
  expect(stdout).toBe('');
});
