/** What changes in the view, in frames (docs/own-operations.md): a stream for each view, while somebody looks at it. */
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
 * `view`: `pool:P`, `job:J`. `hear` is told of all that changes after it was told `again` first; what is asked for from
 * then on misses nothing. The answer: whether it is told at present; where not, the view has to ask by itself.
 */
export function useFrames(view: string, hear: (news: News) => void): boolean {
  const [isLive, setLive] = useState(false);
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    let ended = new AbortController();
    const look = (): void => {
      ended.abort();
      setLive(false);
      ended = new AbortController();
      if (document.visibilityState === 'visible') void follow(view, { hear: (news) => latest.current(news), setLive, signal: ended.signal });
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      ended.abort();
    };
  }, [view]);
  return isLive;
}

interface Hearer {
  readonly hear: (news: News) => void;
  readonly setLive: (isLive: boolean) => void;
  readonly signal: AbortSignal;
}

async function follow(view: string, { hear, setLive, signal }: Hearer): Promise<void> {
  let last: Rev | undefined;
  while (!signal.aborted) {
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
          if (!isListening && last === undefined) hear({ kind: 'again' });
          if (!isListening) setLive(true);
          isListening = true;
          if (id === undefined) continue;
          last = id;
          hear(newsOf(id, data));
        }
      }
    } catch (error) {
      // Refused: the view asks by itself, as it did before.
      if (error instanceof ServiceError && error.status >= 400 && error.status < 500) return signal.aborted ? undefined : setLive(false);
    } finally {
      clearTimeout(timer);
    }
    if (signal.aborted) return;
    setLive(false);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function newsOf(rev: Rev, data: string): News {
  const frames = JSON.parse(data) as readonly Frame[];
  return frames.some(({ t }) => t === 'reset') ? { kind: 'again' } : { kind: 'frames', rev, frames };
}
