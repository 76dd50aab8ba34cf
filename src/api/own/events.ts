/** Our own operation by which programs listen to an account, or read what it has told (docs/events.md). */
import type { Instant } from '../../core/keys.ts';
import { positionBefore, type Position } from '../../store/transitions.ts';
import { invalidQuery } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { parseTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { azureMonitorLines } from '../events/azureMonitor.ts';
import { cloudEvent, gapEvent, type Told } from '../events/cloudEvent.ts';
import { parsePosition, positionText } from '../events/position.ts';
import { isKindSelector, matcher, type Selection } from '../events/selection.ts';
import { beforeOf, eventStream, serverSentEvents, type StreamForm } from '../events/stream.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json } from './json.ts';
import { pageStream } from './live/stream.ts';
import { readWhole } from './queries.ts';

export const eventOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/events', right: 'read', of: 'account', jobInQuery: 'job', run: events },
];

const NAMES = ['form', 'kind', 'pool', 'job', 'state', 'from', 'limit', 'format', 'api-version'];
const MOST_LISTED = 1_000;
/** So many pages without an event that was asked for are read for one list. */
const MOST_PAGES = 50;

/** A stream; with `limit` a list that ends. */
async function events(call: OwnCall, parts: Parts): Promise<Answer> {
  const { query } = call;
  if (query.get('form') === 'page') return pageStream(call, parts);
  for (const name of query.keys()) if (!NAMES.includes(name)) throw invalidQuery(name, query.get(name) ?? '', `There are ${NAMES.join(', ')}.`);
  const asked = query.get('form') ?? '';
  if (asked !== '' && asked !== 'events') throw invalidQuery('form', asked, 'There are events and page.');
  const selection = readSelection(query);
  const matches = matcher(selection);
  const from = await readFrom(call, parts);
  const format = readFormat(query.get('format') ?? '');
  const limit = query.get('limit') ?? '';
  if (limit !== '') return listed(call, parts, { from, matches, format, limit: readWhole('limit', limit, { least: 1, most: MOST_LISTED, usual: MOST_LISTED }) });
  const account = { number: call.account, name: call.principal.account.name };
  const form = format === 'azure-monitor' ? azureMonitorStream(call, parts) : serverSentEvents(account.name);
  const type = format === 'azure-monitor' ? 'application/x-ndjson' : 'text/event-stream; charset=utf-8';
  return { status: 200, headers: { 'content-type': type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' }, endless: true, body: eventStream(parts.tails, { account, from, matches, form, alike: JSON.stringify([format, selection]) }) };
}

interface ListAsked {
  readonly from: Position;
  readonly matches: ReturnType<typeof matcher>;
  readonly format: Format;
  readonly limit: number;
}

async function listed(call: OwnCall, parts: Parts, { from, matches, format, limit }: ListAsked): Promise<Answer> {
  const { name } = call.principal.account;
  const tail = await parts.tails.acquire(call.account);
  try {
    const found: Told[] = [];
    let position = from;
    let gap: object | null = null;
    for (let pages = 0; pages < MOST_PAGES && found.length < limit; pages += 1) {
      const { told, isGap, next, isEnd } = await tail.read(position);
      if (isGap) gap = gapEvent(name, beforeOf(told[0], next), call.now);
      found.push(...told.filter(({ transition }) => matches(transition)));
      position = next;
      if (isEnd) break;
    }
    const value = found.slice(0, limit);
    const next = found.length > limit ? (value.at(-1)?.position ?? position) : position;
    if (format === 'azure-monitor') return { status: 200, headers: { 'content-type': 'application/x-ndjson', 'x-linarite-next': positionText(next) }, body: await azureMonitorLines(parts.database, monitored(call), value) };
    return json(200, { value: value.map((one) => cloudEvent(name, one)), next: positionText(next), ...(gap === null ? {} : { gap }) });
  } finally {
    parts.tails.release(call.account);
  }
}

/** Begins with an empty line: the answer leaves at once, and not with the first event. */
function azureMonitorStream(call: OwnCall, { database }: Parts): StreamForm {
  return { head: '\n', write: (told) => azureMonitorLines(database, monitored(call), told), gap: () => '', idle: () => '\n' };
}

function monitored({ account, principal }: OwnCall): { readonly number: number; readonly name: string } {
  return { number: account, name: principal.account.name };
}

type Format = 'cloudevents' | 'azure-monitor';

function readFormat(text: string): Format {
  if (text === '') return 'cloudevents';
  if (text === 'cloudevents' || text === 'azure-monitor') return text;
  throw invalidQuery('format', text, 'There are cloudevents and azure-monitor.');
}

function readSelection(query: URLSearchParams): Selection {
  const kinds = wordsOf(query, 'kind');
  const unknown = kinds.find((word) => !isKindSelector(word));
  if (unknown !== undefined) throw invalidQuery('kind', unknown, 'It is no kind of event, like task.failed, task.completed or job.');
  const [pool, job] = [query.get('pool') ?? '', query.get('job') ?? ''];
  const states = wordsOf(query, 'state');
  return {
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(pool === '' ? {} : { pool: lowerAscii(pool) }),
    ...(job === '' ? {} : { job: lowerAscii(job) }),
    ...(states.length === 0 ? {} : { states }),
  };
}

/** `a,b` and several of the same name. */
function wordsOf(query: URLSearchParams, name: string): readonly string[] {
  return query.getAll(name).flatMap((text) => text.split(',')).map((word) => lowerAscii(word.trim())).filter((word) => word !== '');
}

/** Where a client that comes back was, else where it asks to begin, else now. */
async function readFrom(call: OwnCall, { database, tails }: Parts): Promise<Position> {
  const { headers, query, account } = call;
  const last = headers['last-event-id'];
  const text = typeof last === 'string' && last !== '' ? last : (query.get('from') ?? '');
  if (text === '') return tails.now(account);
  const position = parsePosition(text);
  if (position !== undefined) return position;
  const since = text === 'start' ? 0 : parseTimestamp(text);
  if (since === undefined) throw invalidQuery('from', text, 'It is neither the id of an event, nor a time like 2026-01-31T12:00:00Z, nor start.');
  return (await positionBefore(database, account, since as Instant)) ?? (await tails.now(account));
}
