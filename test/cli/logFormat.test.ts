import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, run } from '../support/linarite.ts';

// What is built first is told on standard error, too.
beforeAll(() => linarite(['--version']));

const parents: string[] = [];
afterEach(async () => {
  for (const parent of parents.splice(0)) {
    await linarite(['down', '--purge', '--data-dir', join(parent, 'data')]);
    await rm(parent, { recursive: true, force: true });
  }
});

function place(): string {
  const parent = mkdtempSync(join(tmpdir(), 'linarite-log-format-'));
  parents.push(parent);
  return join(parent, 'data');
}

/** A service in the foreground from its start to its end by Ctrl-C; what it has printed to standard error. */
async function printedBy(dataDir: string, ...flags: string[]): Promise<string> {
  const child = spawn(LAUNCHER, ['up', '--data-dir', dataDir, '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const printed = text(child.stderr);
  const output = createInterface(child.stdout);
  for await (const line of output) if (line.includes('Ctrl-C ends it')) break;
  child.kill('SIGINT');
  await once(child, 'close');
  return printed;
}

describe('up in the foreground', () => {
  test('prints the lines of its log as they stand in the file with --log-format json', async () => {
    const dataDir = place();
    const printed = await printedBy(dataDir, '--log-format', 'json');
    expect(printed).toBe(readFileSync(join(dataDir, 'logs', 'service.log'), 'utf8'));
    expect(printed.trimEnd().split('\n').map((line) => (JSON.parse(line) as { readonly msg: string }).msg)).toEqual(expect.arrayContaining(['ready', 'stopping']));
  });

  test('prints them as linarite logs shows them with --log-format text, and nothing of them without', async () => {
    const dataDir = place();
    const printed = await printedBy(dataDir, '--log-format', 'text');
    expect(printed).toBe((await linarite(['logs', '--data-dir', dataDir])).stdout);
    expect(printed).toMatch(/^\S+Z info {2}ready endpoint=http:/m);
    expect(await printedBy(dataDir)).toBe('');
  });

  test('refuses --log-format where nobody reads it, and words that it does not know', async () => {
    const refused = await run(LAUNCHER, ['up', '--detach', '--log-format', 'json', '--data-dir', place()]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--log-format is for a service in the foreground')]);
    const unknown = await run(LAUNCHER, ['up', '--log-format', 'xml', '--data-dir', place()]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('Allowed choices are json, text')]);
  });
});
