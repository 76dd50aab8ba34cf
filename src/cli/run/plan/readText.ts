import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { RunError } from '../failure.ts';

/**
 * All that a stream holds. Standard input may never end: Ctrl-C does not wait for it. @throws RunError ended, when the
 * signal is aborted first
 */
export function readText(stream: Readable, signal: AbortSignal): Promise<string> {
  // Destroyed, so that it keeps no process alive.
  signal.addEventListener('abort', () => stream.destroy(new RunError('ended', 'ended before anything was started')));
  return text(stream);
}
