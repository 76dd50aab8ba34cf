import { BatchError, invalidProperty, missing } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';

/** A document as it is run: files beside it are in it by now. */
export interface Seed {
  /** The resource group of accounts; null: that of the service. */
  readonly group: Group | null;
  readonly storageAccounts: readonly Entry[];
  readonly accounts: readonly SeedAccount[];
  readonly storage: readonly SeedContainer[];
  /** Of the account that is asked. */
  readonly contents: Contents;
}

/** Something with a name; `body` is what its plane is sent, without what the document alone knows. */
export interface Entry {
  readonly id: string;
  readonly place: string;
  readonly body: JsonObject;
}

export interface SeedAccount extends Entry {
  readonly contents: Contents;
}

interface Group {
  readonly name: string;
  readonly place: string;
}

/** What is in a Batch account. */
export interface Contents {
  readonly applications: readonly SeedApplication[];
  readonly certificates: readonly Entry[];
  readonly pools: readonly Entry[];
  readonly schedules: readonly Entry[];
  readonly jobs: readonly SeedJob[];
}

interface SeedJob extends Entry {
  readonly tasks: readonly Entry[];
}

export interface SeedApplication extends Entry {
  readonly packages: readonly SeedFile[];
}

/** Bytes under a name: a blob, or the package of a version. */
export interface SeedFile {
  readonly id: string;
  readonly place: string;
  readonly bytes: Buffer;
  /** null: the storage's default. */
  readonly contentType: string | null;
}

export interface SeedContainer {
  readonly id: string;
  readonly place: string;
  /** null: the storage account that the service has from its start. */
  readonly account: string | null;
  readonly blobs: readonly SeedFile[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

const CONTENTS = ['applications', 'certificates', 'pools', 'jobSchedules', 'jobs'] as const;

/**
 * Reads a document. What belongs to the bodies of the planes is left to them. @throws BatchError InvalidPropertyValue,
 * MissingRequiredProperty with the place: unknown names, other types, ids that are there twice, contents that are not
 * base64.
 */
export function readSeed(value: unknown): Seed {
  const document = objectAt(value, 'seed');
  refuseOthers(document, ['group', 'storageAccounts', 'accounts', 'storage', ...CONTENTS], '');
  const { group } = document;
  return {
    group: isNothing(group) ? null : { name: textAt(group, 'group'), place: 'group' },
    storageAccounts: entries(document, 'storageAccounts', 'name', '').map(({ id, place, body }) => ({ id, place, body })),
    accounts: entries(document, 'accounts', 'name', '').map(({ id, place, body }) => {
      const { applications: _a, certificates: _c, pools: _p, jobSchedules: _s, jobs: _j, ...resource } = body;
      return { id, place, body: resource, contents: contentsOf(body, `${place}.`) };
    }),
    storage: entries(document, 'storage', 'container', '', ({ container, account }) => `${String(account ?? '')}/${String(container)}`).map(containerOf),
    contents: contentsOf(document, ''),
  };
}

function contentsOf(from: JsonObject, above: string): Contents {
  return {
    applications: entries(from, 'applications', 'id', above).map(({ id, place, body }) => {
      const { packages: _packages, ...properties } = body;
      refuseOthers(properties, ['displayName', 'allowUpdates', 'defaultVersion'], `${place}.`);
      return { id, place, body: properties, packages: entries(body, 'packages', 'version', `${place}.`).map((one) => fileOf(one, ['base64'])) };
    }),
    certificates: entries(from, 'certificates', 'thumbprint', above).map((entry) => ({ ...entry, body: { thumbprint: entry.id, thumbprintAlgorithm: 'sha1', ...entry.body } })),
    pools: entries(from, 'pools', 'id', above).map(withId),
    schedules: entries(from, 'jobSchedules', 'id', above).map(withId),
    jobs: entries(from, 'jobs', 'id', above).map((entry) => {
      const { tasks: _tasks, ...body } = entry.body;
      return { ...withId({ ...entry, body }), tasks: entries(entry.body, 'tasks', 'id', `${entry.place}.`).map(withId) };
    }),
  };
}

function withId({ id, place, body }: Entry): Entry {
  return { id, place, body: { id, ...body } };
}

function containerOf({ id, place, body }: Entry): SeedContainer {
  refuseOthers(body, ['account', 'blobs'], `${place}.`);
  const { account } = body;
  return { id, place, account: isNothing(account) ? null : textAt(account, `${place}.account`), blobs: entries(body, 'blobs', 'name', `${place}.`, ({ name }) => String(name)).map((one) => fileOf(one, ['text', 'base64'])) };
}

/** Exactly one of `forms` holds the content. */
function fileOf({ id, place, body }: Entry, forms: readonly ('text' | 'base64')[]): SeedFile {
  const { file, directory } = body;
  for (const [name, path] of Object.entries({ file, directory })) {
    if (!isNothing(path)) throw invalidProperty(`${place}.${name}`, path, 'Files are read by the command line (linarite seed, linarite up --seed): a request carries contents as base64.');
  }
  refuseOthers(body, [...forms, 'contentType'], `${place}.`);
  const given = forms.filter((form) => !isNothing(body[form]));
  const [form] = given;
  if (form === undefined) throw missing(`${place}.${forms.join(' or ')}`, 'It says what is in it.');
  if (given.length > 1) throw invalidProperty(`${place}.${given[1] ?? form}`, '', `Of ${given.join(' and ')} one says what is in it.`);
  const text = textAt(body[form], `${place}.${form}`);
  const { contentType } = body;
  return { id, place, bytes: form === 'text' ? Buffer.from(text) : bytesOf(text, `${place}.base64`), contentType: isNothing(contentType) ? null : textAt(contentType, `${place}.contentType`) };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function bytesOf(text: string, place: string): Buffer {
  const plain = text.replaceAll(/\s/g, '');
  if (!BASE64.test(plain) || plain.length % 4 !== 0) throw invalidProperty(place, '', 'The value must be base64.');
  return Buffer.from(plain, 'base64');
}

/** The objects of a list, each with a name of its own under `key`; names are the same whatever their case. */
function entries(from: JsonObject, list: string, key: string, above: string, keyOf: (body: JsonObject) => string = (body) => lowerAscii(String(body[key]))): readonly Entry[] {
  const value = from[list];
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw invalidProperty(above + list, value, 'The value must be a list.');
  const seen = new Map<string, string>();
  return value.map((item: unknown, index) => {
    const place = `${above}${list}[${index}]`;
    const { [key]: id, ...body } = objectAt(item, place);
    if (isNothing(id)) throw missing(`${place}.${key}`);
    const text = textAt(id, `${place}.${key}`);
    if (text === '') throw invalidProperty(`${place}.${key}`, '', 'The value must not be empty.');
    const name = keyOf({ [key]: text, ...body });
    const first = seen.get(name);
    if (first !== undefined) throw invalidProperty(`${place}.${key}`, text, `${first} has it already.`);
    seen.set(name, place);
    return { id: text, place, body };
  });
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function objectAt(value: unknown, place: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new BatchError('InvalidRequestBody', [{ key: 'PropertyName', value: place }, { key: 'Reason', value: `${place} must be an object.` }]);
}

function textAt(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  throw invalidProperty(place, value, 'The value must be a string: numbers and the like stand in quotes.');
}

function refuseOthers(body: JsonObject, known: readonly string[], above: string): void {
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalidProperty(`${above}${unknown}`, body[unknown], `There is no such property. Known here: ${known.join(', ')}.`);
}
