import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { linarite, mustRun } from './linarite.ts';

/** The command line of some release. */
export type Release = typeof linarite;

const ROOT = resolve(import.meta.dirname, '../..');
const OLDER_VERSION = '0.0.1';

/** The version of this one. */
export const THIS_VERSION = versionIn(ROOT);

/**
 * A release before this one: what LINARITE_EARLIER names (docs/releases.md), else this build under an older version,
 * put into `directory`.
 */
export async function earlierRelease(directory: string): Promise<{ readonly version: string; readonly release: Release }> {
  const given = process.env['LINARITE_EARLIER'];
  // It builds what is missing.
  if (given === undefined) await linarite(['--version']);
  const root = given ?? copyOfThis(directory);
  return { version: versionIn(root), release: (args, options = {}) => mustRun(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { timeoutMs: 120_000, ...options }) };
}

function copyOfThis(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  cpSync(join(ROOT, 'dist'), join(directory, 'dist'), { recursive: true });
  if (existsSync(join(ROOT, 'node_modules'))) symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ ...(manifest as object), version: OLDER_VERSION }));
  return directory;
}

function versionIn(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }).version;
}
