import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { documentedSeed, SEED_FILES } from '../../api/seed/support.ts';
import { run } from '../../support/linarite.ts';
import { dataDirectories, getBlob, env, LAUNCHER, status } from './services.ts';

const directories = dataDirectories();

function linarite(...args: readonly string[]) {
  return run(LAUNCHER, args, { timeoutMs: 120_000 });
}

test('a service that is started with a seed has all of it when it is ready, once more too, and one whose seed is refused ends with the reason', async () => {
  const dataDir = directories.ofTest('seeded');
  const beside = join(directories.parent, 'beside');
  mkdirSync(beside);
  cpSync(SEED_FILES, beside, { recursive: true });
  const file = join(beside, 'seed.yaml');
  writeFileSync(file, documentedSeed());
  const up = (...more: readonly string[]) => linarite('up', '--detach', '--data-dir', dataDir, '--seed', file, ...more);

  expect(await up('--port', '0')).toMatchObject({ code: 0, stderr: expect.stringMatching(/created {4}pool work\n.*16 created\n/s) });
  expect(await getBlob(await env(dataDir), 'words', 'list.txt')).toBe('one two three\n');
  expect(await linarite('seed', file, '--data-dir', dataDir)).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n16 unchanged\n$/) });
  expect(await up()).toMatchObject({ code: 0, stdout: expect.stringContaining('16 unchanged') });

  writeFileSync(file, documentedSeed().replace('taskSlotsPerNode: 2', 'taskSlotsPerNode: 3'));
  expect(await linarite('seed', file, '--data-dir', dataDir)).toMatchObject({ code: 1, stdout: expect.stringMatching(/differs {4}pool work: taskSlotsPerNode \[.*seed\.yaml:34\]\n/) });
  expect(await linarite('down', '--data-dir', dataDir)).toMatchObject({ code: 0 });
  expect(await up('--port', '0')).toMatchObject({ code: 1, stderr: expect.stringMatching(/not all of .*seed\.yaml is there as it says:\n.*differs {4}pool work: taskSlotsPerNode/s) });
  expect((await status(dataDir)).state).not.toBe('ready');
});
