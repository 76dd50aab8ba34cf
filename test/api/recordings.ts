import type { Exchange } from '../wire/fixtures.ts';
import { VOLATILE, type VolatileValue } from './recordedExceptions.ts';
import type { Got } from './support.ts';

/** What two sides of a comparison have in common. */
interface Comparison {
  /** Collects the rows of `VOLATILE` by which two values that differ were taken as equal. */
  readonly used: Set<VolatileValue>;
  /** What may differ. */
  readonly volatile: readonly VolatileValue[];
}

/**
 * What of an answer is not as recorded, each difference in a few words; `used` collects the rows of `VOLATILE` that
 * were needed.
 */
export function differences(got: Got, { response }: Exchange, { used = new Set<VolatileValue>(), volatile = VOLATILE }: Partial<Comparison> = {}): string[] {
  if (got.status !== response.status) return [`status ${got.status}, not ${response.status} ${got.text.slice(0, 600)}`];
  const comparison = { used, volatile };
  const found = headerDifferences(got.headers, response.headers, comparison);
  if (response.reason !== undefined && got.reason !== response.reason) found.push(`reason ${got.reason}, not ${response.reason}`);
  const body = typeof response.body === 'string' ? got.text : got.json;
  return [...found, ...valueDifferences(body, response.body ?? null, '', comparison)];
}

/** The ETags of a session: each that was recorded, and what was answered in its place. */
export class EntityTags {
  readonly #answered = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** What is changed has another ETag, and nothing else has. */
  differences({ headers }: Got, { response }: Exchange): string[] {
    const [here, there] = [headers['etag'], response.headers['ETag']];
    if (here === undefined || there === undefined) return [];
    const [before, ofThat] = [this.#answered.get(there), this.#recorded.get(here)];
    this.#answered.set(there, here);
    this.#recorded.set(here, there);
    if (before !== undefined && before !== here) return ['header ETag is another, though nothing was changed'];
    return ofThat !== undefined && ofThat !== there ? ['header ETag is as before, though something was changed'] : [];
  }
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
  const names = [...new Set([...Object.keys(got), ...Object.keys(recorded)])];
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
