import { HIDDEN } from '../../wire/secrets.ts';
import { bytesOfBody, type Body } from '../recording/body.ts';
import type { Exchange } from '../recording/exchange.ts';
import { splitTarget } from '../../api/target.ts';
import { isMadeUp, namesIn, shifted, withNames } from './values.ts';
import { isMembers, pairItems } from './walk.ts';

/** A request as it is sent here. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What cannot be sent, and why. */
interface Unsent {
  readonly unsent: string;
}

/** What a recording calls something, and what this service does. */
export interface Mapping {
  /** The request with what is named so here. `nowMs`: times in it keep their distance from it. */
  requestOf(exchange: Exchange, nowMs: number): SentRequest | Unsent;
  /** Hears both answers: what stands at the same place in them names the same. */
  learn(there: Exchange['answer'], here: Exchange['answer']): void;
}

/** Most names that are kept. */
const MOST_NAMES = 200_000;
const SKIP_TOKEN = '$skiptoken';

/** `to`: the recorded origin; `endpoint`: ours. */
export function createMapping(to: string, endpoint: string): Mapping {
  const names = new Map<string, string>();
  const set = (there: string, here: string): void => {
    if (there !== here && names.size < MOST_NAMES) names.set(there, here);
  };
  const named = (text: string): string => names.get(text) ?? withNames(text.replaceAll(to, endpoint), (name) => names.get(name) ?? name);
  const learnText = (there: string, here: string): void => {
    if (!isMadeUp(there) || !isMadeUp(here)) return;
    const tokens = [there, here].map(skipTokenOf);
    if (tokens[0] !== undefined && tokens[1] !== undefined) set(tokens[0], tokens[1]);
    if (!/^https?:/i.test(there)) set(there, here);
    const [theirs, ours] = [namesIn(there), namesIn(here)];
    if (theirs.length === ours.length) for (const [index, name] of theirs.entries()) set(name, ours[index] ?? name);
  };
  const learnValue = (there: unknown, here: unknown): void => {
    if (typeof there === 'string' && typeof here === 'string') learnText(there, here);
    else if (Array.isArray(there) && Array.isArray(here)) for (const pair of pairItems(there, here)) learnValue(pair.there, pair.here);
    else if (isMembers(there) && isMembers(here)) for (const name of Object.keys(there)) learnValue(there[name], here[name]);
  };
  return {
    requestOf: ({ at, request }, nowMs) => {
      const byMs = nowMs - Date.parse(at);
      // A time that an answer gave is what it is here; others are as far away as they were.
      const text = (value: string): string => (names.has(value) ? named(value) : shifted(named(value), byMs));
      const body = bodyBytes(request.body, text);
      if (!Buffer.isBuffer(body)) return body;
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, headerValue(name, value, { text, byMs, names })]));
      return { method: request.method, path: pathWith(request.path, text), headers, body };
    },
    learn: (there, here) => {
      for (const [name, value] of Object.entries(there.headers)) learnText(value, here.headers[name] ?? '');
      if (there.body !== null && here.body !== null && 'json' in there.body && 'json' in here.body) learnValue(there.body.json, here.body.json);
    },
  };
}

function skipTokenOf(link: string): string | undefined {
  return URL.canParse(link) ? (new URL(link).searchParams.get(SKIP_TOKEN) ?? undefined) : undefined;
}

interface HeaderMapping {
  readonly text: (value: string) => string;
  readonly byMs: number;
  readonly names: ReadonlyMap<string, string>;
}

function headerValue(name: string, value: string, { text, byMs, names }: HeaderMapping): string {
  const isTime = name === 'if-modified-since' || name === 'if-unmodified-since';
  return isTime && !names.has(value) && !Number.isNaN(Date.parse(value)) ? new Date(Date.parse(value) + byMs).toUTCString() : text(value);
}

/** Only what has changed is encoded anew: what is signed, and what is refused, may hang on how it was. */
function pathWith(path: string, text: (value: string) => string): string {
  const { path: plain, rawQuery } = splitTarget(path);
  const part = (raw: string): string => {
    const value = decoded(raw);
    const ours = text(value);
    return ours === value ? raw : encodeURIComponent(ours);
  };
  const pair = (raw: string): string => {
    const sign = raw.indexOf('=');
    return sign < 0 ? raw : `${raw.slice(0, sign + 1)}${part(raw.slice(sign + 1))}`;
  };
  return `${plain.split('/').map(part).join('/')}${rawQuery === '' ? '' : `?${rawQuery.split('&').map(pair).join('&')}`}`;
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

/** What stands in for a secret that is not in the recording, where its form matters. */
const STAND_INS: Readonly<Record<string, string>> = { password: 'Hidden-1-in-a-recording', accountKey: Buffer.alloc(64).toString('base64'), sasKey: '?sv=2020-08-04&sig=hidden' };

function bodyBytes(body: Body | null, text: (value: string) => string): Buffer | Unsent {
  if (body === null || !('json' in body)) {
    return bytesOfBody(body) ?? { unsent: 'its body was longer than is kept' };
  }
  if (isMembers(body.json) && body.json['data'] === HIDDEN) return { unsent: 'its body is a certificate, which is a secret' };
  return Buffer.from(JSON.stringify(mappedJson(body.json, '', text)), 'utf8');
}

function mappedJson(value: unknown, name: string, text: (value: string) => string): unknown {
  if (typeof value === 'string') return value === HIDDEN ? (STAND_INS[name] ?? value) : text(value);
  if (Array.isArray(value)) return value.map((item) => mappedJson(item, name, text));
  return isMembers(value) ? Object.fromEntries(Object.entries(value).map(([inner, one]) => [inner, mappedJson(one, inner, text)])) : value;
}
