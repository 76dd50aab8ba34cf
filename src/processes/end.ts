import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../base/errors.ts';
import { type ProcessIdentity, isRunning } from './identity.ts';

/** One step of ending a process: the signal and how long it may take to work, in milliseconds. */
export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
}

const POLL_MS = 10;

/**
 * Sends the signals in turn until the process is gone. Nobody is told of the end of a process that is not our child, so
 * this looks each `pollMs` milliseconds (default: 10). Returns the signal that did it, or undefined when the process
 * was gone already. Throws when the process outlives the last step (it may belong to another user, or hang in the
 * kernel).
 */
export async function endProcess(identity: ProcessIdentity, steps: readonly EndStep[], pollMs = POLL_MS): Promise<NodeJS.Signals | undefined> {
  if (!isRunning(identity)) return undefined;
  for (const step of steps) {
    sendSignal(identity, step.signal);
    if (await waitUntil(() => !isRunning(identity), step.waitMs, undefined, pollMs)) return step.signal;
  }
  const sent = steps.map((step) => step.signal).join(', ');
  throw new Error(`process ${identity.pid} did not end after ${sent}`);
}

/**
 * Looks each `pollMs` milliseconds (default: 10) whether a condition holds; false when it did not within `timeoutMs`.
 */
export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number, signal?: AbortSignal, pollMs = POLL_MS): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Signals exactly this process; one that is gone in the meantime is no error. */
function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
