import { handlers } from '../../src/api/data/handlers.ts';
import { REFUSED } from '../../src/wire/accepted.ts';
import { isRefused as asksForIt } from '../../src/wire/contract/tables.ts';
import { matchOperation } from '../../src/wire/operations.ts';
import type { Exchange } from '../wire/fixtures.ts';
import { VOLATILE, type VolatileValue } from './recordedExceptions.ts';
import type { Got } from './support.ts';

/** Whether an operation of this service answers the request; what has no handler answers 501. */
export function isServed({ request: { method, url } }: Exchange): boolean {
  return handlers[matchOperation(method, url.replace(/\?.*/, '')).operation.id] !== undefined;
}

const REFUSED_NAMES: ReadonlySet<string> = new Set(Object.keys(REFUSED).map((path) => path.replace(/.*\./, '')));

function isRefused(name: string, value: unknown): boolean {
  return REFUSED_NAMES.has(name) && Object.entries(REFUSED).some(([path, refusal]) => path.endsWith(`.${name}`) && asksForIt(refusal, value));
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

/** What two sides of a comparison have in common. */
interface Comparison {
  /** Names of properties that are left out, for requests could not set them. */
  readonly lost: ReadonlySet<string>;
  /** Collects the rows of `VOLATILE` by which two values that differ were taken as equal. */
  readonly used: Set<VolatileValue>;
  /** What may differ. */
  readonly volatile: readonly VolatileValue[];
}

/**
 * What of an answer is not as recorded, each difference in a few words; `used` collects the rows of `VOLATILE` that
 * were needed.
 */
export function differences(got: Got, { response }: Exchange, { lost = new Set<string>(), used = new Set<VolatileValue>(), volatile = VOLATILE }: Partial<Comparison> = {}): string[] {
  if (got.status !== response.status) return [`status ${got.status}, not ${response.status} ${got.text.slice(0, 600)}`];
  const comparison = { lost, used, volatile };
  const found = headerDifferences(got.headers, response.headers, comparison);
  if (response.reason !== undefined && got.reason !== response.reason) found.push(`reason ${got.reason}, not ${response.reason}`);
  const body = typeof response.body === 'string' ? got.text : got.json;
  return [...found, ...valueDifferences(body, response.body ?? null, '', comparison)];
}

/** Headers whose presence tells a client something. */
const HEADERS = ['Content-Type', 'ETag', 'Last-Modified', 'DataServiceId', 'Location', 'ocp-creation-time', 'ocp-batch-file-isdirectory', 'ocp-batch-file-url', 'ocp-batch-file-mode', 'Retry-After', 'x-ms-failure-cause'];

function headerDifferences(got: Got['headers'], recorded: Exchange['response']['headers'], comparison: Comparison): string[] {
  const lower = Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name.toLowerCase(), value]));
  return HEADERS.flatMap((name) => {
    const [here, there] = [got[name.toLowerCase()], lower[name.toLowerCase()]];
    if (here === undefined || there === undefined) return here === there ? [] : [`header ${name} ${here === undefined ? 'missing' : 'added'}`];
    return textDifferences(here, there, `header ${name}`, comparison);
  });
}

/** Every value has to be the recorded one, and properties have to come in the recorded order. */
function valueDifferences(got: unknown, recorded: unknown, at: string, comparison: Comparison): string[] {
  if (Array.isArray(got) && Array.isArray(recorded)) {
    if (recorded.some(isImage)) return imageDifferences(got, recorded, at, comparison);
    if (got.length !== recorded.length) return [`${at} has ${got.length} items, not ${recorded.length}`];
    return got.flatMap((item, index) => valueDifferences(item, recorded[index], `${at}[]`, comparison));
  }
  if (isRecord(got) && isRecord(recorded)) return propertyDifferences(got, recorded, at, comparison);
  if (typeof got === 'string' && typeof recorded === 'string') return textDifferences(got, recorded, at, comparison);
  return got === recorded ? [] : [`${at} is ${JSON.stringify(got)}, not ${JSON.stringify(recorded)}`];
}

interface Image extends Body {
  readonly imageReference: Readonly<Record<'publisher' | 'offer' | 'sku', string>>;
}

function isImage(value: unknown): value is Image {
  return isRecord(value) && 'verificationType' in value && 'imageReference' in value;
}

/** A list of images is one of its time: of those that were there every value is compared, and others may be there. */
function imageDifferences(got: readonly unknown[], recorded: readonly unknown[], at: string, comparison: Comparison): string[] {
  const nameOf = ({ imageReference: { publisher, offer, sku } }: Image): string => [publisher, offer, sku].join('/');
  const here = new Map(got.filter(isImage).map((image) => [nameOf(image), image]));
  return recorded.filter(isImage).flatMap((image) => {
    const name = nameOf(image);
    const found = here.get(name);
    return found === undefined ? [`image ${name} missing`] : valueDifferences(found, image, `${at}[${name}]`, comparison);
  });
}

type Body = Readonly<Record<string, unknown>>;

function propertyDifferences(got: Body, recorded: Body, at: string, comparison: Comparison): string[] {
  const pathOf = (name: string): string => (at === '' ? name : `${at}.${name}`);
  const common = Object.keys(got).filter((name) => name in recorded);
  const order = Object.keys(recorded).filter((name) => name in got);
  const names = [...new Set([...Object.keys(got), ...Object.keys(recorded)])].filter((name) => !comparison.lost.has(name));
  const found = names.flatMap((name) => {
    if (!(name in got)) return [`${pathOf(name)} missing`];
    if (!(name in recorded)) return [`${pathOf(name)} added`];
    return valueDifferences(got[name], recorded[name], pathOf(name), comparison);
  });
  return common.join() === order.join() ? found : [...found, `${at === '' ? 'answer' : at} in the order ${common.join()}, not ${order.join()}`];
}

function textDifferences(got: string, recorded: string, at: string, { used, volatile }: Comparison): string[] {
  let [mine, theirs] = [got, recorded];
  for (const row of volatile.filter((one) => one.at.test(at))) {
    const before = mine === theirs;
    mine = mine.replace(row.form, `<${row.name}>`);
    theirs = theirs.replace(row.form, `<${row.name}>`);
    if (!before && mine === theirs) used.add(row);
  }
  return mine === theirs ? [] : [`${at} is ${JSON.stringify(mine)}, not ${JSON.stringify(theirs)}`];
}

function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
