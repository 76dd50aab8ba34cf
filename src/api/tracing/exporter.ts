import { setTimeout as pause } from 'node:timers/promises';
import type { TracingOptions } from './port.ts';
import type { TraceSettings } from './settings.ts';
import { requestOf, type Span } from './span.ts';

/** How long is waited before a batch is sent again; then it is dropped. */
const RETRY_MS = [1_000, 2_000, 4_000] as const;
/** How long a service that ends waits for its last spans. */
const LAST_MS = 2_000;

/**
 * Sends spans in batches, one request at a time. What does not fit into the queue is dropped and counted: a collector
 * that is slow or dead costs that memory, and holds nothing up.
 */
export class Exporter {
  exported = 0;
  dropped = 0;
  readonly #settings: TraceSettings;
  readonly #options: Pick<TracingOptions, 'version' | 'log'>;
  #queue: Span[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  readonly #end = new AbortController();
  /** It was said that the collector does not take what is sent. */
  #isOut = false;

  constructor(settings: TraceSettings, options: Pick<TracingOptions, 'version' | 'log'>) {
    this.#settings = settings;
    this.#options = options;
  }

  add(span: Span): void {
    const { queue, batch, delayMs } = this.#settings;
    if (this.#queue.length >= queue) {
      this.dropped += 1;
      return;
    }
    this.#queue.push(span);
    if (this.#queue.length >= batch) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), delayMs).unref();
  }

  /** Sends what is left, once, and gives up after a moment. */
  async close(): Promise<void> {
    const late = pause(LAST_MS, undefined, { ref: false });
    this.#end.abort();
    await Promise.race([late, this.#flush()]);
    this.dropped += this.#queue.length;
    this.#queue = [];
  }

  async #flush(): Promise<void> {
    while (this.#sending !== null || this.#queue.length > 0) {
      this.#send();
      await this.#sending;
    }
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#sending !== null || this.#queue.length === 0) return;
    const batch = this.#queue.splice(0, this.#settings.batch);
    this.#sending = this.#delivered(batch).then((isDelivered) => {
      this.#sending = null;
      if (isDelivered) this.exported += batch.length;
      else this.dropped += batch.length;
      if (this.#queue.length >= this.#settings.batch) this.#send();
      else if (this.#queue.length > 0) this.#timer ??= setTimeout(() => this.#send(), this.#settings.delayMs).unref();
    });
  }

  async #delivered(batch: readonly Span[]): Promise<boolean> {
    for (const waitMs of [...RETRY_MS, null]) {
      const fault = await this.#fault(batch);
      if (fault === null) {
        this.#isOut = false;
        return true;
      }
      this.#tell(fault.reason);
      if (waitMs === null || !fault.mayPass || this.#end.signal.aborted) return false;
      await pause(waitMs, undefined, { ref: false, signal: this.#end.signal }).catch(() => undefined);
    }
    return false;
  }

  /** null: the collector has them. */
  async #fault(batch: readonly Span[]): Promise<{ readonly reason: string; readonly mayPass: boolean } | null> {
    const { url, headers, timeoutMs, resource } = this.#settings;
    try {
      const body = JSON.stringify(requestOf(batch, resource, this.#options.version));
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
      await answer.arrayBuffer();
      return answer.ok ? null : { reason: `it answers ${answer.status}`, mayPass: answer.status === 429 || answer.status >= 500 };
    } catch (error) {
      const { cause = error } = error instanceof Error ? error : {};
      return { reason: cause instanceof Error ? cause.message : String(cause), mayPass: true };
    }
  }

  #tell(reason: string): void {
    if (this.#isOut) return;
    this.#isOut = true;
    this.#options.log.warn({ reason }, 'the collector of traces does not take them: they are dropped until it does');
  }
}
