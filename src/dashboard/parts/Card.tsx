import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ServiceError } from '../client/failure.ts';
import type { Resource } from '../client/resource.ts';
import { shown } from '../text/clean.ts';

export interface CardProps {
  readonly title: string;
  /** Beside the title. */
  readonly aside?: ComponentChildren;
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

export function Card({ title, aside, flush = false, children }: CardProps) {
  return (
    <section class={`card ${flush ? 'flush' : ''}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Below that nobody sees that something is on its way. */
const SKELETON_AFTER_MS = 150;

/** What a resource holds, once it does: a skeleton before, the reason where it fails, old data with a newer reason. */
export function Loaded<Data>({ of, height = 72, children }: { readonly of: Resource<Data>; readonly height?: number; readonly children: (data: Data) => ComponentChildren }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const { data, error, reload } = of;
  if (data === undefined && error === undefined) return <div class={late ? 'skeleton' : ''} style={{ minHeight: `${height}px` }} aria-busy="true" />;
  // What does not answer for a moment is told by the light alone.
  const told = error !== undefined && (data === undefined || error.status !== 0);
  return (
    <>
      {told && error !== undefined ? <Fault error={error} retry={reload} /> : null}
      {data === undefined ? null : children(data)}
    </>
  );
}

/** What to do about an error, by its status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'Sign in again: linarite open.',
  403: 'The role of this session does not allow it: linarite open without --reader gives one that does.',
  404: 'It was deleted, or never existed.',
  409: 'Its state does not allow it now.',
  501: 'This service does not have the operation yet.',
  503: 'The service is starting, or its database does not answer.',
};

/** What the service said, as text. */
export function Fault({ error, retry }: { readonly error: ServiceError; readonly retry?: () => void }) {
  const { code, status, message, values, requestId } = error;
  return (
    <div class="fault" role="alert">
      <p>
        <b>{shown(code)}</b> {shown(message)}
      </p>
      {values.map(({ key, value }) => (
        <p key={key} class="small">
          {shown(key)}: {shown(value)}
        </p>
      ))}
      <p class="small soft">
        {ADVICE[status] ?? ''} {requestId === null ? '' : `Request ${requestId}.`}
      </p>
      {retry === undefined ? null : (
        <button type="button" class="btn s" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is here: what would be, and how the first comes about. */
export function Empty({ children, command }: { readonly children: ComponentChildren; readonly command?: string }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {command === undefined ? null : <pre>{command}</pre>}
    </div>
  );
}
