import { expect, test } from 'vitest';
import { createLines, createTurns } from '../../src/nodes/local/turns.ts';

test('turns are given in the order of asking, so many at a time, and one that is over twice counts once', async () => {
  const turn = createTurns(2);
  const given: number[] = [];
  const asked = [1, 2, 3, 4].map(async (number) => {
    const over = await turn();
    given.push(number);
    return over;
  });
  const [first, second] = await Promise.all(asked.slice(0, 2));
  expect(given).toEqual([1, 2]);
  first?.();
  first?.();
  await asked[2];
  expect(given).toEqual([1, 2, 3]);
  second?.();
  await asked[3];
  expect(given).toEqual([1, 2, 3, 4]);
});

test('what concerns one key goes on in order, also after a failure; other keys do not wait', async () => {
  const inLine = createLines<string>();
  const done: string[] = [];
  let finish = (): void => undefined;
  const held = new Promise<void>((resolve) => (finish = resolve));
  const first = inLine('a', async () => {
    await held;
    done.push('a1');
    throw new Error('no');
  });
  const second = inLine('a', async () => void done.push('a2'));
  await inLine('b', async () => void done.push('b'));
  expect(done).toEqual(['b']);
  finish();
  await expect(first).rejects.toThrow('no');
  await second;
  expect(done).toEqual(['b', 'a1', 'a2']);
});
