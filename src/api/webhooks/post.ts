import { lookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { isPublic } from './addresses.ts';

/** How a request was answered; `status` null: not at all. `error` null: it was taken (2xx). */
export interface Posted {
  readonly status: number | null;
  readonly error: string | null;
}

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Also to addresses that are not public. */
  readonly mayBePrivate: boolean;
  readonly signal: AbortSignal;
  /** `node:dns` when not given. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
  /** How long an answer is waited for; left out: 15 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
const MOST_ADDRESSES = 4;

/**
 * Posts to where the name leads now, and nowhere else: the addresses are looked at before, and the connection goes to
 * one of them. Follows no redirect. Never rejects.
 */
export async function post({ url, headers, body, mayBePrivate, signal, resolve = resolveName, timeoutMs = TIMEOUT_MS }: PostOptions): Promise<Posted> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
  const late = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const addresses = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }];
    const hidden = mayBePrivate ? undefined : addresses.find(({ address }) => !isPublic(address));
    if (addresses.length === 0) return { status: null, error: `${host} has no address` };
    if (hidden !== undefined) return { status: null, error: `${host} leads to ${hidden.address}, which is not a public address` };
    const answer = await send(target, { headers, body, signal: late, lookup: pinned(addresses.slice(0, MOST_ADDRESSES)) });
    const status = answer.statusCode ?? 0;
    // Nobody reads what it says.
    answer.destroy();
    if (status >= 200 && status < 300) return { status, error: null };
    return { status, error: status >= 300 && status < 400 ? `it redirects (${status}), which is not followed` : `it answers ${status}` };
  } catch (error) {
    return { status: null, error: late.aborted && !signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : messageOf(error) };
  }
}

function resolveName(host: string): Promise<readonly { readonly address: string; readonly family: number }[]> {
  return lookup(host, { all: true });
}

/** What a connection asks for a name, answered by what was looked at. */
function pinned(addresses: readonly { readonly address: string; readonly family: number }[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses;
    if (options.all === true) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly lookup: LookupFunction;
}

/** A connection of its own each time: one that is kept would go where the name led before. */
function send(target: URL, { headers, body, signal, lookup: pin }: Sent): Promise<IncomingMessage> {
  const ask = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = ask(target, { method: 'POST', agent: false, lookup: pin, signal, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) } }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}
