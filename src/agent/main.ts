import { existsSync } from 'node:fs';
import { sayBooted } from './booted.ts';
import { runNode } from './node.ts';
import { type AgentOptions, readOptions } from './options.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * `linarite agent`: the whole life of an agent process. Its configuration comes from the file that
 * LINARITE_AGENT_CONFIG names, else from standard input. SIGTERM and SIGINT end its tasks and then itself.
 */
export async function agentMain(): Promise<never> {
  const file = process.env['LINARITE_AGENT_CONFIG'];
  const options = readOptions(file);
  // Tasks inherit neither our environment nor our umask by chance.
  process.umask(0o022);
  if (process.geteuid?.() === 0) process.setgroups?.([]);
  const leave = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => leave.abort());
  const readAddress = (): AgentOptions => (file !== undefined && existsSync(file) ? readOptions(file) : options);
  // Of nodes that are asked for nothing none pays for a watchdog.
  await runNode(options, readAddress, leave.signal, { onBooted: sayBooted, onFirstAsk: startWatchdog });
  process.exit(0);
}
