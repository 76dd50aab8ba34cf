import { idKey } from '../../core/keys.ts';
import { isStorable } from '../../wire/contract/readers.ts';
import { invalidProperty, invalidQuery } from '../../wire/errors.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
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
import { param, type Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

/**
 * Our own operations on applications (docs/applications.md): paths and properties are those of the management plane
 * below an account.
 */
export const applicationOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/applications', right: 'read', of: 'applications', run: list },
  { method: 'GET', path: '/linarite/applications/{id}', right: 'read', of: 'applications', run: onOne(async (at, { id }) => answer(written(await getApplication(at, id)))) },
  { method: 'PUT', path: '/linarite/applications/{id}', right: 'write', of: 'applications', body: true, run: onOne(async (at, { id, call }) => answer(written(await putApplication(at, id, readProperties(await call.jsonIfAny()))))) },
  { method: 'PATCH', path: '/linarite/applications/{id}', right: 'write', of: 'applications', body: true, run: onOne(async (at, { id, call }) => answer(written(await patchApplication(at, id, readProperties(await call.json()))))) },
  { method: 'DELETE', path: '/linarite/applications/{id}', right: 'delete', of: 'applications', run: onOne(async (at, { id }) => gone(await removeApplication(at, id))) },
  { method: 'GET', path: '/linarite/applications/{id}/versions', right: 'read', of: 'applications', run: onOne(listOfPackages) },
  { method: 'GET', path: '/linarite/applications/{id}/versions/{version}', right: 'read', of: 'applications', run: onPackage(async (at, id, version) => answer(withUrl(await getPackage(at, id, version)))) },
  { method: 'PUT', path: '/linarite/applications/{id}/versions/{version}', right: 'write', of: 'applications', run: onPackage(async (at, id, version) => answer(withUrl(await putPackage(at, id, version)))) },
  { method: 'DELETE', path: '/linarite/applications/{id}/versions/{version}', right: 'delete', of: 'applications', run: onPackage(async (at, id, version) => gone(await removePackage(at, id, version))) },
  { method: 'POST', path: '/linarite/applications/{id}/versions/{version}/activate', right: 'write', of: 'applications', body: true, run: onPackage(async (at, id, version, call) => answer(withUrl(await activate(at, id, version, readFormat(await call.json()))))) },
];

function workplaceOf({ account, now }: OwnCall, { database, storageOf, wallClock }: Parts): Workplace {
  return { database, storage: storageOf(account), account, now, wallClock };
}

function onOne(run: (at: Workplace, asked: { readonly id: string; readonly call: OwnCall }) => Promise<Answer>): OwnOperation['run'] {
  return (call, parts) => run(workplaceOf(call, parts), { id: param(call, 'id'), call });
}

function onPackage(run: (at: Workplace, id: string, version: string, call: OwnCall) => Promise<Answer>): OwnOperation['run'] {
  return (call, parts) => run(workplaceOf(call, parts), param(call, 'id'), param(call, 'version'), call);
}

async function list(call: OwnCall, parts: Parts): Promise<Answer> {
  return page(await pageOfApplications(workplaceOf(call, parts), pageOf(call.query)), written);
}

async function listOfPackages(at: Workplace, { id, call }: { readonly id: string; readonly call: OwnCall }): Promise<Answer> {
  return page(await pageOfPackages(at, id, pageOf(call.query)), writtenPackage);
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
export function readProperties(body: unknown): ApplicationProperties {
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
