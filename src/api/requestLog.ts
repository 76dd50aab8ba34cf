import type { Logger } from 'pino';
import { isNoRoom } from '../processes/noRoom.ts';
import { isUnavailable } from '../store/intents/statement.ts';
import { BatchError } from '../wire/errors.ts';

/** A request that was answered, as the log tells of it. */
export interface Answered {
  /** What the client saw as header `request-id`. */
  readonly requestId: string;
  readonly method: string;
  /** Without query: a link that a client took for one of ours may be signed there. */
  readonly path: string;
  readonly status: number;
  /** The error behind an error answer; undefined: nothing was thrown. */
  readonly thrown: unknown;
  /** From the request to its answer. */
  readonly tookMs: number;
  /** The part of it spent on waiting for others: the client's body, the owner's turn, a task's end, a node's files. */
  readonly waitedMs: number;
}

/** The log tells of a request that took us longer than this, waits for others left out. */
const SLOW_MS = 1_000;

/**
 * One line for each answer above 499, and for each that took us long; for all others at level debug. Throws what the
 * log throws.
 */
export function logAnswer(log: Logger, answered: Answered): void {
  const { status, thrown, tookMs, waitedMs } = answered;
  const level = levelOf(answered);
  if (!log.isLevelEnabled(level)) return;
  const { requestId, method, path } = answered;
  const times = { tookMs: Math.round(tookMs), ...(waitedMs >= 1 ? { waitedMs: Math.round(waitedMs) } : {}) };
  const fields = { requestId, method, path: withoutQuery(path), status, ...codeOf(thrown), ...times, ...reasonOf(thrown) };
  log[level](fields, status >= 500 ? 'request failed' : isSlow(answered) ? 'slow request' : 'request answered');
}

function levelOf(answered: Answered): 'debug' | 'warn' | 'error' {
  if (answered.status >= 500) return answered.status === 500 ? 'error' : 'warn';
  return isSlow(answered) ? 'warn' : 'debug';
}

function isSlow({ tookMs, waitedMs }: Answered): boolean {
  return tookMs - waitedMs > SLOW_MS;
}

/** A question mark that was encoded by mistake hides a query as well. */
function withoutQuery(path: string): string {
  return path.split(/\?|%3f/i)[0] ?? '';
}

function codeOf(thrown: unknown): { readonly code?: string } {
  return (thrown instanceof BatchError ? { code: thrown.code } : {});
}

/** Why it failed, where that is no word of Batch. What is known to pass needs no stack. */
function reasonOf(thrown: unknown): { readonly reason?: string; readonly error?: unknown } {
  if (thrown === undefined || thrown instanceof BatchError) return {};
  if (isUnavailable(thrown)) return { reason: 'the database cannot be reached' };
  if (isNoRoom(thrown)) return { reason: 'there is no room to write' };
  return { error: thrown };
}
