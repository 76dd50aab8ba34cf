import type { ApiClient } from './api/client.ts';
import { listAt, textAt } from './api/json.ts';
import type { SeenPod } from './seenPod.ts';

/** Why no machine was found says nothing any more once there is one. */
const OF_SCHEDULING: ReadonlySet<string> = new Set(['FailedScheduling', 'NotTriggerScaleUp']);

/** What the newest warning about what a pod waits for says; null: there is none. Throws what the client throws. */
export async function newestWarning(client: ApiClient, base: string, { uid, machine }: Pick<SeenPod, 'uid' | 'machine'>): Promise<string | null> {
  const query = new URLSearchParams({ fieldSelector: `involvedObject.uid=${uid},type=Warning`, limit: '100' });
  const events = listAt(await client.ask('GET', `${base}/events?${query.toString()}`), 'items');
  const ofNow = events.filter((event) => machine === null || !OF_SCHEDULING.has(textAt(event, 'reason') ?? ''));
  const newest = ofNow.map((event) => ({ at: timeOf(event), words: textAt(event, 'message') })).toSorted((one, other) => other.at - one.at)[0];
  return newest?.words ?? null;
}

function timeOf(event: unknown): number {
  const text = textAt(event, 'lastTimestamp') ?? textAt(event, 'eventTime') ?? textAt(event, 'metadata', 'creationTimestamp') ?? '';
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}
