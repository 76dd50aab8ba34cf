import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { EXIT_CODES } from '../failure.ts';

/** What the user wants done with the job after Ctrl-C. */
export type Decision = 'leave' | 'end';

export interface Interrupts {
  /** Aborted once a decision has been made. */
  readonly signal: AbortSignal;
  decision(): Decision | undefined;
  /** While the question stands on the screen nothing may be written over it. */
  asking(): boolean;
  /** Before this a Ctrl-C ends the run without a question: there is no job yet. */
  jobExists(): void;
  close(): void;
}

export interface InterruptSetting {
  /** Calls back on each Ctrl-C (SIGINT) or SIGTERM; returns what stops that. */
  readonly listen: (interrupted: () => void) => () => void;
  /** The terminal to ask on; without one the job is ended. */
  readonly terminal?: { readonly input: Readable; readonly output: Writable };
  /** Takes off the screen what stands in the line to be written. */
  readonly clear: () => void;
  /** Called on a Ctrl-C after it was decided to end: gives up at once, whatever is left behind. */
  readonly giveUp: () => void;
}

/**
 * Ctrl-C: on a terminal it asks whether to leave the job running, to end it, or to go on; another Ctrl-C ends it at
 * once. Without a terminal nobody could answer: the job is ended. Ending takes requests to the service, which may not
 * answer: one more Ctrl-C gives up.
 */
export function listenForInterrupts({ listen, terminal, clear, giveUp }: InterruptSetting): Interrupts {
  const controller = new AbortController();
  let decision: Decision | undefined;
  let job = false;
  let asking: { close(): void } | undefined;
  const decide = (made: Decision): void => {
    asking?.close();
    asking = undefined;
    decision ??= made;
    controller.abort();
  };
  const interrupted = (): void => {
    if (decision !== undefined) {
      clear();
      return giveUp();
    }
    if (!job || terminal === undefined || asking !== undefined) return decide('end');
    clear();
    asking = ask(terminal.input, terminal.output, interrupted, (answer) => {
      asking = undefined;
      if (answer !== 'wait') decide(answer);
    });
  };
  const stop = listen(interrupted);
  return {
    signal: controller.signal,
    decision: () => decision,
    asking: () => asking !== undefined,
    jobExists: () => {
      job = true;
    },
    close: () => {
      asking?.close();
      stop();
    },
  };
}

const QUESTION = 'Leave the job running (l), end it (e), or go on waiting (w)? ';

/** Asks until the answer is one of the three. On a terminal in raw mode a Ctrl-C reaches `interrupted` through here. */
function ask(input: Readable, output: Writable, interrupted: () => void, answered: (answer: Decision | 'wait') => void): { close(): void } {
  const lines = createInterface({ input, output });
  const answers: Readonly<Record<string, Decision | 'wait'>> = { l: 'leave', leave: 'leave', e: 'end', end: 'end', w: 'wait', wait: 'wait' };
  lines.on('SIGINT', interrupted);
  lines.on('line', (line) => {
    const answer = answers[line.trim().toLowerCase()];
    if (answer === undefined) return lines.prompt();
    lines.close();
    answered(answer);
  });
  lines.setPrompt(QUESTION);
  output.write('\n');
  lines.prompt();
  return lines;
}

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
