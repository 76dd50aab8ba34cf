import { expect, it } from 'vitest';
import { decodeInputs, seededRandom } from '../../src/control/journal.ts';
import { createCore } from '../../src/core/core.ts';
import type { Command } from '../../src/core/decisions.ts';
import type { Snapshot } from '../../src/core/events.ts';
import type { CreateCore } from '../../src/core/port.ts';
import type { TickCommit } from '../../src/store/ownerStore.ts';
import { MANY_FAULTS } from '../../src/simulation/faults.ts';
import { simulate } from '../../src/simulation/simulate.ts';

/** What was loaded, and the ticks committed since. */
interface Life {
  readonly snapshot: Snapshot;
  readonly now: number;
  readonly ticks: TickCommit[];
}

it.each([1, 2, 3])('a journal replays exactly: the rules decide again what they decided (seed %i)', async (seed) => {
  const lives: Life[] = [];
  const lifeOf = new WeakMap<readonly Command[], Life>();
  const recorded: CreateCore = (snapshot, now) => {
    const life: Life = { snapshot: structuredClone(snapshot), now, ticks: [] };
    lives.push(life);
    const core = createCore(snapshot, now);
    return {
      apply: (event, at) => core.apply(event, at),
      decide: (at, random) => {
        const decisions = core.decide(at, random);
        lifeOf.set(decisions.commands, life);
        return decisions;
      },
      nextTimer: () => core.nextTimer(),
      isOpen: (job, task) => core.isOpen(job, task),
      explainJob: (job, at) => core.explainJob(job, at),
      explain: (job, task, at) => core.explain(job, task, at),
    };
  };
  // Ends of jobs that are refused are among the inputs.
  const workload = { pools: 2, nodes: 8, jobs: 6, tasks: 600, forMs: 60_000, actionEveryMs: 300, dependencies: 0.3, besideEndings: 0.9 };
  const onCommit = (tick: TickCommit): void => void lifeOf.get(tick.decisions.commands)?.ticks.push(tick);
  await simulate({ seed, workload, faults: MANY_FAULTS, leaseMs: null, createCore: recorded, onCommit });
  let replayed = 0;
  let refused = 0;
  for (const { snapshot, now, ticks } of lives) {
    const core = createCore(snapshot, now);
    expect(ticks.map(({ tick }) => tick), 'a gap would show that something is missing').toEqual(ticks.map((_, index) => index + 1));
    for (const tick of ticks) {
      if (tick.journal === null) throw new Error(`tick ${tick.tick} was not recorded`);
      for (const event of decodeInputs(tick.journal.inputs)) {
        core.apply(event, tick.now);
        if (event.kind === 'endingRefused') refused += 1;
      }
      expect(core.decide(tick.now, seededRandom(tick.journal.seed)), `tick ${tick.tick} of epoch ${tick.epoch}`).toEqual(tick.decisions);
      replayed += 1;
    }
  }
  expect(replayed).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(0);
});
