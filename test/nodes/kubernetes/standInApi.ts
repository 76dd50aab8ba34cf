import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { at, textAt, textsAt } from '../../../src/nodes/kubernetes/api/json.ts';

/**
 * What a Kubernetes API server does with pods, Secrets, events and nodes, as far as one who makes pods can tell: names
 * that are taken, versions, lists by page and by label, what is followed from a version and forgotten after a while
 * (410), graceful deletion, dry runs, rights, owners. Held against a real one by the same tests where there is one.
 */
export interface StandInApi {
  readonly server: string;
  /** Forgets what happened before now: whoever follows from an earlier version has to list again. */
  compact(): void;
  /** Ends all that is followed, and refuses connections until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** Refuses these for whoever is no administrator: `create pods`. */
  readonly forbidden: Set<string>;
  /** What a webhook of the cluster makes of a pod that is created. */
  mutate: (pod: Record<string, unknown>) => void;
  /** Requests, as `POST pods`, in their order. */
  readonly requests: string[];
  close(): Promise<void>;
}

export const ADMIN_TOKEN = 'administrator';

type Stored = Record<string, unknown>;
interface Happened {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: string;
  readonly object: Stored;
}

interface Asked {
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly part: string | null;
  readonly query: URLSearchParams;
}

class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export async function startStandInApi(): Promise<StandInApi> {
  const objects = new Map<string, Stored>();
  let history: Happened[] = [];
  let version = 100;
  let forgotten = 0;
  const followers = new Set<{ readonly wants: (one: Happened) => boolean; readonly response: ServerResponse }>();
  const forbidden = new Set<string>();
  const requests: string[] = [];

  const keyOf = (kind: string, namespace: string | null, name: string): string => [kind, namespace ?? '', name].join('/');
  const metadataOf = (object: Stored): Stored => (object['metadata'] ??= {}) as Stored;

  const happen = (type: Happened['type'], kind: string, object: Stored): Stored => {
    version += 1;
    metadataOf(object)['resourceVersion'] = String(version);
    const one: Happened = { version, type, kind, object: structuredClone(object) };
    history.push(one);
    for (const { wants, response } of followers) if (wants(one)) response.write(`${JSON.stringify({ type, object: one.object })}\n`);
    return structuredClone(object);
  };

  const found = (kind: string, namespace: string | null, name: string): Stored => {
    const object = objects.get(keyOf(kind, namespace, name));
    if (object === undefined) throw new Refusal(404, 'NotFound', `${kind} "${name}" not found`);
    return object;
  };

  const remove = (kind: string, namespace: string | null, name: string): Stored => {
    const object = found(kind, namespace, name);
    objects.delete(keyOf(kind, namespace, name));
    const uid = textAt(object, 'metadata', 'uid');
    // What the garbage collector does for those who name it as their owner.
    for (const [key, owned] of objects) if (textAt(owned, 'metadata', 'ownerReferences', 0, 'uid') === uid) objects.delete(key);
    return happen('DELETED', kind, object);
  };

  const create = ({ kind, namespace, query }: Asked, object: Stored): Stored => {
    const metadata = metadataOf(object);
    const name = String(metadata['name'] ?? `${String(metadata['generateName'])}${randomUUID().slice(0, 5)}`);
    if (objects.has(keyOf(kind, namespace, name))) throw new Refusal(409, 'AlreadyExists', `${kind} "${name}" already exists`);
    Object.assign(metadata, { name, uid: randomUUID(), creationTimestamp: new Date().toISOString(), ...(namespace === null ? {} : { namespace }) });
    if (kind === 'pods') {
      object['status'] = { phase: 'Pending' };
      api.mutate(object);
    }
    if (query.get('dryRun') === 'All') return object;
    objects.set(keyOf(kind, namespace, name), object);
    return happen('ADDED', kind, object);
  };

  /** A pod that runs nowhere goes at once, another one when its kubelet says so, with a grace of zero. */
  const askDeletion = ({ kind, namespace, name }: Asked, options: unknown): Stored => {
    const object = found(kind, namespace, name ?? '');
    const wanted = at(options, 'gracePeriodSeconds');
    const isOver = ['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase') ?? '') || textAt(object, 'spec', 'nodeName') === null;
    const own = Number(at(object, 'spec', 'terminationGracePeriodSeconds') ?? 30);
    const metadata = metadataOf(object);
    const before = metadata['deletionTimestamp'] === undefined ? Infinity : Number(metadata['deletionGracePeriodSeconds']);
    const grace = kind !== 'pods' || isOver ? 0 : Math.min(before, typeof wanted === 'number' ? wanted : own);
    if (grace === 0) return remove(kind, namespace, name ?? '');
    if (grace === before) return object;
    Object.assign(metadata, { deletionTimestamp: new Date(Date.now() + grace * 1_000).toISOString(), deletionGracePeriodSeconds: grace });
    return happen('MODIFIED', kind, object);
  };

  const patch = ({ kind, namespace, name }: Asked, changes: Stored): Stored => {
    const object = found(kind, namespace, name ?? '');
    const expected = textAt(changes, 'metadata', 'resourceVersion');
    if (expected !== null && expected !== textAt(object, 'metadata', 'resourceVersion')) throw new Refusal(409, 'Conflict', `the object has been modified; please apply your changes to the latest version`);
    merge(object, changes);
    return happen('MODIFIED', kind, object);
  };

  const selects = ({ kind, namespace, query }: Asked): ((object: Stored) => boolean) => {
    const labels = termsOf(query.get('labelSelector'));
    const fields = termsOf(query.get('fieldSelector'));
    return (object) =>
      (namespace === null || textAt(object, 'metadata', 'namespace') === namespace || kind === 'nodes') &&
      labels.every(([name, value]) => textsAt(object, 'metadata', 'labels')[name] === value) &&
      fields.every(([path, value]) => (textAt(object, ...path.split('.')) ?? '') === value);
  };

  const list = (asked: Asked): Stored => {
    const { kind, query } = asked;
    const wants = selects(asked);
    const all = [...objects].filter(([key, object]) => key.startsWith(`${kind}/`) && wants(object)).map(([, object]) => structuredClone(object));
    const [from, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit') ?? all.length)];
    const rest = all.length > from + limit ? { continue: String(from + limit) } : {};
    return { kind: 'List', metadata: { resourceVersion: String(version), ...rest }, items: all.slice(from, from + limit) };
  };

  const followFrom = (asked: Asked, response: ServerResponse): void => {
    const from = Number(asked.query.get('resourceVersion') ?? version);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const isOurs = selects(asked);
    const wants = (one: Happened): boolean => one.kind === asked.kind && isOurs(one.object);
    if (from < forgotten) {
      const status = { kind: 'Status', status: 'Failure', reason: 'Expired', code: 410, message: `too old resource version: ${from} (${forgotten})` };
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    }
    for (const one of history) if (one.version > from && wants(one)) response.write(`${JSON.stringify({ type: one.type, object: one.object })}\n`);
    const follower = { wants, response };
    followers.add(follower);
    response.on('close', () => followers.delete(follower));
  };

  const review = (body: unknown): Stored => {
    const words = ['verb', 'resource'].map((name) => textAt(body, 'spec', 'resourceAttributes', name)).join(' ');
    return { status: { allowed: !forbidden.has(words) } };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const url = new URL(request.url ?? '', 'http://stand-in');
    const token = request.headers.authorization ?? '';
    if (!token.startsWith('Bearer ')) throw new Refusal(401, 'Unauthorized', 'Unauthorized');
    const body = await bodyOf(request);
    if (url.pathname.endsWith('/selfsubjectaccessreviews')) return review(body);
    const asked = readPath(url);
    const verb = request.method === 'GET' ? (asked.query.has('watch') ? 'watch' : asked.name === null ? 'list' : 'get') : { POST: 'create', PATCH: 'patch', DELETE: 'delete' }[request.method ?? ''] ?? '';
    requests.push(`${request.method} ${asked.kind}${asked.part === null ? '' : `/${asked.part}`}`);
    if (token !== `Bearer ${ADMIN_TOKEN}` && forbidden.has(`${verb} ${asked.kind}`)) throw new Refusal(403, 'Forbidden', `${asked.kind} is forbidden: User "linarite" cannot ${verb} resource "${asked.kind}" in API group "" in the namespace "${asked.namespace ?? ''}"`);
    if (verb === 'watch') return followFrom(asked, response);
    if (verb === 'list') return list(asked);
    if (verb === 'get') return structuredClone(found(asked.kind, asked.namespace, asked.name ?? ''));
    if (verb === 'delete') return askDeletion(asked, body);
    if (verb === 'patch') return patch(asked, body as Stored);
    if (asked.part === 'eviction') return askDeletion(asked, {});
    if (asked.part === 'binding') return patch(asked, { spec: { nodeName: textAt(body, 'target', 'name') } });
    return create(asked, body as Stored);
  };

  const http = createServer((request, response) => {
    answer(request, response).then(
      (said) => {
        if (said === undefined) return;
        response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
      },
      (error: unknown) => {
        const { code, reason } = error instanceof Refusal ? error : { code: 500, reason: 'InternalError' };
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message: String((error as Error).message) }));
      },
    );
  });
  const listen = (port: number): Promise<number> => new Promise((resolve) => http.listen(port, '127.0.0.1', () => resolve((http.address() as AddressInfo).port)));
  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await stopped;
  };
  const port = await listen(0);
  const api: StandInApi = {
    server: `http://127.0.0.1:${port}`,
    compact: () => {
      history = [];
      forgotten = version;
    },
    away: stop,
    back: async () => void (await listen(port)),
    forbidden,
    mutate: () => undefined,
    requests,
    close: async () => {
      if (http.listening) await stop();
    },
  };
  return api;
}

function readPath(url: URL): Asked {
  const words = url.pathname.split('/').filter((word) => word !== '').slice(2);
  const namespace = words[0] === 'namespaces' ? (words[1] ?? null) : null;
  const [kind = '', name = null, part = null] = namespace === null ? words : words.slice(2);
  return { kind, namespace, name, part, query: url.searchParams };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

function termsOf(selector: string | null): readonly (readonly [name: string, value: string])[] {
  return (selector ?? '').split(',').filter((term) => term !== '').map((term) => {
    const [name = '', value = ''] = term.split('=');
    return [name, value] as const;
  });
}

/** RFC 7386. */
function merge(into: Stored, changes: Stored): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete into[name];
    else if (typeof value === 'object' && !Array.isArray(value)) merge((into[name] ??= {}) as Stored, value as Stored);
    else into[name] = value;
  }
}
