import { closeSync } from 'node:fs';

/**
 * The variable with the descriptor of a pipe. The agent closes it when it has booted, and the process that started it
 * sees that.
 */
export const BOOTED_VARIABLE = 'LINARITE_AGENT_BOOTED';

/**
 * Says that this agent has booted: what it costs to start is over. Where no pipe was given (an agent started by hand)
 * nobody waits for it.
 */
export function sayBooted(): void {
  const descriptor = Number(process.env[BOOTED_VARIABLE] ?? Number.NaN);
  delete process.env[BOOTED_VARIABLE];
  if (Number.isInteger(descriptor)) closeSync(descriptor);
}
