import { idKey } from '../../core/keys.ts';
import { isStorable } from '../../wire/contract/readers.ts';
import { BatchError, invalidProperty, invalidQuery } from '../../wire/errors.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Right } from '../../wire/operations.ts';
import { etag, type Answer } from '../answer.ts';
import {
  activate,
  getApplication,
  getPackage,
  pageOfApplications,
  pageOfPackages,
  patchApplication,
  putApplication,
  putPackage,
  removeApplication,
  removePackage,
  type ApplicationProperties,
  type ApplicationView,
  type Page,
  type PackageView,
  type PackageWithUrl,
  type Workplace,
} from '../application/applications.ts';
import type { Body } from '../body.ts';
import { json, objectOf, segmentsOf } from './paths.ts';

/**
 * Our own operations on applications (docs/applications.md): paths and properties are those of the management plane
 * below an account.
 */
export interface ApplicationRequest {
  readonly right: Right;
  readonly run: (at: Workplace, body: Body) => Promise<Answer>;
}

type Run = ApplicationRequest['run'];
type Verbs = Readonly<Partial<Record<string, { readonly right: Right; readonly run: Run }>>>;

/** undefined: another path. @throws BatchError UnsupportedHttpVerb, RequestUrlFailedToParse. */
export function matchApplications(method: string, path: string, query: URLSearchParams): ApplicationRequest | undefined {
  const segments = segmentsOf(path, 'applications');
  if (segments === undefined) return undefined;
  const verbs = verbsOf(segments, query);
  if (verbs === undefined) return undefined;
  const found = verbs[method];
  if (found === undefined) throw new BatchError('UnsupportedHttpVerb');
  return found;
}

function verbsOf([id, versions, version, action, ...more]: readonly string[], query: URLSearchParams): Verbs | undefined {
  if (more.length > 0 || (versions !== undefined && versions !== 'versions') || (action !== undefined && action !== 'activate')) return undefined;
  if (id === undefined) return { GET: { right: 'read', run: list(query) } };
  if (versions === undefined) {
    return {
      GET: { right: 'read', run: bare(async (at) => answer(written(await getApplication(at, id)))) },
      PUT: { right: 'write', run: async (at, body) => answer(written(await putApplication(at, id, readProperties(await body.jsonIfAny())))) },
      PATCH: { right: 'write', run: async (at, body) => answer(written(await patchApplication(at, id, readProperties(await body.json())))) },
      DELETE: { right: 'delete', run: bare(async (at) => gone(await removeApplication(at, id))) },
    };
  }
  if (version === undefined) return { GET: { right: 'read', run: listOfPackages(id, query) } };
  if (action === 'activate') return { POST: { right: 'write', run: async (at, body) => answer(withUrl(await activate(at, id, version, readFormat(await body.json())))) } };
  return {
    GET: { right: 'read', run: bare(async (at) => answer(withUrl(await getPackage(at, id, version)))) },
    PUT: { right: 'write', run: bare(async (at) => answer(withUrl(await putPackage(at, id, version)))) },
    DELETE: { right: 'delete', run: bare(async (at) => gone(await removePackage(at, id, version))) },
  };
}

/** Of a request that takes no body. */
function bare(run: (at: Workplace) => Promise<Answer>): Run {
  return async (at, body) => {
    await body.refuse();
    return run(at);
  };
}

function list(query: URLSearchParams): Run {
  return bare(async (at) => page(await pageOfApplications(at, pageOf(query)), written));
}

function listOfPackages(id: string, query: URLSearchParams): Run {
  return bare(async (at) => page(await pageOfPackages(at, id, pageOf(query)), writtenPackage));
}

/** An account has few applications, and these few packages. */
const ITEMS_A_PAGE = 100;

/** One more is asked for than is shown: whether there are more. */
function pageOf(query: URLSearchParams): Page {
  const after = query.get('after') ?? '';
  if (!isStorable(after)) throw invalidQuery('after', after, 'It is none that this list has given.');
  return { after: idKey(after), limit: ITEMS_A_PAGE + 1 };
}

/** `next`: what to ask for as `after`; absent: this was all. */
function page<Row>(found: readonly Row[], write: (row: Row) => { readonly name: string }): Answer {
  const items = found.slice(0, ITEMS_A_PAGE).map(write);
  const last = items.at(-1);
  return answer({ value: items, ...(found.length > items.length && last !== undefined ? { next: last.name } : {}) });
}

function written({ id, displayName, allowUpdates, defaultVersion, modifiedAt }: ApplicationView) {
  const optional = { ...(displayName === null ? {} : { displayName }), ...(defaultVersion === null ? {} : { defaultVersion }) };
  return { name: id, etag: etag(modifiedAt), properties: { ...optional, allowUpdates } };
}

function writtenPackage({ version, state, lastActivatedAt, modifiedAt }: PackageView) {
  const active = lastActivatedAt === null ? {} : { format: 'zip', lastActivationTime: formatTimestamp(lastActivatedAt) };
  return { name: version, etag: etag(modifiedAt), properties: { state, ...active } };
}

function withUrl(view: PackageWithUrl) {
  const { properties, ...rest } = writtenPackage(view);
  return { ...rest, properties: { storageUrl: view.storageUrl, storageUrlExpiry: formatTimestamp(view.storageUrlExpiresAt), ...properties } };
}

const PROPERTIES = { displayName: 'string', allowUpdates: 'boolean', defaultVersion: 'string' } as const;

/** `{properties: {displayName, allowUpdates, defaultVersion}}`, each of them or none. */
function readProperties(body: unknown): ApplicationProperties {
  const given = body === undefined ? {} : objectOf(body, 'the body');
  const unknown = Object.keys(given).find((name) => name !== 'properties');
  if (unknown !== undefined) throw invalidProperty(unknown, given[unknown], 'There is no such property.');
  const properties = objectOf(given['properties'] ?? {}, 'properties');
  for (const [name, value] of Object.entries(properties)) {
    const type = Object.entries(PROPERTIES).find(([known]) => known === name)?.[1];
    if (type === undefined) throw invalidProperty(name, value, 'There is no such property.');
    if (typeof value !== type) throw invalidProperty(name, value, `The value must be a ${type}.`);
  }
  const { displayName } = properties as ApplicationProperties;
  if (displayName !== undefined && displayName.length > LONGEST_NAME) throw invalidProperty('displayName', displayName, `The value must not be longer than ${LONGEST_NAME} characters.`);
  return properties as ApplicationProperties;
}

const LONGEST_NAME = 1024;

function readFormat(body: unknown): string {
  const { format } = objectOf(body, 'the body');
  if (typeof format !== 'string') throw invalidProperty('format', format, 'The value must be a string.');
  return format;
}

function answer(body: object): Answer {
  return json(200, body);
}

/** As the management plane answers what was not there. */
function gone(wasThere: boolean): Answer {
  return { status: wasThere ? 200 : 204, headers: {}, body: null };
}
