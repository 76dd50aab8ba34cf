import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What a terminal and a supervisor send: the program ends by it, and we follow it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program in our place: with our terminal, our signals, and its exit status as a shell has it. Rejects when it
 * cannot be run.
 */
export function runInOurPlace(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: environment });
    const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, passOn);
    const over = (settle: () => void): void => {
      for (const signal of SIGNALS) process.off(signal, passOn);
      settle();
    };
    child.once('error', (error) => over(() => reject(error)));
    child.once('exit', (code, signal) => over(() => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])));
  });
}
