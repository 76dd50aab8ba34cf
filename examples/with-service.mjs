#!/usr/bin/env node
// Runs a command with a Batch account: the one that the environment names (AZURE_BATCH_ACCOUNT and its like), or else
// a service of its own, which keeps everything in memory where it can and is gone with the command.
//
//   ./with-service.mjs [--clock virtual] COMMAND [WORDS…]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Of this checkout; it installs packages and builds itself when something is missing. */
const LINARITE = fileURLToPath(new URL('../linarite', import.meta.url));

const words = process.argv.slice(2);
const clock = words[0] === '--clock' ? words.splice(0, 2) : [];
const [command, ...rest] = words;
if (command === undefined) {
  console.error('usage: with-service.mjs [--clock virtual] COMMAND [WORDS…]');
  process.exit(2);
}
process.exitCode = process.env.AZURE_BATCH_ACCOUNT === undefined ? await withOwnService() : await codeOf(process.env);

async function withOwnService() {
  const dataDir = mkdtempSync(join(tmpdir(), 'linarite-example-'));
  const ephemeral = process.platform === 'linux' ? ['--ephemeral'] : [];
  // A group of its own: Ctrl-C is for the command, which cleans up while there is a service.
  const service = spawn(LINARITE, ['up', '--with-parent', '--data-dir', dataDir, '--port', '0', ...ephemeral, ...clock], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(service, 'close');
  try {
    const account = await accountOf(service);
    if (account === undefined) return 3;
    return await codeOf({ ...process.env, ...account, LINARITE_DATA_DIR: dataDir });
  } finally {
    service.stdin.end();
    await ended;
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What the service says in one line of JSON when it is ready; undefined when it ends before. */
async function accountOf(service) {
  for await (const line of createInterface(service.stdout)) if (line.startsWith('{')) return JSON.parse(line);
  return undefined;
}

async function codeOf(env) {
  const child = spawn(command, rest, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  try {
    const [code] = await once(child, 'close');
    return code ?? 1;
  } catch (error) {
    console.error(`${command}: ${error.message}`);
    return 127;
  }
}
