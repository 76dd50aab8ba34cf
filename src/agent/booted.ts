import { closeSync } from 'node:fs';

/** Names the descriptor by which whoever started the agent learns that it has booted: a pipe, closed then. */
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
