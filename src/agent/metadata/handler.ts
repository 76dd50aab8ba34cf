import { type InstanceFacts, instanceDocument, isInstanceVersion, NEWEST_INSTANCE_VERSIONS, partOf } from './instance.ts';
import { isKnownVersion, NEWEST_VERSIONS, type ScheduledEvents } from './scheduledEvents.ts';

/** One request to a node's metadata service, however it came. */
export interface MetadataRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface MetadataAnswer {
  readonly status: number;
  /** Sent as JSON, or a string as text; null: there is none. */
  readonly body: object | string | null;
}

/** What is told of. */
export interface MetadataNode {
  readonly events: ScheduledEvents;
  readonly instance: InstanceFacts;
}

const TOKEN_PATH = '/metadata/identity/oauth2/token';
export const SCHEDULED_EVENTS_PATH = '/metadata/scheduledevents';

interface Asked extends MetadataRequest {
  /** Below the service's own path. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** The services at that address, by their paths in lower case. */
const SERVICES: readonly { readonly path: string; answer(node: MetadataNode, asked: Asked): MetadataAnswer }[] = [
  { path: SCHEDULED_EVENTS_PATH, answer: ({ events }, asked) => scheduledEvents(events, asked) },
  { path: '/metadata/instance', answer: ({ instance }, asked) => instanceMetadata(instance, asked) },
  { path: TOKEN_PATH, answer: (_node, asked) => identityToken(asked) },
];

/**
 * Whether a request asks for a token of an identity in the form that is to be answered by whoever knows whose it is;
 * `answerMetadata` says what is wrong with others, and answers as where the machine has no identity.
 */
export function asksForToken({ method, url, headers }: MetadataRequest): boolean {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const isWhole = ['api-version', 'resource'].every((name) => Boolean(parameters.get(name)));
  return method === 'GET' && isWhole && path.toLowerCase().replace(/\/$/, '') === TOKEN_PATH && headers['x-forwarded-for'] === undefined && String(headers['metadata']).toLowerCase() === 'true';
}

/**
 * The part of Azure's instance metadata service that is served: the scheduled events, and what is known of the machine;
 * tokens of identities are refused as on a machine that has none, where nobody else answers (`asksForToken`). Whoever
 * serves 169.254.169.254 for a node hands its requests to this.
 */
export function answerMetadata(node: MetadataNode, request: MetadataRequest): MetadataAnswer {
  const { url, headers } = request;
  if (headers['x-forwarded-for'] !== undefined) return refused(400, 'Bad request. A request with the header X-Forwarded-For is not answered');
  if (String(headers['metadata']).toLowerCase() !== 'true') return refused(400, 'Bad request. Required metadata header not specified');
  const [path = '', query = ''] = url.split('?', 2);
  const service = SERVICES.find((one) => `${path.toLowerCase()}/`.startsWith(`${one.path}/`));
  if (service === undefined) return refused(404, 'Not found');
  const rest = path.slice(service.path.length).split('/').filter((word) => word !== '');
  return service.answer(node, { ...request, rest, query: new URLSearchParams(query) });
}

function scheduledEvents(events: ScheduledEvents, { method, rest, query, body }: Asked): MetadataAnswer {
  if (rest.length > 0) return refused(404, 'Not found');
  if (method !== 'GET' && method !== 'POST') return refused(405, 'Method not allowed');
  const version = query.get('api-version');
  if (!isKnownVersion(version)) return refusedVersion(version, NEWEST_VERSIONS);
  if (method === 'GET') return { status: 200, body: events.document(version) };
  const asked = startRequests(body);
  if (asked === null) return refused(400, 'Bad request. The body must be {"StartRequests": [{"EventId": "..."}]}');
  return events.approve(asked) ? { status: 200, body: null } : refused(400, 'Bad request. There is no such event');
}

/** A part by its path; a value that has no parts itself is told as text alone. */
function instanceMetadata(facts: InstanceFacts, { method, rest, query }: Asked): MetadataAnswer {
  if (method !== 'GET') return refused(405, 'Method not allowed');
  const version = query.get('api-version');
  if (!isInstanceVersion(version)) return refusedVersion(version, NEWEST_INSTANCE_VERSIONS);
  const format = query.get('format') ?? 'json';
  if (format !== 'json' && format !== 'text') return refused(400, 'Bad request. The format must be json or text');
  const found = partOf(instanceDocument(facts), rest);
  if (found === undefined) return refused(404, 'Not found');
  if (typeof found !== 'object' || found === null) return format === 'text' ? { status: 200, body: String(found) } : refused(400, 'Bad request. This value takes the query format=text');
  if (format === 'json') return { status: 200, body: found };
  return { status: 200, body: Object.entries(found).map(([name, value]) => (typeof value === 'object' ? `${name}/` : name)).join('\n') };
}

/** As where the machine has no identity. */
function identityToken({ method, rest, query }: Asked): MetadataAnswer {
  if (rest.length > 0) return refused(404, 'Not found');
  if (method !== 'GET') return refused(405, 'Method not allowed');
  const missing = ['api-version', 'resource'].find((name) => !query.get(name));
  const why = missing === undefined ? 'Identity not found' : `Required query variable '${missing}' is missing`;
  return { status: 400, body: { error: 'invalid_request', error_description: why } };
}

function refusedVersion(version: string | null, newest: readonly string[]): MetadataAnswer {
  const why = version === null ? 'api-version was not specified in the request' : 'api-version is invalid';
  return { status: 400, body: { error: `Bad request. ${why}`, 'newest-versions': newest } };
}

function refused(status: number, error: string): MetadataAnswer {
  return { status, body: { error } };
}

/** The ids of the events to be started; null: the body is none of this form. */
function startRequests(body: string): readonly string[] | null {
  const read = parsed(body);
  const requests: unknown = typeof read === 'object' && read !== null ? Reflect.get(read, 'StartRequests') : null;
  if (!Array.isArray(requests) || requests.length === 0) return null;
  const ids = requests.map((request: unknown): unknown => (typeof request === 'object' && request !== null ? Reflect.get(request, 'EventId') : null));
  return ids.every((id): id is string => typeof id === 'string') ? ids : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
