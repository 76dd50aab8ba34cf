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

interface State<Data> {
  readonly key: string | null;
  readonly data: Data | undefined;
  readonly error: ServiceError | undefined;
}

function failureFrom(error: unknown): ServiceError {
  return error instanceof ServiceError ? error : new ServiceError({ status: 0, code: 'Page', message: error instanceof Error ? error.message : String(error) });
}

const BEATS_AFTER_REFUSAL = 15;

function isRefusal(error: ServiceError | undefined): boolean {
  return error !== undefined && error.status >= 400 && error.status < 500;
}

/** `key`: what is asked for; with another one, the old data is gone. null: nothing. */
export function useResource<Data>(key: string | null, load: (signal: AbortSignal) => Promise<Data>, { beats = 1 }: ResourceOptions = {}): Resource<Data> {
  const [state, setState] = useState<State<Data>>({ key, data: undefined, error: undefined });
  const [asked, setAsked] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const lastAsked = useRef(0);
  const pending = useRef<AbortController | null>(null);
  const now = beats === 0 ? 0 : Math.floor(beat.value / beats);

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
    if (state.key === key && isRefusal(state.error) && asked === lastAsked.current && now % BEATS_AFTER_REFUSAL !== 0) return;
    lastAsked.current = asked;
    const controller = new AbortController();
    pending.current = controller;
    const settle = (next: (before: State<Data>) => State<Data>): void => {
      if (controller.signal.aborted) return;
      pending.current = null;
      setState(next);
    };
    latest.current(controller.signal).then(
      (data) => settle(() => ({ key, data, error: undefined })),
      (error: unknown) => settle((before) => ({ key, data: before.key === key ? before.data : undefined, error: failureFrom(error) })),
    );
  }, [key, now, asked]);

  const current = state.key === key ? state : { data: undefined, error: undefined };
  return { data: current.data, error: current.error, reload: () => setAsked((before) => before + 1) };
}
