import { closeSync, fstatSync, openSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { putFile } from '../../blobs/putFile.ts';
import { refuseBadArchive } from '../archives.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask, connectionOf, type Connection } from '../ownOperations.ts';

export interface AppOptions {
  readonly dataDir?: string;
}

export interface CreateOptions extends AppOptions {
  readonly displayName?: string;
  readonly defaultVersion?: string;
  readonly allowUpdates?: 'yes' | 'no';
}

export interface ActivateOptions extends AppOptions {
  /** Make it the default version. */
  readonly default?: boolean;
}

export interface ListOptions extends AppOptions {
  readonly json?: boolean;
}

/** What the service answers (docs/applications.md). */
interface Application {
  readonly name: string;
  readonly properties: { readonly displayName?: string; readonly defaultVersion?: string; readonly allowUpdates: boolean };
}

interface Package {
  readonly name: string;
  readonly properties: { readonly state: string; readonly lastActivationTime?: string; readonly storageUrl?: string };
}

/** `linarite app create`. @throws CommandError */
export async function create(id: string, { dataDir, displayName, defaultVersion, allowUpdates }: CreateOptions): Promise<void> {
  const properties = {
    ...(displayName === undefined ? {} : { displayName }),
    ...(defaultVersion === undefined ? {} : { defaultVersion }),
    ...(allowUpdates === undefined ? {} : { allowUpdates: allowUpdates === 'yes' }),
  };
  await ask(connectionOf(dataDir), { method: 'PUT', path: pathOf(id), body: { properties } });
}

/** `linarite app upload`. @throws CommandError */
export async function upload(id: string, version: string, path: string, { dataDir, ...options }: ActivateOptions): Promise<void> {
  const service = connectionOf(dataDir);
  const file = opened(path);
  try {
    const { size } = fstatSync(file);
    await refuseBadArchive(path, file, size);
    const made = JSON.parse(await ask(service, { method: 'PUT', path: pathOf(id, version) })) as Package;
    await send(file, size, made.properties.storageUrl ?? '');
  } finally {
    closeSync(file);
  }
  await activateIn(service, id, version, options);
}

/** `linarite app activate`. @throws CommandError */
export async function activate(id: string, version: string, { dataDir, ...options }: ActivateOptions): Promise<void> {
  await activateIn(connectionOf(dataDir), id, version, options);
}

async function activateIn(service: Connection, id: string, version: string, options: ActivateOptions): Promise<void> {
  await ask(service, { method: 'POST', path: `${pathOf(id, version)}/activate`, body: { format: 'zip' } });
  if (options.default === true) await ask(service, { method: 'PATCH', path: pathOf(id), body: { properties: { defaultVersion: version } } });
  console.error(`${id} ${version} is active${options.default === true ? ', and the default version' : ''}`);
}

/** `linarite app list`. @throws CommandError */
export async function list(id: string | undefined, { dataDir, json }: ListOptions): Promise<void> {
  const service = connectionOf(dataDir);
  const path = id === undefined ? '/linarite/applications' : `${pathOf(id)}/versions`;
  const found: (Application | Package)[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page = JSON.parse(await ask(service, { path: after === '' ? path : `${path}?after=${encodeURIComponent(after)}` })) as { readonly value: readonly (Application | Package)[]; readonly next?: string };
    found.push(...page.value);
    after = page.next;
  }
  if (json === true) console.log(JSON.stringify(found, undefined, 2));
  else for (const one of found) console.log([one.name, ...facts(one)].join('  '));
}

function facts({ properties }: Application | Package): readonly string[] {
  if ('state' in properties) return [properties.state, ...(properties.lastActivationTime === undefined ? [] : [`since ${properties.lastActivationTime}`])];
  const { displayName, defaultVersion, allowUpdates } = properties;
  return [
    ...(displayName === undefined ? [] : [displayName]),
    ...(defaultVersion === undefined ? [] : [`default ${defaultVersion}`]),
    ...(allowUpdates ? [] : ['no updates']),
  ];
}

/** `linarite app delete`. @throws CommandError */
export async function remove(id: string, version: string | undefined, { dataDir }: AppOptions): Promise<void> {
  await ask(connectionOf(dataDir), { method: 'DELETE', path: pathOf(id, version) });
}

function pathOf(id: string, version?: string): string {
  const path = `/linarite/applications/${encodeURIComponent(id)}`;
  return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${path} cannot be read: ${messageOf(error)}`);
  }
}

const IDLE_MS = 60_000;
const RETRY_MS = 60_000;

async function send(file: number, sizeBytes: number, url: string): Promise<void> {
  try {
    await putFile({ url, file, sizeBytes, headers: {}, idleMs: IDLE_MS, retryMs: RETRY_MS, signal: new AbortController().signal });
  } catch (error) {
    throw new CommandError(EXIT.failure, `the upload failed: ${messageOf(error)}`);
  }
}
