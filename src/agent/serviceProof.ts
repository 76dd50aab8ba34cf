import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isOfThisMachine } from '../processes/machine.ts';

/**
 * How a connection to the service is made, so that the node's credential goes to nobody else: over TLS, proved by the
 * authority that the provider gave with the configuration (`authority`, PEM; undefined: by those that the system
 * trusts). In the clear only within this machine.
 */
export interface ProvedConnection {
  readonly ca?: string[];
  readonly lookup?: LookupFunction;
}

/** Throws an Error in words for an address that the credential must not go to. */
export function provedConnection(url: URL, authority: string | undefined): ProvedConnection {
  if (isTls(url)) return authority === undefined ? {} : { ca: [authority] };
  const host = hostOf(url);
  if (isIP(host) === 0) return { lookup: ownAddress };
  if (!isOfThisMachine(host)) throw new Error(inTheClear(host));
  return {};
}

/** `https:` or `http:`, as `url` is `wss:` or `ws:`. */
export function overHttp(url: URL): URL {
  const changed = new URL(url);
  changed.protocol = isTls(url) ? 'https:' : 'http:';
  return changed;
}

function isTls({ protocol }: URL): boolean {
  return protocol === 'wss:' || protocol === 'https:';
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function inTheClear(host: string): string {
  return `${host} is another machine: nothing goes there in the clear, its address must begin with wss:`;
}

/** Of a name that leads to another machine there is no address. */
const ownAddress: LookupFunction = (name, options, callback) => {
  lookup(name, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return callback(error ?? new Error(`${name} has no address`), '');
    if (!addresses.every(({ address }) => isOfThisMachine(address))) return callback(new Error(inTheClear(name)), '');
    if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
