import { writeSync } from 'node:fs';

/** The agent's log in its state directory: who starts an agent makes that its standard error. */
export const LOG_NAME = 'agent.log';

/**
 * A line in the agent's log, which is its standard error. On a full disk the line is lost: a log must not end an agent.
 */
export function say(message: string): void {
  try {
    writeSync(2, `${new Date().toISOString()} ${message}\n`);
  } catch {
    // See above.
  }
}
