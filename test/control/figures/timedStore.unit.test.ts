import { expect, test } from 'vitest';
import { timedStore } from '../../../src/control/figures/timedStore.ts';
import type { OwnerStore } from '../../../src/store/ownerStore.ts';

test('a commit is told of with its time, one that fails too', async () => {
  let now = 0;
  const took: number[] = [];
  const commit = (fails: boolean) => (): Promise<never> => {
    now += 25;
    return fails ? Promise.reject(new Error('away')) : Promise.resolve({ specs: [], refused: [] } as never);
  };
  const timed = (fails: boolean): OwnerStore => timedStore({ commit: commit(fails) } as unknown as OwnerStore, () => now, (ms) => took.push(ms));
  await timed(false).commit({} as never);
  await expect(timed(true).commit({} as never)).rejects.toThrow('away');
  expect(took).toEqual([25, 25]);
});
