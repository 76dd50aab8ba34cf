import { expect, test } from 'vitest';
import { MOST_WAITERS, Waiters } from '../../src/control/waiters.ts';

/** What has become of each promise by now. */
async function settled(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const outcomes = promises.map(() => 'waits');
  promises.forEach((promise, index) => {
    const note = (outcome: string): void => void (outcomes[index] = outcome);
    promise.then(() => note('resolved'), (error: Error) => note(error.message));
  });
  await new Promise((resolve) => setImmediate(resolve));
  return outcomes;
}

test('a waiter resolves with its own sweep or a later one', async () => {
  const waiters = new Waiters();
  const waiting = [waiters.wait(1), waiters.wait(1), waiters.wait(2), waiters.wait(3)];
  waiters.done(2);
  expect(await settled(waiting)).toEqual(['resolved', 'resolved', 'resolved', 'waits']);
  expect(waiters.count).toBe(1);
});

test('who gives up is forgotten at once, and who was answered is told nothing by the signal any more', async () => {
  const waiters = new Waiters();
  const abort = new AbortController();
  const waiting = [waiters.wait(1, abort.signal), waiters.wait(2, abort.signal), waiters.wait(2)];
  const outcomes = settled(waiting);
  waiters.done(1);
  abort.abort();
  expect(await outcomes).toEqual(['resolved', 'gave up waiting for the owner', 'waits']);
  expect(waiters.count).toBe(1);
  expect(await settled([waiters.wait(2, abort.signal)])).toEqual(['gave up waiting for the owner']);
});

test('so many wait and no more; all of them are answered at once', async () => {
  const waiters = new Waiters();
  const waiting = Array.from({ length: MOST_WAITERS }, () => waiters.wait(1));
  await expect(waiters.wait(1)).rejects.toThrow('too many wait');
  waiters.done(1);
  await Promise.all(waiting);
  expect(waiters.count).toBe(0);
  const again = waiters.wait(2);
  waiters.rejectAll(new Error('the service stops'));
  await expect(again).rejects.toThrow('the service stops');
});
