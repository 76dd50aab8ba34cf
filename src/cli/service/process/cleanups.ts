import type { Logger } from 'pino';
import { messageOf } from '../../../base/errors.ts';

/** What has been started, to be ended in the opposite order; one failure does not keep the others from ending. */
export class Cleanups {
  readonly #actions: { readonly name: string; readonly action: () => Promise<void> | void }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, action: () => Promise<void> | void): void {
    this.#actions.push({ name, action });
  }

  async run(): Promise<void> {
    for (let next = this.#actions.pop(); next !== undefined; next = this.#actions.pop()) {
      try {
        await next.action();
      } catch (error) {
        this.#log.error({ reason: messageOf(error) }, `${next.name} did not end as it should`);
      }
    }
  }
}
