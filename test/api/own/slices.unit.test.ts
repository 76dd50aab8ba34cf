import { array, assert, asyncProperty, boolean, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { inSlices, numbersWhere } from '../../../src/api/own/tasks/slices.ts';

test('slices cover each place once, in order', async () => {
  await assert(
    asyncProperty(nat(5_000), async (length) => {
      const seen: number[] = [];
      await inSlices(length, (from, to) => {
        for (let place = from; place < to; place += 1) seen.push(place);
      });
      expect(seen).toEqual(Array.from({ length }, (_, place) => place));
    }),
    { numRuns: 30 },
  );
});

test('numbers of wanted places are theirs plus one', async () => {
  await assert(
    asyncProperty(array(boolean(), { maxLength: 3_000 }), async (wanted) => {
      expect([...(await numbersWhere(wanted.length, (place) => wanted[place] === true))]).toEqual(wanted.flatMap((is, place) => (is ? [place + 1] : [])));
    }),
    { numRuns: 30 },
  );
});

test('others have their turn while a long list, or a sequence of short ones, is worked on', async () => {
  const work = (): void => {
    const until = performance.now() + 2;
    while (performance.now() < until);
  };
  for (const lists of [[20 * 1_024], Array.from({ length: 20 }, () => 10)]) {
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    for (const length of lists) await inSlices(length, work);
    isDone = true;
    // 40 ms of work, 5 ms and a slice of 2 ms between two turns.
    expect(turns).toBeGreaterThanOrEqual(5);
  }
});
