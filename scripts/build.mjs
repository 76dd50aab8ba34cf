// Builds dist/: the compiler and what it leaves to do, and beside them the blob server's bundle, which takes as long.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ended = await Promise.all([compile(), run(process.execPath, '--import', 'tsx', 'scripts/bundle-blob-server.ts')]);
process.exitCode = Math.max(...ended);

async function compile() {
  return (await run(join('node_modules', '.bin', 'tsc'), '-p', 'tsconfig.build.json')) || run(process.execPath, 'scripts/finish-build.mjs');
}

/** The program's exit code; 1 if it could not be started or was killed. */
function run(program, ...args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
