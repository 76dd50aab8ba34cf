import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, vi } from 'vitest';
import { type Finished, type LinariteEnv, linarite, run } from '../../support/linarite.ts';

export const LAUNCHER = resolve(import.meta.dirname, '../../../linarite');

/** Where the services of one file of tests keep their data. */
export interface DataDirectories {
  /** Everybody may pass through, so that nothing has to lie elsewhere. */
  readonly parent: string;
  /** A data directory for one test, after which it is purged. */
  ofTest(name: string): string;
  /** A data directory for all tests of the file, after which it is purged. */
  ofFile(name: string): string;
}

/** A test here starts a service once or twice: seconds each, and many times as many on a busy machine. */
const TIMEOUT_MS = 180_000;

/** Called at the top of a file of tests: it hooks into the end of each test and of all, and gives them time. */
export function dataDirectories(): DataDirectories {
  vi.setConfig({ testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS });
  const parent = mkdtempSync(join(tmpdir(), 'linarite-life-'));
  chmodSync(parent, 0o711);
  const used = { test: new Set<string>(), file: new Set<string>() };
  const directory = (of: Set<string>, name: string): string => {
    const dataDir = join(parent, name);
    of.add(dataDir);
    return dataDir;
  };
  const purge = async (of: Set<string>): Promise<void> => {
    const left = [...of].filter((dataDir) => existsSync(dataDir));
    of.clear();
    await Promise.all(left.map((dataDir) => linarite(['down', '--purge', '--data-dir', dataDir])));
  };
  afterEach(() => purge(used.test));
  afterAll(async () => {
    await purge(used.file);
    rmSync(parent, { recursive: true, force: true });
  });
  return { parent, ofTest: (name) => directory(used.test, name), ofFile: (name) => directory(used.file, name) };
}

/** What `status --json` shows. */
export interface Shown {
  readonly state: string;
  readonly progress?: string;
  readonly place?: string;
  readonly endpoint?: string;
  readonly service?: { readonly pid: number };
  readonly database?: { readonly pid?: number; readonly settings?: Record<string, string> };
  readonly blobs?: { readonly pid?: number };
  readonly counts?: { readonly pools: number };
  readonly leftovers?: readonly string[];
}

export function up(dataDir: string, ...more: string[]): Promise<Finished> {
  return linarite(['up', '--detach', '--data-dir', dataDir, ...more]);
}
export async function env(dataDir: string): Promise<LinariteEnv> {
  return JSON.parse((await linarite(['env', '--format', 'json', '--data-dir', dataDir])).stdout) as LinariteEnv;
}
export async function status(dataDir: string): Promise<Shown> {
  return JSON.parse((await run(LAUNCHER, ['status', '--json', '--data-dir', dataDir])).stdout) as Shown;
}

export function pidsOf({ service, database, blobs }: Shown): number[] {
  return [service?.pid, database?.pid, blobs?.pid].filter((pid) => pid !== undefined);
}

export async function putBlob({ AZURE_STORAGE_CONNECTION_STRING: connection }: LinariteEnv, text: string): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('kept');
  await container.createIfNotExists();
  await container.getBlockBlobClient('blob').upload(text, text.length);
}

export async function getBlob({ AZURE_STORAGE_CONNECTION_STRING: connection }: LinariteEnv, container = 'kept', blob = 'blob'): Promise<string> {
  return (await BlobServiceClient.fromConnectionString(connection).getContainerClient(container).getBlockBlobClient(blob).downloadToBuffer()).toString();
}
