import type { Snapshot } from '../core/events.ts';
import type { Core } from '../core/port.ts';
import type { Careful } from './careful.ts';
import type { Beginning } from './journal.ts';
import { loadedOf, poisonOf } from './leaveOut.ts';
import { RulesFault, type OwnerOptions } from './ownerOptions.ts';
import type { Quarantine } from './quarantine.ts';
import { createRules, decide, roomOf } from './rules.ts';

export interface RulesOptions {
  readonly options: Pick<OwnerOptions, 'createCore' | 'clock' | 'log' | 'account' | 'maxPools'>;
  readonly quarantine: Quarantine;
  /** null: the rules have not failed. */
  readonly careful: Careful | null;
  readonly epoch: number;
  /** How many nodes the provider has room for; null: it knows no bound. */
  readonly maxNodes: number | null;
}

/**
 * The rules with all of the account that can be loaded. What they fail on as it is loaded, or as soon as time passes,
 * is put into quarantine. Throws `RulesFault` if that is no pool and no job, and what the store throws.
 */
export async function loadRules(whole: Snapshot, { options, quarantine, careful, epoch, maxNodes }: RulesOptions): Promise<Beginning & { readonly core: Core }> {
  const { createCore, clock, log, account } = options;
  const isSearch = careful?.isSearchDue === true;
  for (let found = 0; ; found += 1) {
    const now = clock();
    const snapshot = quarantine.leaveOut(whole);
    const tried = (part: Snapshot): void => void decide(createRules(createCore, part, now), { now, seed: 0, events: [roomOf(options, maxNodes)] });
    try {
      if (isSearch) tried(snapshot);
      const core = createRules(createCore, snapshot, now);
      if (isSearch) careful.searched(found > 0);
      return { core, now, snapshot };
    } catch (error) {
      if (!(error instanceof RulesFault)) throw error;
      const subject = poisonOf(snapshot, tried);
      log.error({ error, account: account.name, subject }, 'a fault of ours: the account cannot be loaded as it is');
      const where = { epoch, tick: -found, at: now };
      if (subject === null || !(await quarantine.putAside(subject, loadedOf(snapshot, subject), error, where))) throw error;
    }
  }
}
