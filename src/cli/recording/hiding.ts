import { HIDDEN, hiddenSettings, SECRET_PROPERTIES, withoutSecretForms } from '../../wire/secrets.ts';

/** Headers of requests that are kept; those of credentials, of clients and of connections are not among them. */
const KEPT_OF_REQUESTS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'client-request-id',
  'return-client-request-id',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'ocp-range',
  'range',
  'prefer',
]);

/** Headers of answers that are not kept: what a browser would keep secret, and what is about the connection. */
const DROPPED_OF_ANSWERS: ReadonlySet<string> = new Set(['set-cookie', 'authorization', 'proxy-authenticate', 'authentication-info', 'connection', 'keep-alive', 'transfer-encoding', 'trailer', 'upgrade']);

type Headers = Readonly<Record<string, string>>;

/** What of a request's headers (in lower case) is recorded. */
export function hiddenRequestHeaders(headers: Headers): Headers {
  return hiddenHeaders(headers, (name) => KEPT_OF_REQUESTS.has(name));
}

/** What of an answer's headers (in lower case) is recorded. */
export function hiddenAnswerHeaders(headers: Headers): Headers {
  return hiddenHeaders(headers, (name) => !DROPPED_OF_ANSWERS.has(name));
}

function hiddenHeaders(headers: Headers, isKept: (name: string) => boolean): Headers {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (isKept(name) ? [[name, hiddenText(value)]] : [])));
}

/** A text without what looks like a secret: links into storage stay without their signatures. */
export const hiddenText = withoutSecretForms;

/** A value of JSON without its secrets: those that the contract calls so, environment settings, and links. */
export function hiddenIn(value: unknown): unknown {
  if (typeof value === 'string') return hiddenText(value);
  if (Array.isArray(value)) return value.map(hiddenIn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, SECRET_PROPERTIES.has(name) ? blank(inner) : hiddenIn(hiddenSettings(name, inner) ?? inner)]));
}

/** Its form stays, so that it can be sent again. */
function blank(value: unknown): unknown {
  if (typeof value === 'string') return HIDDEN;
  if (Array.isArray(value)) return value.map(blank);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, blank(inner)]));
}
