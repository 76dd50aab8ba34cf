import type { CoreEvent, Snapshot } from '../core/events.ts';
import type { CreateCore } from '../core/port.ts';

/** What the rules of a simulation fail on, each time. */
export interface Poison {
  isIn(event: CoreEvent): boolean;
  /** Whether they fail on it in what is loaded. Left out: never. */
  isLoadedWith?(snapshot: Snapshot): boolean;
  /** When they fail: as they are told, or as they decide, when nothing says any more on what. */
  readonly when: 'told' | 'deciding';
}

/** The rules have failed on the poison of the simulation. */
export class Poisoned extends Error {}

/** These rules, with a fault in them. */
export function poisoned(createCore: CreateCore, { isIn, isLoadedWith, when }: Poison): CreateCore {
  return (snapshot, now) => {
    if (isLoadedWith?.(snapshot) === true) throw new Poisoned('loaded with poison');
    const core = createCore(snapshot, now);
    let isPoisoned = false;
    return {
      apply: (event, at) => {
        isPoisoned ||= isIn(event);
        if (isPoisoned && when === 'told') throw new Poisoned('told of poison');
        core.apply(event, at);
      },
      decide: (at, random) => {
        if (isPoisoned) throw new Poisoned('poisoned');
        return core.decide(at, random);
      },
      nextTimer: () => core.nextTimer(),
      underWay: () => core.underWay(),
      isOpen: (job, task) => core.isOpen(job, task),
      explain: (job, task, at) => core.explain(job, task, at),
      explainJob: (job, at) => core.explainJob(job, at),
      explainPool: (pool) => core.explainPool(pool),
      explainNode: (node) => core.explainNode(node),
      poolCensus: () => core.poolCensus(),
      image: () => core.image(),
    };
  };
}
