import { expect, it } from 'vitest';
import { createCore, resumeCore } from '../../src/core/core.ts';
import { encodeImage } from '../../src/control/journal.ts';
import type { Core, CreateCore } from '../../src/core/port.ts';
import type { JournalRow } from '../../src/store/journal.ts';
import type { TickCommit } from '../../src/store/ownerStore.ts';
import { MANY_FAULTS } from '../../src/simulation/faults.ts';
import { replay } from '../../src/simulation/replay.ts';
import { simulate } from '../../src/simulation/simulate.ts';

const RULES = { createCore, resumeCore };

function rowOf({ tick, now, journal }: TickCommit): JournalRow {
  if (journal === null) throw new Error(`tick ${tick} was not recorded`);
  return { tick, at: now, ...journal };
}

/** The ticks of each epoch that a simulation committed. */
async function epochsOf(seed: number): Promise<readonly (readonly TickCommit[])[]> {
  const epochs = new Map<number, TickCommit[]>();
  // Ends of jobs that are refused are among the inputs.
  const workload = { pools: 2, nodes: 8, jobs: 6, tasks: 600, forMs: 90_000, actionEveryMs: 200, dependencies: 0.3, besideEndings: 0.9 };
  const onCommit = (tick: TickCommit): void => {
    const ticks = epochs.get(tick.epoch) ?? [];
    epochs.set(tick.epoch, ticks);
    ticks.push(tick);
  };
  await simulate({ seed, workload, faults: MANY_FAULTS, leaseMs: null, createCore, onCommit });
  expect(epochs.size).toBeGreaterThan(2);
  return [...epochs.values()];
}

it.each([1, 2, 3])('a journal replays exactly: the rules decide again what they decided (seed %i)', async (seed) => {
  let replayed = 0;
  let refused = 0;
  for (const ticks of await epochsOf(seed)) {
    for await (const again of replay(ticks.map(rowOf), RULES)) {
      const tick = ticks[again.tick - 1];
      expect(again.decisions, `tick ${again.tick} of epoch ${tick?.epoch}`).toEqual(tick?.decisions);
      replayed += 1;
      refused += again.refused.length;
    }
  }
  expect(replayed).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(0);
});

it.each([1, 2, 3])('rules that were written down between two ticks and read again decide the same (seed %i)', async (seed) => {
  let resumed = 0;
  for (const ticks of await epochsOf(seed)) {
    const rows = ticks.map(rowOf);
    for (const [index, row] of rows.entries()) {
      if (index % 10 !== 5) continue;
      let core: Core | null = null;
      const before = rows.slice(0, index);
      const watching: CreateCore = (snapshot, now) => (core = createCore(snapshot, now));
      for await (const { tick } of replay(before, { ...RULES, createCore: watching })) expect(tick).toBeLessThanOrEqual(index);
      const image = (core as Core | null)?.image();
      if (image === undefined) throw new Error('no core was made');
      const rest = [{ ...row, beginning: encodeImage(image) }, ...rows.slice(index + 1, index + 40)];
      for await (const again of replay(rest, RULES)) {
        const tick = ticks[again.tick - 1];
        expect(again.decisions, `tick ${again.tick} of epoch ${tick?.epoch}, from ${row.tick} on`).toEqual(tick?.decisions);
      }
      resumed += 1;
    }
  }
  expect(resumed).toBeGreaterThan(10);
});
