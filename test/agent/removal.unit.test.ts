import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeBusyTree } from '../../src/agent/removal.ts';

test('a tree goes as a whole, also where somebody writes into it while it goes', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'linarite-removal-')), 'tree');
  mkdirSync(directory);
  for (let index = 0; index < 5_000; index++) writeFileSync(join(directory, String(index)), '');
  const writer = spawn('/bin/sh', ['-c', 'echo ready; while [ -e "$1/100" ]; do :; done; : > "$1/late"', 'sh', directory], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(writer.stdout, 'data');
  removeBusyTree(directory);
  await once(writer, 'close');
  expect(existsSync(directory)).toBe(false);
});
