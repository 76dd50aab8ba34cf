import { array, assert, asyncProperty, integer, nat } from 'fast-check';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventStream, serverSentEvents, type Listening } from '../../src/api/events/stream.ts';
import { Tail } from '../../src/api/events/tail.ts';
import type { Transition } from '../../src/core/transitions/transition.ts';
import type { CommitNews } from '../../src/ports.ts';
import { END_OF_TICK, type Position } from '../../src/store/transitions.ts';

const START: Position = { epoch: 1, tick: 0, place: END_OF_TICK, at: 0 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A tail of an account whose owner is in this process; the database knows how far it is, and is asked for no rows. */
function tailed() {
  let tick = 0;
  let hear: (news: CommitNews) => void = () => undefined;
  const database = { query: async ({ name }: { readonly name: string }) => ({ rows: name === 'intents.transition.head' ? [{ epoch: 1, tick }] : [] }) };
  const commits = { listen: (_account: number, heard: typeof hear) => ((hear = heard), () => undefined) };
  const tail = new Tail({ database, commits, account: 1 } as unknown as ConstructorParameters<typeof Tail>[0], START);
  return {
    tail,
    commit: (...jobs: readonly number[]): void => {
      tick += 1;
      hear({ kind: 'tick', epoch: 1, tick, at: 0, decisions: { guards: [] }, transitions: jobs.map(deleted) } as unknown as CommitNews);
    },
  };
}

function deleted(job: number): Transition {
  return { kind: 'job.deleted', at: 0, job, jobId: `j${job}`, from: 'deleting', state: 'deleted' };
}

/** Goes on until it is told to stop; pauses after each page. */
async function listenTo(tail: Tail, pauseMs: number, signal: AbortSignal): Promise<readonly number[]> {
  const heard: number[] = [];
  for (let position = START; !signal.aborted; ) {
    const { told, next } = await tail.after(position, 100, signal);
    for (const { transition } of told) if ('job' in transition) heard.push(transition.job);
    position = next;
    await vi.advanceTimersByTimeAsync(0);
    if (pauseMs > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return heard;
}

test('listeners of any pace hear all that is committed, in order and once', async () => {
  await assert(
    asyncProperty(array(nat(4), { minLength: 1, maxLength: 12 }), array(integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 4 }), nat(300), async (counts, paces, apartMs) => {
      const { tail, commit } = tailed();
      const stop = new AbortController();
      const listeners = paces.map((pace) => listenTo(tail, pace, stop.signal));
      await vi.advanceTimersByTimeAsync(1);
      let job = 0;
      for (const count of counts) {
        commit(...Array.from({ length: count }, () => (job += 1)));
        await vi.advanceTimersByTimeAsync(apartMs);
      }
      await vi.advanceTimersByTimeAsync(1_000);
      stop.abort();
      await vi.advanceTimersByTimeAsync(300);
      const all = Array.from({ length: job }, (_, index) => index + 1);
      for (const listener of listeners) expect(await listener).toEqual(all);
      tail.close();
    }),
    { numRuns: 40 },
  );
});

test('ticks that follow each other closely are one page, the same for all who are up to date', async () => {
  const { tail, commit } = tailed();
  const { signal } = new AbortController();
  const pages = [tail.after(START, 10_000, signal), tail.after(START, 10_000, signal)];
  await vi.advanceTimersByTimeAsync(1);
  commit(1);
  await vi.advanceTimersByTimeAsync(16);
  commit(2, 3);
  // One that comes between two pages waits for the next as well.
  pages.push(tail.after(START, 10_000, signal));
  await vi.advanceTimersByTimeAsync(50);
  const [first, second, third] = await Promise.all(pages);
  expect(first?.told.map(({ transition }) => ('job' in transition ? transition.job : 0))).toEqual([1, 2, 3]);
  expect(second).toBe(first);
  expect(third).toBe(first);
  tail.close();
});

test('what listeners to the same hear is written once, and others hear what is theirs', async () => {
  vi.useRealTimers();
  const page = { told: [1, 2].map((job) => ({ position: { ...START, tick: 1, place: job }, transition: deleted(job) })), isGap: false, next: { ...START, tick: 1 }, isEnd: true };
  const form = serverSentEvents('a');
  const write = vi.fn(form.write);
  const heardBy = async (alike: string, matches: Listening['matches']): Promise<string> => {
    const closing = new AbortController();
    const after = async () => (closing.abort(), page);
    const tails = { log: { info: () => undefined }, clock: () => 0, closing: closing.signal, acquire: async () => ({ after }), release: () => undefined };
    return (await buffer(eventStream(tails, { account: { number: 1, name: 'a' }, from: START, matches, form: { ...form, head: '', write }, alike }))).toString();
  };
  const all = await Promise.all([heardBy('all', () => true), heardBy('all', () => true), heardBy('second', (one) => 'job' in one && one.job === 2)]);
  expect(all.map((text) => text.match(/jobs\/j\d/g))).toEqual([['jobs/j1', 'jobs/j2'], ['jobs/j1', 'jobs/j2'], ['jobs/j2']]);
  expect(write).toHaveBeenCalledTimes(2);
});
