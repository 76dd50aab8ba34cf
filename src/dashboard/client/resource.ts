/** What a card shows: asked for when it appears, and again as it changes. Old data stays until new is there. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useNews } from './frames.ts';
import { beat, refreshed } from './live.ts';
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
  /** A view as of `useFrames`. While its changes are told, they are what it is asked for again by. */
  readonly follows?: string;
  /** With another number it is asked for again. */
  readonly again?: number;
}

interface State<Data> {
  readonly key: string | null;
  readonly data: Data | undefined;
  readonly error: ServiceError | undefined;
}

function failureFrom(error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError({ status: 0, code: 'Page', message: error instanceof Error ? error.message : String(error) });
}

const BEATS_AFTER_REFUSAL = 15;
/** At times it is asked for all the same: some of it changes without a word, such as what happened in a day. */
const BEATS_WHEN_FOLLOWED = 15;

function isRefusal(error: ServiceError | undefined): boolean {
  return error !== undefined && error.status >= 400 && error.status < 500;
}

/** `key`: what is asked for; with another one, the old data is gone. null: nothing. */
export function useResource<Data>(key: string | null, load: (signal: AbortSignal) => Promise<Data>, { beats = 1, follows, again = 0 }: ResourceOptions = {}): Resource<Data> {
  const [state, setState] = useState<State<Data>>({ key, data: undefined, error: undefined });
  const [asked, setAsked] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const lastAsked = useRef(0);
  const pending = useRef<AbortController | null>(null);
  const { isLive, news } = useNews(follows ?? null);
  const now = beats === 0 ? 0 : Math.floor(beat.value / (isLive ? Math.max(beats, BEATS_WHEN_FOLLOWED) : beats));
  /** Grows with what is worth to ask for at once. */
  const causes = beats === 0 ? 0 : news + again + refreshed.value;
  const latestCauses = useRef(causes);
  latestCauses.current = causes;

  useEffect(
    () => () => {
      pending.current?.abort();
      pending.current = null;
    },
    [key],
  );

  useEffect(() => {
    // One at a time, however slow: a beat does not cut off what is on its way.
    if (key === null || pending.current !== null) return;
    // What the service refuses it refuses again: not asked for with each beat.
    if (state.key === key && isRefusal(state.error) && asked === lastAsked.current && beat.peek() % BEATS_AFTER_REFUSAL !== 0) return;
    lastAsked.current = asked;
    const controller = new AbortController();
    pending.current = controller;
    const settle = (next: (before: State<Data>) => State<Data>): void => {
      if (controller.signal.aborted) return;
      pending.current = null;
      setState(next);
      // What has changed meanwhile may not be in it.
      if (latestCauses.current !== causes) setAsked((before) => before + 1);
    };
    latest.current(controller.signal).then(
      (data) => settle(() => ({ key, data, error: undefined })),
      (error: unknown) => settle((before) => ({ key, data: before.key === key ? before.data : undefined, error: failureFrom(error) })),
    );
  }, [key, now, causes, asked]);

  const current = state.key === key ? state : { data: undefined, error: undefined };
  return { data: current.data, error: current.error, reload: () => setAsked((before) => before + 1) };
}
