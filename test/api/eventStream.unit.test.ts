import { expect, test } from 'vitest';
import { eventStream, serverSentEvents } from '../../src/api/events/stream.ts';

test('a listener that takes nothing is dropped, and until then what is read for it is bounded', async () => {
  const lines: string[] = [];
  let [read, released] = [0, 0];
  const position = { epoch: 1, tick: 1, place: 0, at: 0 };
  const told = Array.from({ length: 100 }, () => ({ position, transition: { kind: 'job.deleted', at: 0, job: 1, jobId: 'j'.repeat(64), from: 'deleting', state: 'deleted' } as const }));
  const tails = {
    log: { info: (_fields: object, message: string) => void lines.push(message) },
    clock: () => 0,
    closing: new AbortController().signal,
    acquire: async () => ({
      after: async () => {
        read += 1;
        return { told, isGap: false, next: { ...position, tick: read + 1 }, isEnd: false };
      },
    }),
    release: () => void (released += 1),
  };
  const stream = eventStream(tails as unknown as Parameters<typeof eventStream>[0], { account: { number: 1, name: 'a' }, from: position, matches: () => true, form: serverSentEvents('a'), alike: '' }, 50);
  stream.once('error', () => undefined);
  // Begins, as a connection does that is full from then on.
  stream.read();
  await new Promise((resolve) => stream.once('close', resolve));
  expect(lines).toEqual(['a listener to events takes nothing, and was dropped']);
  expect(read).toBeLessThan(10);
  expect(released).toBe(1);
});
