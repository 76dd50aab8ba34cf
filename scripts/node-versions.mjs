// Other releases of Node.js, from the npm registry: the packages node-<platform>-<architecture> hold the binary itself,
// without a script that fetches it.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Lines of Node.js that are supported beside the oldest, under which all of `./check` runs. */
export const OTHER_MAJORS = [22, 24];

const CACHE = resolve(import.meta.dirname, '../node_modules/.cache/linarite');
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * The directory with the newest `node` of a line in it, kept beside the installed packages.
 * Throws with the reason when it cannot be had, for example without a network.
 */
export async function nodeDirectory(major) {
  const name = `node-${platform()}-${arch()}`;
  const prefix = join(CACHE, `node-${major}`);
  const directory = join(prefix, 'node_modules', name, 'bin');
  if (existsSync(join(directory, 'node'))) return directory;
  mkdirSync(prefix, { recursive: true });
  const env = { ...process.env, NODE_ENV: '', npm_config_prefix: undefined };
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  try {
    await promisify(execFile)('npm', ['install', '--prefix', prefix, ...flags, `${name}@${major}`], { env, timeout: INSTALL_TIMEOUT_MS, cwd: prefix });
  } catch (error) {
    rmSync(prefix, { recursive: true, force: true });
    throw new Error(`${name}@${major} of the registry: ${String(error.stderr ?? error.message).trim().split('\n')[0]}`, { cause: error });
  }
  return directory;
}
