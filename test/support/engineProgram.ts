import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/**
 * What runs our engine over an OCI runtime, built as the product is: each step of a container is a process of it. To be
 * called while tests are collected: it is removed after the last one.
 */
export async function engineProgram(): Promise<readonly [string, ...string[]]> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-engine-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, 'engine.mjs');
  await build({ entryPoints: [fileURLToPath(new URL('engineEntry.ts', import.meta.url))], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
  return [process.execPath, outfile];
}
