import type { Readable } from 'node:stream';
import type { Accounts } from './accounts.ts';

/** What may end without anybody here being told (a token that expires, a change in another process) ends so soon. */
const LOOK_EVERY_MS = 5_000;

export interface StandingOptions {
  readonly accounts: Pick<Accounts, 'listen'>;
  /** Whether who asked for the body may still have it. What it throws says nothing: the next look does. */
  readonly mayStill: () => Promise<boolean>;
}

/**
 * Breaks a body that goes on for ever off as soon as who asked for it may have it no more: their key is replaced, their
 * role or session gone, their account deleted or closed to their address.
 */
export function whileStanding(body: Readable, { accounts, mayStill }: StandingOptions): Readable {
  let isLooking = false;
  let isAskedAgain = false;
  const look = async (): Promise<void> => {
    if (isLooking) {
      isAskedAgain = true;
      return;
    }
    isLooking = true;
    do {
      isAskedAgain = false;
      if (!(await mayStill().catch(() => true))) body.destroy();
    } while (isAskedAgain && !body.destroyed);
    isLooking = false;
  };
  const stop = accounts.listen(() => void look());
  const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref();
  body.once('close', () => {
    stop();
    clearInterval(timer);
  });
  return body;
}
