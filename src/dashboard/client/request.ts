/** Requests to the service: each carries the session's token beside the cookie. */
import { signal } from '@preact/signals';
import { failureOf, ServiceError } from './failure.ts';

const VERSION = '2025-06-01';
const TOKEN = 'linarite-session';

/** Whether the service answered when it was last asked; null: it was not asked yet. */
export const answers = signal<{ readonly at: number; readonly ok: boolean } | null>(null);
/** Counts the times that the service said that there is no session any more. */
export const refusals = signal(0);

export function sessionToken(): string | null {
  return localStorage.getItem(TOKEN);
}

export function keepToken(token: string | null): void {
  if (token === null) localStorage.removeItem(TOKEN);
  else localStorage.setItem(TOKEN, token);
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Ask {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** `path` of segments, each of them encoded here. */
export function pathOf(...segments: readonly string[]): string {
  return `/${segments.map(encodeURIComponent).join('/')}`;
}

/** The answer, whatever its body. @throws ServiceError for all but 2xx. */
export async function send(path: string, { method = 'GET', query = {}, body, headers = {}, signal: abort }: Ask = {}): Promise<Response> {
  const [bare = '', given = ''] = path.split('?');
  const parameters = new URLSearchParams(given);
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') parameters.set(name, String(value));
  if (!bare.startsWith('/linarite/') && !parameters.has('api-version')) parameters.set('api-version', VERSION);
  const search = parameters.size === 0 ? '' : `?${parameters}`;
  const token = sessionToken();
  let response: Response;
  try {
    response = await fetch(`${bare}${search}`, {
      method,
      headers: { accept: 'application/json', ...(token === null ? {} : { 'x-linarite-session': token }), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(abort === undefined ? {} : { signal: abort }),
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    answers.value = { at: Date.now(), ok: false };
    throw new ServiceError({ status: 0, code: 'NotConnected', message: 'The service does not answer.' });
  }
  answers.value = { at: Date.now(), ok: true };
  if (response.ok) return response;
  if (response.status === 401) refusals.value += 1;
  throw await failureOf(response);
}

/** The answer's JSON. */
export async function ask<Answer>(path: string, options: Ask = {}): Promise<Answer> {
  return (await (await send(path, options)).json()) as Answer;
}

/** A request that changes something; whatever it answers. */
export async function act(path: string, options: Ask): Promise<void> {
  await send(path, { method: 'POST', ...options });
}
