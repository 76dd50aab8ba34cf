import { describe, expect, test } from 'vitest';
import { inParallel } from '../../src/blobs/parallel.ts';

const never = new AbortController().signal;

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

describe('work on many items', () => {
  test('is begun in their order, and at most so many are under way', async () => {
    const begun: number[] = [];
    let under = 0;
    let most = 0;
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, never, async (item) => {
      begun.push(item);
      most = Math.max(most, (under += 1));
      await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
    });
    expect([begun, most]).toEqual([[1, 2, 3, 4, 5, 6, 7], 3]);
  });

  test('ends with the first failure, which what is under way and where items come from hear of', async () => {
    const begun: number[] = [];
    const heard: string[] = [];
    const items = async function* (signal: AbortSignal): AsyncGenerator<number> {
      yield* [1, 2];
      await aborted(signal).catch(() => heard.push('source'));
      yield 3;
    };
    const failing = inParallel(items, 3, never, async (item, signal) => {
      begun.push(item);
      if (item === 2) throw new Error('two has failed');
      await aborted(signal).finally(() => heard.push(`item ${item}`));
    });
    await expect(failing).rejects.toThrow('two has failed');
    expect([begun, heard.toSorted()]).toEqual([[1, 2], ['item 1', 'source']]);
  });

  test('ends when it is given up', async () => {
    const giveUp = new AbortController();
    const work = inParallel([1], 2, giveUp.signal, (_item, signal) => aborted(signal));
    giveUp.abort(new Error('given up'));
    await expect(work).rejects.toThrow('given up');
  });
});
