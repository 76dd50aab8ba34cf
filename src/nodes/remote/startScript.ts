import { quoteForShell } from '../../base/shellWords.ts';
import { CONFIG_VARIABLE } from '../local/record.ts';

export interface AgentStart {
  /** Words that run an agent there: `['node', '/opt/linarite/dist/cli/main.js', 'agent']`. */
  readonly program: readonly [string, ...string[]];
  /** Of the agent's configuration there, mode 0600. */
  readonly configFile: string;
}

/**
 * The last line of a POSIX shell script that becomes the agent: signals of the engine then reach it itself. Nothing
 * secret stands in it.
 */
export function becomeAgent({ program, configFile }: AgentStart): string {
  return `${CONFIG_VARIABLE}=${quoteForShell(configFile)} exec ${program.map(quoteForShell).join(' ')}`;
}
