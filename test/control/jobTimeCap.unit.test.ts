import { expect, test } from 'vitest';
import { withJobTimeCap } from '../../src/control/jobTimeCap.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { jobIntent } from '../support/intents.ts';

test('no job of a store with a cap lasts longer, whether it asks for no bound or a longer one, is loaded or new', async () => {
  const { store, intents } = memoryStore({ clock: () => 0, onCommit: () => undefined });
  const capped = withJobTimeCap(store, 1_000);
  for (const maxWallClockMs of [null, 5_000, 1_000, 200]) await intents.addJob(1, jobIntent({ id: `job-${maxWallClockMs}`, maxWallClockMs }));
  const bounds = ({ jobs }: { readonly jobs: readonly { readonly intent: { readonly id: string; readonly maxWallClockMs: number | null } }[] }) => jobs.map(({ intent }) => intent.maxWallClockMs);
  expect(bounds(await capped.readInbox(1, 10))).toEqual([1_000, 1_000, 1_000, 200]);
  expect(bounds(await capped.load(1))).toEqual([1_000, 1_000, 1_000, 200]);
  expect(bounds(await store.load(1))).toEqual([null, 5_000, 1_000, 200]);
});
