import type { Decisions } from '../core/decisions.ts';
import type { CoreEvent, Snapshot } from '../core/events.ts';
import type { Instant } from '../core/keys.ts';
import type { Core, CreateCore } from '../core/port.ts';
import { seededRandom } from './journal.ts';
import { RulesFault, type OwnerOptions } from './ownerOptions.ts';

/** The rules with what has been loaded. Throws `RulesFault` if they fail on it. */
export function createRules(createCore: CreateCore, snapshot: Snapshot, now: Instant): Core {
  try {
    return createCore(snapshot, now);
  } catch (error) {
    throw new RulesFault(error, { now, seed: 0, events: [] });
  }
}

/** How much there can be, as the rules are told after each load. */
export function roomOf({ maxPools }: Pick<OwnerOptions, 'maxPools'>, maxNodes: number | null): CoreEvent {
  return { kind: 'room', maxNodes, ...(maxPools === undefined ? {} : { maxPools }) };
}

/** What the rules decide on these events. Throws `RulesFault` if they fail: then they are not to be asked again. */
export function decide(core: Core, tick: { readonly now: Instant; readonly seed: number; readonly events: readonly CoreEvent[] }): Decisions {
  try {
    for (const event of tick.events) core.apply(event, tick.now);
    return core.decide(tick.now, seededRandom(tick.seed));
  } catch (error) {
    throw new RulesFault(error, tick);
  }
}
