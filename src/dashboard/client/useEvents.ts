/** Events of all kinds while somebody looks at them, asked for with each beat: those of tasks can be very many. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { eventsBefore, MOST_KEPT, type CloudEvent } from './events.ts';
import { ServiceError } from './failure.ts';
import { beat } from './live.ts';
import { ask } from './request.ts';

const PAGE = 500;
/** What is more than these between two beats is passed over. */
const PAGES_A_BEAT = 2;

export interface EventsSeen {
  /** The newest first. */
  readonly events: readonly CloudEvent[];
  readonly begun: boolean;
  /** Whether there were more than could be shown. */
  readonly isCut: boolean;
  readonly error: ServiceError | undefined;
}

const NONE: EventsSeen = { events: [], begun: false, isCut: false, error: undefined };

interface Page {
  readonly value: readonly CloudEvent[];
  readonly next: string;
}

export interface EventsAsked {
  readonly pool?: string | undefined;
  readonly job?: string | undefined;
  readonly kind?: string | undefined;
  /** From so long before now, and on as they come. */
  readonly beforeMs: number;
  /** The page of those that follow a moment, and no more: an ISO time; left out: as they come. */
  readonly at?: string | undefined;
}

/** What the service narrows them by, and from when on. */
export function useEvents({ beforeMs, at, ...of }: EventsAsked): EventsSeen {
  const key = JSON.stringify([of, beforeMs, at]);
  const [seen, setSeen] = useState<EventsSeen & { readonly key: string }>({ ...NONE, key });
  const reading = useRef({ key: '', from: '', isBusy: false });

  useEffect(() => {
    if (reading.current.key !== key) reading.current = { key, from: at ?? eventsBefore(beforeMs), isBusy: false };
    const mine = reading.current;
    if (mine.isBusy || (at !== undefined && mine.from !== at)) return;
    mine.isBusy = true;
    read(of, mine.from, at === undefined ? PAGES_A_BEAT : 1).then(
      ({ events, next, isCut }) => {
        mine.from = next;
        mine.isBusy = false;
        if (mine === reading.current) setSeen((before) => ({ key, begun: true, isCut: isCut || (before.key === key && before.isCut), error: undefined, events: [...events.toReversed(), ...(before.key === key && !isCut ? before.events : [])].slice(0, MOST_KEPT) }));
      },
      (error: unknown) => {
        mine.isBusy = false;
        if (mine === reading.current && error instanceof ServiceError) setSeen((before) => ({ ...(before.key === key ? before : NONE), key, error }));
      },
    );
  }, [key, beat.value]);

  return seen.key === key ? seen : NONE;
}

/** What follows `from`; where that is too much, it goes on from now. */
async function read(of: Omit<EventsAsked, 'beforeMs' | 'at'>, from: string, pages: number): Promise<{ readonly events: readonly CloudEvent[]; readonly next: string; readonly isCut: boolean }> {
  const events: CloudEvent[] = [];
  let next = from;
  for (let page = 0; page < pages; page += 1) {
    const answer = await ask<Page>('/linarite/events', { query: { ...of, from: next, limit: PAGE } });
    events.push(...answer.value);
    next = answer.next;
    if (answer.value.length < PAGE) return { events, next, isCut: false };
  }
  return { events, next: new Date().toISOString(), isCut: true };
}
