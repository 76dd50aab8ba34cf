import { EXIT_CODES } from '../failure.ts';
import type { InterruptSetting } from './interrupt.ts';

/** Ctrl-C of this process; asks on its terminal when it has one both ways. */
export function signalsOfThisProcess(): Pick<InterruptSetting, 'listen' | 'giveUp' | 'terminal'> {
  return {
    listen: (interrupted) => {
      process.on('SIGINT', interrupted);
      process.on('SIGTERM', interrupted);
      return () => {
        process.off('SIGINT', interrupted);
        process.off('SIGTERM', interrupted);
      };
    },
    giveUp: () => {
      console.error('given up; what was made is left as it is');
      process.exit(EXIT_CODES.ended);
    },
    ...(process.stdin.isTTY && process.stderr.isTTY ? { terminal: { input: process.stdin, output: process.stderr } } : {}),
  };
}
