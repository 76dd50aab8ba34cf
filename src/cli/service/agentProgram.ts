import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : '../main.js', import.meta.url));

/** Words that run an agent of this build on this machine. */
export function agentProgram(): readonly [string, ...string[]] {
  return [process.execPath, ...process.execArgv, CLI, 'agent'];
}
