import type { Readable } from 'node:stream';
import type { AccountNumber } from '../../core/keys.ts';
import type { Transition } from '../../core/transitions/transition.ts';
import type { Position } from '../../store/transitions.ts';
import { endlessBody } from '../endlessBody.ts';
import { cloudEventText, gapEvent, type Told } from './cloudEvent.ts';
import { positionText } from './position.ts';
import type { Tail, ToldPage } from './tail.ts';
import type { Tails } from './tails.ts';

/** What somebody listens to. */
export interface Listening {
  readonly account: { readonly number: AccountNumber; readonly name: string };
  readonly from: Position;
  readonly matches: (transition: Transition) => boolean;
  readonly form: StreamForm;
  /** The same of all for whom `matches` and `form` are the same. */
  readonly alike: string;
}

/** How events are written. */
export interface StreamForm {
  /** What the stream begins with. */
  readonly head: string;
  readonly write: (told: readonly Told[]) => string | Promise<string>;
  readonly gap: (event: ReturnType<typeof gapEvent>) => string;
  /** So that the connection is seen to live, and where the listener is: nothing has come for a while. */
  readonly idle: (position: Position) => string;
}

/** What a stream needs of them. */
type StreamTails = Pick<Tails, 'log' | 'clock' | 'closing' | 'release'> & { acquire(account: AccountNumber): Promise<Pick<Tail, 'after'>> };

const IDLE_MS = 15_000;
/** A listener that takes nothing for so long is dropped; it goes on by the id of its last event. */
const STALLED_MS = 60_000;

/**
 * The answer's body: goes on until the client or the service ends it. Holds one piece at a time, however slow the
 * client is.
 */
export function eventStream(tails: StreamTails, listening: Listening, stalledMs = STALLED_MS): Readable {
  const stalled = (): void => {
    tails.log.info({ account: listening.account.name, stalledMs }, 'a listener to events takes nothing, and was dropped');
    stream.destroy(new Error('the listener takes nothing'));
  };
  const stream = endlessBody((ended) => watched(pieces(tails, listening, AbortSignal.any([ended, tails.closing])), stalledMs, stalled));
  return stream;
}

async function* pieces(tails: StreamTails, listening: Listening, signal: AbortSignal): AsyncGenerator<string | Buffer> {
  const { account, from, form } = listening;
  const tail = await tails.acquire(account.number);
  try {
    if (form.head !== '') yield form.head;
    let position = from;
    let toldAt = performance.now();
    while (!signal.aborted) {
      const page = await tail.after(position, IDLE_MS, signal);
      position = page.next;
      if (page.isGap) yield form.gap(gapEvent(account.name, beforeOf(page.told[0], page.next), tails.clock()));
      const chunk = await chunkOf(page, listening);
      if (!page.isGap && chunk.length === 0 && performance.now() - toldAt < IDLE_MS) continue;
      toldAt = performance.now();
      if (chunk.length > 0) yield chunk;
      else if (!page.isGap) yield form.idle(position);
    }
  } finally {
    tails.release(account.number);
  }
}

/** Who goes on by the id of a gap misses nothing that follows it. */
export function beforeOf(first: Told | undefined, next: Position): Position {
  return first === undefined ? next : { ...first.position, place: first.position.place - 1 };
}

/** What is written of a page, by whom it is written for: bytes are made once, however many listen. */
const CHUNKS = new WeakMap<ToldPage, Map<string, Promise<Buffer>>>();

function chunkOf(page: ToldPage, listening: Listening): Promise<Buffer> {
  const chunks = CHUNKS.get(page) ?? new Map<string, Promise<Buffer>>();
  CHUNKS.set(page, chunks);
  const known = chunks.get(listening.alike);
  if (known !== undefined) return known;
  const chunk = written(page, listening);
  chunks.set(listening.alike, chunk);
  // Who asks again may have more luck.
  chunk.catch(() => chunks.delete(listening.alike));
  return chunk;
}

async function written({ told }: ToldPage, { matches, form }: Listening): Promise<Buffer> {
  const chosen = told.filter(({ transition }) => matches(transition));
  return Buffer.from(chosen.length === 0 ? '' : await form.write(chosen));
}

/** Calls `stalled` when a piece is not taken in time. */
async function* watched<Piece>(of: AsyncGenerator<Piece>, stalledMs: number, stalled: () => void): AsyncGenerator<Piece> {
  for await (const piece of of) {
    const timer = setTimeout(stalled, stalledMs);
    try {
      yield piece;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). `account`: its name. */
export function serverSentEvents(account: string): StreamForm {
  const frameOf = (told: Told): string => {
    // Written once, however many listen: filters differ, and what they leave is the same.
    told.frame ??= `id: ${positionText(told.position)}\ndata: ${cloudEventText(account, told)}\n\n`;
    return told.frame;
  };
  return {
    head: 'retry: 1000\n: events of Linarite\n\n',
    write: (told) => told.map(frameOf).join(''),
    gap: (event) => `event: gap\nid: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`,
    idle: (position) => `id: ${positionText(position)}\n: nothing new\n\n`,
  };
}
