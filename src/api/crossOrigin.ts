import type { IncomingMessage, ServerResponse } from 'node:http';

/** What browsers send in place of a host for pages that lie in files, as programs made with Electron have them. */
const FILES = 'file://';
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
/** The page's own operations, which are for that page alone. */
const OWN = '/linarite/';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
/** What clients read of an answer beside its body. */
const EXPOSED = 'ETag, Last-Modified, Location, Retry-After, WWW-Authenticate, Azure-AsyncOperation, DataServiceId, request-id, client-request-id, x-ms-request-id, ocp-creation-time, ocp-batch-file-isdirectory, ocp-batch-file-url, ocp-batch-file-mode';
const MAX_AGE_SECONDS = '3600';
/** Names of headers, as browsers list them. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(\s*,\s*[\w!#$%&'*+.^`|~-]+){0,63}$/;

/**
 * Lets pages of this machine ask the service from a browser (WHATWG Fetch, "CORS protocol"), Batch Explorer's among
 * them: those at a loopback address, and those in files. A site of elsewhere could use what everybody knows, the
 * well-known key, so the services' own `*` is not for here. Returns true where that was all: a browser's question
 * before the request, which is answered then.
 */
export function answerCrossOrigin({ method, url = '/', headers }: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = headers;
  if (origin === undefined || url.startsWith(OWN)) return false;
  // Caches must not show one page what another was told.
  response.setHeader('Vary', 'Origin');
  if (!isOfThisMachine(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return false;
  const asked = String(headers['access-control-request-headers'] ?? '');
  response.setHeader('Access-Control-Allow-Methods', METHODS);
  if (HEADER_NAMES.test(asked)) response.setHeader('Access-Control-Allow-Headers', asked);
  if (headers['access-control-request-private-network'] === 'true') response.setHeader('Access-Control-Allow-Private-Network', 'true');
  response.setHeader('Access-Control-Max-Age', MAX_AGE_SECONDS);
  response.setHeader('Content-Length', '0');
  response.statusCode = 200;
  response.end();
  return true;
}

/** Not `null`: any site has pages of which nobody tells where they are from. */
function isOfThisMachine(origin: string): boolean {
  if (origin === FILES) return true;
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname, origin: plain } = new URL(origin);
  return ['http:', 'https:'].includes(protocol) && LOOPBACK.includes(hostname) && plain === origin;
}
