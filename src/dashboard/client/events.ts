/** Events of the account as they come (CloudEvents over server-sent events): one stream for all that show some. */
import { signal } from '@preact/signals';
import { send } from './request.ts';
import { ServiceError } from './failure.ts';
import { eventsOf } from './serverEvents.ts';

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

export const MOST_KEPT = 500;
const RETRY_MS = 4_000;
/** How far back the first look goes. */
export const BEFORE_MS = 15 * 60_000;
/**
 * All but what happens with each task, thousands of times a second at busy hours: who wants to see that as well looks
 * at a list of events (useEvents.ts).
 */
const OF_NODES = ['creating', 'starting', 'waitingforstarttask', 'starttaskfailed', 'unusable', 'unknown', 'offline', 'leavingpool', 'preempted', 'rebooting', 'reimaging', 'deallocating', 'deallocated', 'lost', 'gone', 'schedulingdisabled', 'schedulingenabled', 'notice', 'preempting', 'letgo'];
const KINDS = ['pool', 'job', 'schedule', 'starttask', 'task.failed', ...OF_NODES.map((kind) => `node.${kind}`)].join(',');

/** The newest first. */
export const events = signal<readonly CloudEvent[]>([]);
/** Why none come; null: they do. */
export const eventsError = signal<ServiceError | null>(null);
export const eventsBegun = signal(false);

/** What windows tell each other: what one has heard; that one is new, and wants to know what the others have. */
type Told = readonly CloudEvent[] | 'hello';

const channel = new BroadcastChannel('linarite-events');

function tell(told: Told): void {
  channel.postMessage(told);
}

/** From when on a first look is. */
export function eventsBefore(beforeMs = BEFORE_MS): string {
  return new Date(Date.now() - beforeMs).toISOString();
}

/**
 * Browsers have six connections to a host for all tabs: one tab has the stream, and tells the others. When it goes,
 * another one takes over.
 */
export function listenToEvents(): void {
  channel.addEventListener('message', ({ data: told }: MessageEvent<Told>) => {
    if (told !== 'hello') take(told);
    else if (eventsBegun.peek()) tell(events.peek().toReversed());
  });
  tell('hello');
  // Browsers have locks where the page came safely: from this machine, or by https.
  void ('locks' in navigator ? navigator.locks.request('linarite-events', follow) : follow());
}

function take(fresh: readonly CloudEvent[]): void {
  const known = new Set(events.peek().map(({ id }) => id));
  const unknown = fresh.filter(({ id }) => !known.has(id));
  eventsBegun.value = true;
  if (unknown.length === 0) return;
  events.value = [...unknown.toReversed(), ...events.peek()].slice(0, MOST_KEPT);
}

async function follow(): Promise<void> {
  let last: string | undefined;
  const from = eventsBefore();
  for (;;) {
    try {
      const response = await send('/linarite/events', { query: { kind: KINDS, ...(last === undefined ? { from } : {}) }, headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) } });
      eventsError.value = null;
      eventsBegun.value = true;
      last = await read(response, last);
    } catch (error) {
      if (error instanceof ServiceError && error.status > 0) eventsError.value = error;
      // Whoever signs in again gets another page.
      if (error instanceof ServiceError && error.status === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Until the stream ends; the id of its last event. */
async function read(response: Response, before: string | undefined): Promise<string | undefined> {
  let last = before;
  for await (const heard of eventsOf(response)) {
    const fresh: CloudEvent[] = [];
    for (const { id, data } of heard) {
      if (id !== undefined) last = id;
      const event = eventOf(data);
      if (event !== null) fresh.push(event);
    }
    if (fresh.length === 0) continue;
    take(fresh);
    tell(fresh);
  }
  return last;
}

function eventOf(data: string): CloudEvent | null {
  if (data === '') return null;
  try {
    const event = JSON.parse(data) as CloudEvent;
    return typeof event.type === 'string' && typeof event.time === 'string' ? event : null;
  } catch {
    return null;
  }
}
