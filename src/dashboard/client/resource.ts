/** What a card shows: asked for when it appears, and again with each beat. Old data stays until new is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { beat } from './live.ts';
import { ServiceError } from './failure.ts';

export interface Resource<Data> {
  /** undefined: none yet. */
  readonly data: Data | undefined;
  /** Of the last time; the data before it stays. */
  readonly error: ServiceError | undefined;
  readonly reload: () => void;
}

export interface ResourceOptions {
  /** Asked for again with each so many beats; 0: never by itself. */
  readonly beats?: number;
}

/** `key`: what is asked for; with another one, the old data is gone. null: nothing. */
export function useResource<Data>(key: string | null, load: (signal: AbortSignal) => Promise<Data>, { beats = 1 }: ResourceOptions = {}): Resource<Data> {
  const [state, setState] = useState<{ readonly key: string | null; readonly data: Data | undefined; readonly error: ServiceError | undefined }>({ key, data: undefined, error: undefined });
  const [asked, setAsked] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const lastBeat = useRef(0);
  const now = beats === 0 ? 0 : Math.floor(beat.value / beats);

  useEffect(() => {
    if (key === null) return undefined;
    const controller = new AbortController();
    lastBeat.current = now;
    latest.current(controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) setState({ key, data, error: undefined });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const failure = error instanceof ServiceError ? error : new ServiceError({ status: 0, code: 'Page', message: error instanceof Error ? error.message : String(error) });
        setState((before) => ({ key, data: before.key === key ? before.data : undefined, error: failure }));
      },
    );
    return () => controller.abort();
  }, [key, now, asked]);

  const current = state.key === key ? state : { data: undefined, error: undefined };
  return { data: current.data, error: current.error, reload: () => setAsked((before) => before + 1) };
}
