/**
 * What changes in a view, in frames (docs/own-operations.md): one stream for all that look at the view in this window.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Rev } from '../../wire/own/common.ts';
import type { Frame } from '../../wire/own/frames.ts';
import { ServiceError } from './failure.ts';
import { send } from './request.ts';
import { eventsOf } from './serverEvents.ts';

/** `again`: what was read before is not complete. */
export type News = { readonly kind: 'again' } | { readonly kind: 'frames'; readonly rev: Rev; readonly frames: readonly Frame[] };

const RETRY_MS = 4_000;
/** The stream says each 15 s that it lives. */
const SILENT_MS = 40_000;
/**
 * Browsers have six connections to a host for all windows: so many of them may follow at a time. Those beyond ask with
 * each beat, as windows do whose stream is interrupted; hidden ones do not follow at all.
 */
const MOST_STREAMS = 3;

interface Hearer {
  readonly hear: (news: News) => void;
  readonly setLive: (isLive: boolean) => void;
}

/**
 * `view`: `overview`, `pool:P`, `job:J`; null: none. `hear` is told of all that changes after it was told `again`
 * first; what is asked for from then on misses nothing. The answer: whether it is told at present; where not, the view
 * has to ask by itself.
 */
export function useFrames(view: string | null, hear: (news: News) => void): boolean {
  const [isLive, setLive] = useState(false);
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    setLive(false);
    return view === null ? undefined : join(view, { hear: (news) => latest.current(news), setLive });
  }, [view]);
  return isLive;
}

/** News make people ask anew at once, and then so far apart, however much happens. */
const APART_MS = 2_000;

/** How often there was news of a view, counted so that each number is worth to ask anew. */
export function useNews(view: string | null): { readonly isLive: boolean; readonly news: number } {
  const [news, setNews] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const last = useRef(-APART_MS);
  const isLive = useFrames(view, () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      last.current = performance.now();
      setNews((before) => before + 1);
    }, Math.max(0, last.current + APART_MS - performance.now()));
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return { isLive, news };
}

/** Those that look at one view. */
interface Hub {
  readonly hearers: Set<Hearer>;
  isLive: boolean;
  end: () => void;
}

const hubs = new Map<string, Hub>();

/** Until the function that it returns is called. */
function join(view: string, hearer: Hearer): () => void {
  const hub = hubs.get(view) ?? begin(view);
  hub.hearers.add(hearer);
  if (hub.isLive) {
    hearer.hear({ kind: 'again' });
    hearer.setLive(true);
  }
  return () => {
    hub.hearers.delete(hearer);
    if (hub.hearers.size > 0) return;
    hub.end();
    hubs.delete(view);
  };
}

/** Follows while the window is seen. */
function begin(view: string): Hub {
  const hub: Hub = { hearers: new Set(), isLive: false, end: () => undefined };
  const told: Hearer = {
    hear: (news) => {
      for (const { hear } of hub.hearers) hear(news);
    },
    setLive: (isLive) => {
      if (hub.isLive === isLive) return;
      hub.isLive = isLive;
      for (const { setLive } of hub.hearers) setLive(isLive);
    },
  };
  let ended = new AbortController();
  const look = (): void => {
    ended.abort();
    told.setLive(false);
    ended = new AbortController();
    if (document.visibilityState === 'visible') void follow(view, told, ended.signal);
  };
  document.addEventListener('visibilitychange', look);
  hub.end = () => {
    document.removeEventListener('visibilitychange', look);
    ended.abort();
  };
  hubs.set(view, hub);
  look();
  return hub;
}

async function follow(view: string, told: Hearer, signal: AbortSignal): Promise<void> {
  let last: Rev | undefined;
  while (!signal.aborted) {
    const heard = await asOneOfFew(() => listen(view, { last, told, signal }));
    if (signal.aborted) return;
    told.setLive(false);
    if (heard?.isRefused === true) return;
    last = heard?.last ?? last;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * Does it now, if few enough windows do; null: else. Browsers have locks where the page came safely: from this machine,
 * or by https.
 */
async function asOneOfFew<Answer>(work: () => Promise<Answer>): Promise<Answer | null> {
  if (!('locks' in navigator)) return work();
  for (let place = 1; place <= MOST_STREAMS; place += 1) {
    const answer = await navigator.locks.request(`linarite-frames-${place}`, { ifAvailable: true }, (lock) => (lock === null ? null : work()));
    if (answer !== null) return answer;
  }
  return null;
}

interface Listening {
  readonly last: Rev | undefined;
  readonly told: Hearer;
  readonly signal: AbortSignal;
}

interface Listened {
  /** The id of its last news. */
  readonly last: Rev | undefined;
  /** The view asks by itself, as it does without a stream. */
  readonly isRefused: boolean;
}

/** Until the stream ends. */
async function listen(view: string, { last: before, told, signal }: Listening): Promise<Listened> {
  let last = before;
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
    const response = await send('/linarite/events', { query: { form: 'page', view }, headers, signal: AbortSignal.any([signal, silence.signal]) });
    let isListening = false;
    for await (const events of eventsOf(response)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
      for (const { id, data, isComment } of events) {
        if (signal.aborted || (id === undefined && !isComment)) continue;
        // The service listens from here on.
        if (!isListening && last === undefined) told.hear({ kind: 'again' });
        told.setLive(true);
        isListening = true;
        if (id === undefined) continue;
        last = id;
        told.hear(newsOf(id, data));
      }
    }
  } catch (error) {
    if (error instanceof ServiceError && error.status >= 400 && error.status < 500) return { last, isRefused: true };
  } finally {
    clearTimeout(timer);
  }
  return { last, isRefused: false };
}

function newsOf(rev: Rev, data: string): News {
  const frames = JSON.parse(data) as readonly Frame[];
  return frames.some(({ t }) => t === 'reset') ? { kind: 'again' } : { kind: 'frames', rev, frames };
}
