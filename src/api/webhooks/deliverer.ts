import type { Logger } from 'pino';
import type { Instant } from '../../core/keys.ts';
import { webhooksOf, type WebhookRow } from '../../store/intents/webhooks.ts';
import type { Database } from '../../store/intents/statement.ts';
import type { Tails } from '../events/tails.ts';
import type { Sealing } from '../../store/sealing.ts';
import { deliver } from './delivery.ts';
import type { PostOptions } from './post.ts';

export interface DelivererOptions extends Pick<PostOptions, 'mayBePrivate' | 'resolve'> {
  readonly database: Database;
  readonly tails: Tails;
  readonly sealing: Sealing;
  /** Of this process, as it owns accounts: it delivers for these. */
  readonly process: string;
  /** The clock of rows. */
  readonly clock: () => Instant;
  readonly wallClock: () => Instant;
  readonly random: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** What is added, enabled, deleted, or goes to another process, is seen so soon. */
const LOOK_MS = 1_000;

interface Running {
  readonly stop: AbortController;
  /** Its next attempt is not due yet. */
  isPausing: boolean;
}

/**
 * Delivers to the webhooks of the accounts that this process owns. When an account goes to another process, both may
 * deliver for a second: an event may then come twice, and never not at all.
 */
export function startDeliverer(options: DelivererOptions): { stop(): void } {
  const running = new Map<number, Running>();
  let isLooking = false;
  const look = async (): Promise<void> => {
    const rows = await webhooksOf(options.database, options.process);
    const wanted = new Set(rows.map(({ webhook }) => webhook));
    for (const [webhook, { stop }] of running) if (!wanted.has(webhook)) stop.abort();
    for (const row of rows) {
      const known = running.get(row.webhook);
      if (known === undefined) begin(row);
      // Somebody has enabled it: it is tried at once.
      else if (known.isPausing && row.attempts === 0) known.stop.abort();
    }
  };
  const begin = (row: WebhookRow): void => {
    const one: Running = { stop: new AbortController(), isPausing: false };
    running.set(row.webhook, one);
    // What fails is begun anew at the next look, from what the database has.
    void run(row, one)
      .catch((error: unknown) => options.log.warn({ error, webhook: row.webhook }, 'events could not be delivered now'))
      .finally(() => running.delete(row.webhook));
  };
  const run = async (row: WebhookRow, one: Running): Promise<void> => {
    const tail = await options.tails.acquire(row.account);
    try {
      await deliver(row, tail, options, { signal: AbortSignal.any([one.stop.signal, options.tails.closing]), onPause: (isPausing) => (one.isPausing = isPausing) });
    } finally {
      options.tails.release(row.account);
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => options.log.warn({ error }, 'webhooks could not be read now'))
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_MS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      for (const { stop } of running.values()) stop.abort();
    },
  };
}
