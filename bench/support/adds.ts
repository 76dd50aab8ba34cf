import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, smallClient, type SmallClient } from './pool.ts';

/** What this program is told, by whoever forked it: single adds to these jobs in turn, at this pace. */
export interface Adding {
  readonly endpoint: string;
  readonly account: string;
  readonly key: string;
  readonly jobs: readonly string[];
  /** Ids of its tasks begin with it. */
  readonly prefix: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What it says when the last answer has come, and `ms` have passed. */
export interface Added {
  readonly added: number;
  readonly ms: number;
  readonly addMedianMs: number;
  readonly addP99Ms: number;
}

const BEAT_MS = 10;
/** Requests that have no answer yet: where the service is slower than the pace, this many are asked at a time. */
const MOST_UNANSWERED = 16;

process.once('message', (asked: Adding) => {
  void add(asked).then((added) => process.send?.(added, () => process.disconnect()));
});

async function add({ endpoint, account, key, jobs, prefix, perSecond, seconds }: Adding): Promise<Added> {
  const clients = Array.from({ length: MOST_UNANSWERED / 8 }, () => smallClient(endpoint, account, key));
  const took: number[] = [];
  const unanswered = new Set<Promise<void>>();
  let sent = 0;
  const send = (client: SmallClient, number: number): void => {
    const begun = performance.now();
    const request = client.text('POST', `/jobs/${jobs[number % jobs.length]}/tasks`, { id: `${prefix}-${number}`, commandLine: '/bin/true' }).then(() => {
      took.push(performance.now() - begun);
      unanswered.delete(request);
    });
    unanswered.add(request);
  };
  const begun = performance.now();
  for (let passedMs = 0; passedMs < seconds * 1_000; passedMs = performance.now() - begun) {
    for (; sent < (passedMs * perSecond) / 1_000 && unanswered.size < MOST_UNANSWERED; sent += 1) {
      const client = clients[sent % clients.length];
      if (client !== undefined) send(client, sent);
    }
    if (unanswered.size >= MOST_UNANSWERED) await Promise.race(unanswered);
    else await sleep(BEAT_MS);
  }
  await Promise.all(unanswered);
  const ms = performance.now() - begun;
  for (const client of clients) client.close();
  return { added: sent, ms, addMedianMs: quantile(took, 0.5), addP99Ms: quantile(took, 0.99) };
}
