import { closeSync, fstatSync, openSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { putFile } from '../../blobs/putFile.ts';
import { refuseBadArchive } from '../archives.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask, type Connection } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

export interface CreateOptions extends TargetFlags {
  readonly displayName?: string;
  readonly defaultVersion?: string;
  readonly allowUpdates?: 'yes' | 'no';
}

export interface ActivateOptions extends TargetFlags {
  /** Make it the default version. */
  readonly default?: boolean;
}

/** What the service answers (docs/applications.md). */
interface Package {
  readonly properties: { readonly storageUrl?: string };
}

/** `linarite app create`. @throws CommandError */
export async function create(id: string, { displayName, defaultVersion, allowUpdates, ...target }: CreateOptions): Promise<void> {
  const properties = {
    ...(displayName === undefined ? {} : { displayName }),
    ...(defaultVersion === undefined ? {} : { defaultVersion }),
    ...(allowUpdates === undefined ? {} : { allowUpdates: allowUpdates === 'yes' }),
  };
  await ask(targetOf(target), { method: 'PUT', path: pathOfApp(id), body: { properties } });
}

/** `linarite app upload`. @throws CommandError */
export async function upload(id: string, version: string, path: string, options: ActivateOptions): Promise<void> {
  const service = targetOf(options);
  const file = opened(path);
  try {
    const { size } = fstatSync(file);
    await refuseBadArchive(path, file, size);
    const made = JSON.parse(await ask(service, { method: 'PUT', path: pathOfApp(id, version) })) as Package;
    await send(file, size, made.properties.storageUrl ?? '');
  } finally {
    closeSync(file);
  }
  await activateIn(service, id, version, options);
}

/** `linarite app activate`. @throws CommandError */
export async function activate(id: string, version: string, options: ActivateOptions): Promise<void> {
  await activateIn(targetOf(options), id, version, options);
}

async function activateIn(service: Connection, id: string, version: string, { default: isDefault = false }: ActivateOptions): Promise<void> {
  await ask(service, { method: 'POST', path: `${pathOfApp(id, version)}/activate`, body: { format: 'zip' } });
  if (isDefault) await ask(service, { method: 'PATCH', path: pathOfApp(id), body: { properties: { defaultVersion: version } } });
  console.error(`${id} ${version} is active${isDefault ? ', and the default version' : ''}`);
}

/** Of an application, or of a package of it. */
export function pathOfApp(id: string, version?: string): string {
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
