import { expect, it } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { JournalRow } from '../../src/store/journal.ts';
import type { TickCommit } from '../../src/store/ownerStore.ts';
import { MANY_FAULTS } from '../../src/simulation/faults.ts';
import { replay } from '../../src/simulation/replay.ts';
import { simulate } from '../../src/simulation/simulate.ts';

function rowOf({ tick, now, journal }: TickCommit): JournalRow {
  if (journal === null) throw new Error(`tick ${tick} was not recorded`);
  return { tick, at: now, ...journal };
}

it.each([1, 2, 3])('a journal replays exactly: the rules decide again what they decided (seed %i)', async (seed) => {
  const epochs = new Map<number, TickCommit[]>();
  // Ends of jobs that are refused are among the inputs.
  const workload = { pools: 2, nodes: 8, jobs: 6, tasks: 600, forMs: 60_000, actionEveryMs: 300, dependencies: 0.3, besideEndings: 0.9 };
  const onCommit = (tick: TickCommit): void => {
    const ticks = epochs.get(tick.epoch) ?? [];
    epochs.set(tick.epoch, ticks);
    ticks.push(tick);
  };
  await simulate({ seed, workload, faults: MANY_FAULTS, leaseMs: null, createCore, onCommit });
  let replayed = 0;
  let refused = 0;
  for (const ticks of epochs.values()) {
    for await (const again of replay(ticks.map(rowOf), createCore)) {
      const tick = ticks[again.tick - 1];
      expect(again.decisions, `tick ${again.tick} of epoch ${tick?.epoch}`).toEqual(tick?.decisions);
      replayed += 1;
      refused += again.refused.length;
    }
  }
  expect(epochs.size).toBeGreaterThan(2);
  expect(replayed).toBeGreaterThan(200);
  expect(refused).toBeGreaterThan(0);
});
