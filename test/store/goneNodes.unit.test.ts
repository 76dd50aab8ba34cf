import type { Pool } from 'pg';
import { expect, it } from 'vitest';
import { clearsGoneNodes } from '../../src/store/maintenance/goneNodes.ts';

it('goes through the statuses when something may have changed, and rests a hundred times as long as that took', async () => {
  let [now, windows, state, gone] = [0, 0, 'a', 1];
  const query = async (text: string): Promise<{ rows: object[] }> => {
    if (text.includes('as state')) return { rows: [{ gone, state }] };
    if (text.startsWith('select node')) return { rows: [{ node: 1 }] };
    windows += 1;
    now += 10;
    return { rows: windows % 2 === 0 ? [] : [{ job: 1, task: 1, named: [] }] };
  };
  const clear = clearsGoneNodes({ query } as unknown as Pool, () => now);
  const at = async (instant: number, change: string): Promise<number> => {
    [now, windows, state] = [instant, 0, change];
    await clear(new AbortController().signal);
    return windows;
  };
  expect(await at(0, 'a')).toBe(3);
  expect(now).toBe(30);
  expect(await at(2_999, 'b')).toBe(0);
  expect(await at(3_000, 'b')).toBe(3);
  expect(await at(10_000, 'b')).toBe(0);
  expect(await at(10_001, 'c')).toBe(3);
  gone = 0;
  expect(await at(20_000, 'd')).toBe(0);
});
