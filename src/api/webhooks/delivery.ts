import { setTimeout as sleep } from 'node:timers/promises';
import { advanceWebhook, failWebhook, logDelivery, type WebhookRow } from '../../store/intents/webhooks.ts';
import type { Position } from '../../store/transitions.ts';
import { cloudEvent, gapEvent, type CloudEvent, type Told } from '../events/cloudEvent.ts';
import { positionText } from '../events/position.ts';
import { matcher, type Selection } from '../events/selection.ts';
import { beforeOf } from '../events/stream.ts';
import type { Tail } from '../events/tail.ts';
import { backOffMs, givenUp } from './backOff.ts';
import type { DelivererOptions } from './deliverer.ts';
import { postMessage } from './message.ts';

/** So many are on their way to an endpoint at once. */
const AT_ONCE = 8;
const IDLE_MS = 15_000;

/** Who runs it. */
export interface Control {
  readonly signal: AbortSignal;
  /** It waits until an attempt is due, or does so no more. */
  readonly onPause: (isPausing: boolean) => void;
}

/**
 * Tells one endpoint what it wants to hear, until `signal` aborts, it is disabled, or the database fails. Events go out
 * in order, a few at once, and where all up to one were taken is kept in the database: so each is delivered at least
 * once, whatever dies in between. While one is not taken, none after those on their way is sent.
 */
export async function deliver(webhook: WebhookRow, tail: Tail, options: DelivererOptions, { signal, onPause }: Control): Promise<void> {
  const matches = matcher(JSON.parse(webhook.selection) as Selection);
  const run: Run = { webhook, options, signal, onPause, attempts: webhook.attempts, failingSince: webhook.failingSince };
  await pause(run, webhook.nextAt - options.wallClock());
  let position: Position = webhook;
  while (!signal.aborted) {
    const { told, isGap, next } = await tail.after(position, IDLE_MS, signal);
    if (isGap && !(await taken(run, [gapEvent(webhook.accountName, beforeOf(told[0], next), options.clock())]))) return;
    const chosen = told.filter(({ transition }) => matches(transition));
    for (let from = 0; from < chosen.length; from += AT_ONCE) {
      const some = chosen.slice(from, from + AT_ONCE);
      if (!(await taken(run, some.map((one) => cloudEvent(webhook.accountName, one))))) return;
      await reach(run, some.at(-1));
    }
    if (positionText(next) === positionText(position)) continue;
    position = next;
    await advanceWebhook(options.database, webhook.webhook, position);
  }
}

interface Run extends Control {
  readonly webhook: WebhookRow;
  readonly options: DelivererOptions;
  attempts: number;
  failingSince: number | null;
}

async function reach({ webhook, options }: Run, last: Told | undefined): Promise<void> {
  if (last !== undefined) await advanceWebhook(options.database, webhook.webhook, last.position);
}

/** Whether all were, in the end; else nobody tries any more. */
async function taken(run: Run, events: readonly CloudEvent[]): Promise<boolean> {
  let left = events;
  while (!run.signal.aborted) {
    const failed = (await Promise.all(left.map((event) => attempt(run, event)))).flatMap((one) => one ?? []);
    if (run.signal.aborted) return false;
    const [first] = failed;
    if (first === undefined) {
      run.attempts = 0;
      run.failingSince = null;
      return true;
    }
    if (!(await tryAgain(run, first))) return false;
    left = failed.map(({ event }) => event);
  }
  return false;
}

interface Failed {
  readonly event: CloudEvent;
  readonly status: number | null;
  readonly error: string;
}

/** null: it was taken. */
async function attempt({ webhook, options, signal, attempts }: Run, event: CloudEvent): Promise<Failed | null> {
  const { database, sealing, wallClock, mayBePrivate, resolve } = options;
  const begunAt = performance.now();
  const { secret } = sealing.open(webhook.secret) as { readonly secret: string };
  const { status, error } = await postMessage({ url: webhook.url, secret, event, now: wallClock(), mayBePrivate, signal, ...(resolve === undefined ? {} : { resolve }) });
  if (signal.aborted) return null;
  await logDelivery(database, webhook.webhook, { event: event.id, type: event.type, at: wallClock(), attempt: attempts + 1, tookMs: Math.round(performance.now() - begunAt), status, error });
  return error === null ? null : { event, status, error };
}

/** Waits until the next attempt is due; false: there is none. */
async function tryAgain(run: Run, { status, error }: Failed): Promise<boolean> {
  const { webhook, options } = run;
  const { database, wallClock, random, log } = options;
  const now = wallClock();
  run.attempts += 1;
  run.failingSince ??= now;
  const disabledReason = givenUp({ failingSince: run.failingSince, now, status, error });
  const waitMs = backOffMs(run.attempts, random());
  await failWebhook(database, webhook.webhook, { now, attempts: run.attempts, nextAt: now + waitMs, disabledReason });
  if (disabledReason !== null) {
    log.warn({ account: webhook.accountName, webhook: webhook.webhook, reason: disabledReason }, 'a webhook was disabled');
    return false;
  }
  await pause(run, waitMs);
  return true;
}

async function pause({ signal, onPause }: Control, ms: number): Promise<void> {
  if (ms <= 0) return;
  onPause(true);
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  onPause(false);
}
