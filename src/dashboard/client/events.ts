/** Events of the account as they come (CloudEvents over server-sent events): one stream for all that show some. */
import { signal } from '@preact/signals';
import { send } from './request.ts';
import { ServiceError } from './failure.ts';

export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const MOST_KEPT = 500;
const RETRY_MS = 4_000;
/** How far back the first look goes. */
const BEFORE_MS = 15 * 60_000;

/** The newest first. */
export const events = signal<readonly CloudEvent[]>([]);
/** Why none come; null: they do. */
export const eventsError = signal<ServiceError | null>(null);
export const eventsBegun = signal(false);

let isOpen = false;

/** Opens the stream when somebody first looks. */
export function listenToEvents(): void {
  if (isOpen) return;
  isOpen = true;
  void follow();
}

async function follow(): Promise<void> {
  let last: string | undefined;
  const from = new Date(Date.now() - BEFORE_MS).toISOString();
  for (;;) {
    try {
      const response = await send('/linarite/events', { query: last === undefined ? { from } : {}, headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) } });
      eventsError.value = null;
      eventsBegun.value = true;
      last = await read(response, last);
    } catch (error) {
      if (error instanceof ServiceError) eventsError.value = error;
      // What this service does not have does not come by waiting.
      if (error instanceof ServiceError && error.status >= 400 && error.status < 500 && error.status !== 429) {
        eventsBegun.value = true;
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Until the stream ends; the id of its last event. */
async function read(response: Response, before: string | undefined): Promise<string | undefined> {
  let last = before;
  if (response.body === null) return last;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return last;
    text += value;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    const fresh: CloudEvent[] = [];
    for (const frame of frames) {
      const fields = fieldsOf(frame);
      if (fields.id !== undefined) last = fields.id;
      const event = eventOf(fields.data);
      if (event !== null) fresh.push(event);
    }
    if (fresh.length > 0) events.value = [...fresh.toReversed(), ...events.value].slice(0, MOST_KEPT);
  }
}

function fieldsOf(frame: string): { readonly id: string | undefined; readonly data: string } {
  const lines = frame.split('\n');
  const of = (name: string): readonly string[] => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
  return { id: of('id').at(-1), data: of('data').join('\n') };
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
