import type { CloudEvent } from '../events/cloudEvent.ts';
import { post, type Posted, type PostOptions } from './post.ts';
import { signatureHeaders } from './signature.ts';

const MOST_BYTES = 65_536;

/** What is sent of an event. One that would be larger is sent without what makes it so. */
export function messageBody(event: CloudEvent): string {
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) <= MOST_BYTES) return text;
  const { results: _results, errors: _errors, failureInfo: _failure, ...data } = event.data;
  return JSON.stringify({ ...event, data: { ...data, shortened: true } });
}

export interface MessageOptions extends Pick<PostOptions, 'url' | 'mayBePrivate' | 'signal' | 'resolve'> {
  readonly secret: string;
  readonly event: CloudEvent;
  /** Of the clock on the wall: receivers hold it against theirs. */
  readonly now: number;
}

/** One attempt. Its id is that of the event, each time. Never rejects. */
export function postMessage({ secret, event, now, ...to }: MessageOptions): Promise<Posted> {
  const body = messageBody(event);
  const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8', 'user-agent': 'Linarite', ...signatureHeaders(secret, { id: event.id, seconds: Math.floor(now / 1_000), body }) };
  return post({ ...to, headers, body });
}
