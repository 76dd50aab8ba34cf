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
  /** Sent as JSON; null: there is none. */
  readonly body: object | null;
}

export const SCHEDULED_EVENTS_PATH = '/metadata/scheduledevents';

/**
 * The part of Azure's instance metadata service that is served: `GET` and `POST` of the scheduled events. Whoever
 * serves 169.254.169.254 for a node hands its requests to this.
 */
export function answerMetadata(events: ScheduledEvents, { method, url, headers, body }: MetadataRequest): MetadataAnswer {
  if (headers['x-forwarded-for'] !== undefined) return refused(400, 'Bad request. A request with the header X-Forwarded-For is not answered');
  if (String(headers['metadata']).toLowerCase() !== 'true') return refused(400, 'Bad request. Required metadata header not specified');
  const [path = '', query = ''] = url.split('?', 2);
  if (path.replace(/\/$/, '').toLowerCase() !== SCHEDULED_EVENTS_PATH) return refused(404, 'Not found');
  if (method !== 'GET' && method !== 'POST') return refused(405, 'Method not allowed');
  const version = new URLSearchParams(query).get('api-version');
  if (!isKnownVersion(version)) {
    const why = version === null ? 'api-version was not specified in the request' : 'api-version is invalid';
    return { status: 400, body: { error: `Bad request. ${why}`, 'newest-versions': NEWEST_VERSIONS } };
  }
  if (method === 'GET') return { status: 200, body: events.document(version) };
  const asked = startRequests(body);
  if (asked === null) return refused(400, 'Bad request. The body must be {"StartRequests": [{"EventId": "..."}]}');
  return events.approve(asked) ? { status: 200, body: null } : refused(400, 'Bad request. There is no such event');
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
