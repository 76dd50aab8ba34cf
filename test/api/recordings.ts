import { readFileSync } from 'node:fs';
import { handlers } from '../../src/api/handlers.ts';
import { refusal, refused } from '../../src/wire/accepted.ts';
import { matchOperation } from '../../src/wire/operations.ts';
import type { Exchange } from '../wire/fixtures.ts';
import type { Got } from './support.ts';

/** An exchange of a session, named by its recording and number, such as `DP 5`; conditions are the request's headers. */
export interface Recorded extends Exchange {
  readonly request: Exchange['request'] & { readonly headers?: Readonly<Record<string, string>> };
}

/** A session of a client with the real service, as recorded: `DP`, `AZ` or `EX` and the number of the exchange. */
export function session(name: string): readonly Recorded[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/recordings/${name}.json`, import.meta.url), 'utf8')) as Recorded[];
}

/** Whether an operation of this service answers the request; what has no handler answers 501. */
export function isServed({ request: { method, url } }: Exchange): boolean {
  return handlers[matchOperation(method, url.replace(/\?.*/, '')).operation.id] !== undefined;
}

const REFUSED_NAMES: ReadonlySet<string> = new Set(Object.keys(refused).map((path) => path.replace(/.*\./, '')));

function isRefused(name: string, value: unknown): boolean {
  return REFUSED_NAMES.has(name) && Object.keys(refused).some((path) => path.endsWith(`.${name}`) && refusal(path, value) !== undefined);
}

/** The body without the properties that this service refuses; `lost` collects their names. */
export function withoutRefused(value: unknown, lost: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutRefused(item, lost));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).flatMap(([name, inner]) => {
    if (isRefused(name, inner)) {
      lost.add(name);
      return [];
    }
    const rest = withoutRefused(inner, lost);
    const emptied = isRecord(inner) && isRecord(rest) && Object.keys(inner).length > 0 && Object.keys(rest).length === 0;
    return emptied ? [] : [[name, rest] as const];
  });
  return Object.fromEntries(kept);
}

/** Headers whose presence tells a client something. */
const HEADERS = ['Content-Type', 'ETag', 'Last-Modified', 'DataServiceId', 'Location'] as const;

/** What of an answer is not as recorded, each difference in a few words; properties in `lost` are left out. */
export function differences(got: Got, { response }: Exchange, lost: ReadonlySet<string> = new Set()): string[] {
  const found: string[] = [];
  if (got.status !== response.status) return [`status ${got.status}, not ${response.status} ${got.text.slice(0, 600)}`];
  const recorded = new Set(Object.keys(response.headers).map((name) => name.toLowerCase()));
  for (const name of HEADERS) {
    const here = got.headers[name.toLowerCase()] !== undefined;
    if (here !== recorded.has(name.toLowerCase())) found.push(`header ${name} ${here ? 'added' : 'missing'}`);
  }
  const body: unknown = response.body ?? null;
  const sent: unknown = got.json;
  const [here, there] = [fragmentOf(sent), fragmentOf(body)];
  if (here !== there) found.push(`odata.metadata is of ${here}, not ${there}`);
  if (response.status < 400) return [...found, ...propertyDifferences(sent, body, '', lost)];
  if (response.reason !== undefined && got.reason !== response.reason) found.push(`reason ${got.reason}`);
  const [mine, theirs] = [refusalOf(sent), refusalOf(body)];
  return mine === theirs ? found : [...found, `refusal ${mine}, not ${theirs}`];
}

/** What `odata.metadata` says that the answer is, such as `pools/@Element`. */
function fragmentOf(body: unknown): string {
  return isRecord(body) ? String(body['odata.metadata'] ?? 'nothing').replace(/.*#/, '') : 'nothing';
}

/** Code, sentence and values in their order. */
function refusalOf(body: unknown): string {
  if (!isRecord(body)) return 'without a body';
  const { code, message, values } = body;
  const sentence = isRecord(message) ? String(message['value']).replace(/\n[^]*/, '') : '';
  return JSON.stringify([code, sentence, values ?? []]);
}

function propertyDifferences(got: unknown, recorded: unknown, at: string, lost: ReadonlySet<string>): string[] {
  if (Array.isArray(got) && Array.isArray(recorded)) {
    if (got.length !== recorded.length) return [`${at} has ${got.length} items, not ${recorded.length}`];
    return got.flatMap((item, index) => propertyDifferences(item, recorded[index], `${at}[]`, lost));
  }
  if (!isRecord(got) || !isRecord(recorded)) return kind(got) === kind(recorded) ? [] : [`${at} is ${kind(got)}, not ${kind(recorded)}`];
  const names = [...new Set([...Object.keys(got), ...Object.keys(recorded)])].filter((name) => !lost.has(name));
  return names.flatMap((name) => {
    const path = at === '' ? name : `${at}.${name}`;
    if (!(name in got)) return [`${path} missing`];
    if (!(name in recorded)) return [`${path} added`];
    return propertyDifferences(got[name], recorded[name], path, lost);
  });
}

function kind(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
