import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { type Finished, processesNaming, run } from './linarite.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
/** On a busy machine many times what a README says. */
const WITHIN_MS = 280_000;

/** A directory for what an example puts out. `await using` removes it. */
export function placeForOutput(): { readonly path: string } & AsyncDisposable {
  const path = mkdtempSync(join(tmpdir(), 'linarite-out-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Runs `./run WORDS…` of an example as somebody would who has no account: with a service of its own. Holds that it ends
 * with `code` (default 0), and leaves nothing where temporary files lie, and no process.
 */
export async function runExample(name: string, words: readonly string[] = [], { code = 0, env = {} }: { readonly code?: number; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Finished> {
  const temporary = mkdtempSync(join(tmpdir(), 'linarite-ex-'));
  const none = Object.fromEntries(Object.keys(process.env).filter((key) => /^(AZURE|LINARITE)_/.test(key)).map((key) => [key, undefined]));
  try {
    const finished = await run(join(EXAMPLES, name, 'run'), words, { env: { ...none, TMPDIR: temporary, ...env }, timeoutMs: WITHIN_MS });
    expect(finished.code, `${finished.stdout}\n${finished.stderr}`).toBe(code);
    // What Node.js itself keeps of compiled code is no one example's.
    expect(readdirSync(temporary).filter((entry) => entry !== 'node-compile-cache')).toEqual([]);
    expect(processesNaming(temporary)).toEqual([]);
    return finished;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
