/** Which requests of browsers are taken: those that the page itself sends. */
import { isIP } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { BatchError } from '../../wire/errors.ts';
import { HOST_SUFFIX, isOurs } from '../hostNames.ts';

/** A method that changes nothing. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** `names`: those by which this service is called beside its addresses, in lower case. */
export interface OriginRules {
  readonly suffix: string;
  readonly names: readonly string[];
}

/** Where a service is told of no other name. */
export const LOCAL_RULES: OriginRules = { suffix: HOST_SUFFIX, names: [] };

/**
 * @throws BatchError AuthenticationFailed (403) for a host that is none of this service's, which another site may have
 * given a name to; for another site's request; for one that writes what a form of any site can send.
 */
export function checkOrigin({ method = 'GET', headers }: Pick<IncomingMessage, 'method' | 'headers'>, rules: OriginRules): void {
  const host = headers.host ?? '';
  if (!isCalledSo(host, rules)) throw refused(`This service is not called '${host.slice(0, 100)}'.`);
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin') throw refused('Another site has sent the request.');
  if (SAFE.has(method)) return;
  if (origin === undefined || hostOf(origin) !== host.toLowerCase()) throw refused('The request does not say that the page of this service has sent it (Origin).');
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (hasBody && !/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) throw refused('The request has a body that is not said to be JSON.');
}

/** A site cannot make an address its own, as it can a name (DNS rebinding). */
function isCalledSo(host: string, { suffix, names }: OriginRules): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(name) !== 0 || names.includes(name) || isOurs(name, HOST_SUFFIX) || isOurs(name, suffix);
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

function refused(detail: string): BatchError {
  return new BatchError('AuthenticationFailed', [{ key: 'AuthenticationErrorDetail', value: detail }]);
}
