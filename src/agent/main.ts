import { existsSync, writeSync } from 'node:fs';
import { sayBooted } from './booted.ts';
import { CONTAINER_ENGINE } from './containers/engine.ts';
import { SERVE_CONTAINER } from './fileSystems/container/words.ts';
import { messageOf } from './failures.ts';
import { type AgentOptions, readOptions } from './options.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * `linarite agent`: the whole life of an agent process. Its configuration comes from the file that
 * LINARITE_AGENT_CONFIG names, else from standard input. SIGTERM and SIGINT end its tasks and then itself.
 */
export async function agentMain(): Promise<never> {
  const engine = process.argv.indexOf(CONTAINER_ENGINE);
  if (engine >= 0 && engine <= LAST_OF_OURS) return engineOf(process.argv.slice(engine + 1));
  if (process.argv.at(-1) === SERVE_CONTAINER) return serveOne();
  const file = process.env['LINARITE_AGENT_CONFIG'];
  const options = readOptions(file);
  // Tasks inherit neither our environment nor our umask by chance.
  process.umask(0o022);
  if (process.geteuid?.() === 0) process.setgroups?.([]);
  const leave = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => leave.abort());
  const readAddress = (): AgentOptions => (file !== undefined && existsSync(file) ? readOptions(file) : options);
  // What is none of these loads nothing of a node: each step of a container is a process.
  const { runNode } = await import('./node.ts');
  // Of nodes that are asked for nothing none pays for a watchdog.
  await runNode(options, readAddress, leave.signal, { onBooted: sayBooted, onFirstAsk: startWatchdog });
  process.exit(0);
}

/** Of the words of a process: what follows may be a task's. */
const LAST_OF_OURS = 3;

/** The same program, for one call of the engine for containers: see `containers/runtime/`. */
async function engineOf(words: readonly string[]): Promise<never> {
  process.umask(0o022);
  const { containerEngine } = await import('./containers/runtime/program.ts');
  process.exit(await containerEngine(words));
}

/** The same program, for one container that a pool mounts: see `fileSystems/container/serve.ts`. */
async function serveOne(): Promise<never> {
  process.umask(0o077);
  try {
    const { serveContainer } = await import('./fileSystems/container/serve.ts');
    await serveContainer();
  } catch (error) {
    writeSync(2, `${messageOf(error)}\n`);
    process.exitCode = 1;
  }
  // A read that waits for the kernel would keep `exit` waiting.
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
