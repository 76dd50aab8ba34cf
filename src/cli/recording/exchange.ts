import type { Body } from './body.ts';

/** A request and its answer, without secrets. Header names are in lower case. */
export interface Exchange {
  /** In which order the requests came, from 1. */
  readonly number: number;
  /** When it came (ISO 8601, UTC). */
  readonly at: string;
  /** Until the end of the answer. */
  readonly ms: number;
  readonly request: RecordedRequest;
  readonly answer: RecordedAnswer;
}

interface RecordedRequest {
  readonly method: string;
  /** With its query, as sent: still percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | null;
}

interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | null;
}

/** The first line of a recording. */
export interface RecordingHead {
  readonly linarite: 'recording';
  readonly version: 1;
  /** The origin that was asked, which the answers name. */
  readonly to: string;
  readonly begun: string;
}

/** What a file has. */
export interface Recording {
  readonly head: RecordingHead;
  /** In the order of the requests. */
  readonly exchanges: readonly Exchange[];
}
