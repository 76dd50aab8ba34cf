import type { CoreEvent } from '../core/events.ts';
import type { Instant } from '../core/keys.ts';
import type { Core } from '../core/port.ts';
import { JOURNAL_SLOT_MS } from '../store/journal.ts';
import type { JournalEntry } from '../store/ownerStore.ts';
import { CORE_VERSION, encodeBeginning, encodeImage, encodeInputs, type Beginning } from './journal.ts';

/**
 * What an epoch writes into the journal: each tick's inputs, and with the first tick of the epoch, and of each
 * partition of the journal, what it goes on from.
 */
export class Recorder {
  /** What the next tick goes on from; null: it need not be written, or was too large. */
  #beginning: Uint8Array | null;
  /** Where the last tick stands in the journal; null: none does. */
  #slot: number | null = null;

  /** `onTooLarge`: the account cannot be written down as it was loaded. */
  constructor(beginning: Beginning, onTooLarge: () => void) {
    this.#beginning = encodeBeginning(beginning);
    if (this.#beginning === null) onTooLarge();
  }

  /**
   * To be called before the rules decide at this instant: if the tick is the first of its partition, what they hold by
   * then is written down. An epoch that was too large as it was loaded may be small enough.
   */
  before(now: Instant, core: Pick<Core, 'image'>): void {
    if (this.#slot !== null && slotOf(now) !== this.#slot) this.#beginning ??= encodeImage(core.image());
  }

  /** Of the tick that was decided at this instant on these events. Ticks that are not committed have none. */
  entry(now: Instant, seed: number, events: readonly CoreEvent[]): JournalEntry {
    const beginning = this.#beginning;
    this.#slot = slotOf(now);
    this.#beginning = null;
    return { coreVersion: CORE_VERSION, seed, inputs: encodeInputs(events), beginning };
  }
}

/** By number, the partition of the journal in which a tick of this instant stands. */
function slotOf(now: Instant): number {
  return Math.floor(now / JOURNAL_SLOT_MS);
}
