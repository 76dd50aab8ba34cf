import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { hint } from '../hint.ts';
import { claimDataDirectory } from '../service/data/claim.ts';
import { type DataDirectory, dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { runningService } from '../service/data/record.ts';
import { placeOfDatabase, readExternals } from '../service/externals.ts';
import { BackupArchive } from './archive.ts';
import { readBackup } from './read.ts';
import { writeBackup } from './write.ts';

interface PlaceOptions {
  readonly dataDir?: string;
}

export interface BackupOptions extends PlaceOptions {
  readonly withKey?: true;
}

export interface RestoreOptions extends PlaceOptions {
  readonly keys?: string;
}

const TO_STDOUT = '-';
const BLOCK_BYTES = 8 * 1024 * 1024;
const BLOCKS_AT_ONCE = 2;

/**
 * `linarite backup`: into a file, to standard output, or into a blob by a link that allows it. A file is there when it
 * is whole, or not at all.
 */
export async function backup(to: string, options: BackupOptions): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  if (directory === undefined) throw new CommandError(EXIT.failure, `there is no data at ${path}`);
  refuseExternals(directory);
  const isRunning = runningService(directory) !== undefined;
  // Nobody starts a service on what is being copied.
  if (!isRunning) await takeOverEnded(path, directory);
  const archive = new BackupArchive();
  const { output } = archive;
  const writing = writeBackup(directory, archive, { isRunning, withKey: options.withKey === true, takenAt: new Date() }).catch((error: unknown) => {
    output.destroy(error instanceof Error ? error : new Error(messageOf(error)));
    throw error;
  });
  const [written, kept] = await Promise.allSettled([writing, keep(output, to)]);
  if (written.status === 'rejected') throw written.reason;
  if (kept.status === 'rejected') throw kept.reason;
  const apart = options.withKey === true ? '' : `; its keys are not in it: keep ${directory.keys} apart`;
  console.error(`backup of ${path} ${to === TO_STDOUT ? 'written' : `in ${withoutSignature(to)}`}${apart}`);
}

/** `linarite restore`: a new data directory out of a backup, on which `up` goes on. */
export async function restore(from: string, options: RestoreOptions): Promise<void> {
  const path = dataDirectoryPath(options.dataDir);
  const file = isLink(from) ? `${path}.restore` : resolve(from);
  try {
    if (isLink(from)) await download(from, file);
    const { takenAt, version } = await readBackup(file, path, options.keys === undefined ? null : resolve(options.keys));
    console.log(`restored ${path} as it was at ${takenAt} (linarite ${version}): start it with ${hint('up', options.dataDir)}`);
    console.log('The service that it was taken of must not run any more where both have nodes from the same engine, such as Slurm: each would end the other one’s.');
  } finally {
    if (isLink(from)) rmSync(file, { force: true });
  }
}

async function keep(output: Readable, to: string): Promise<void> {
  if (to === TO_STDOUT) return pipeline(output, process.stdout);
  if (isLink(to)) return upload(output, to);
  const file = resolve(to);
  try {
    await pipeline(output, createWriteStream(`${file}.new`, { mode: 0o600, flush: true }));
    renameSync(`${file}.new`, file);
  } catch (error) {
    rmSync(`${file}.new`, { force: true });
    throw error;
  }
}

async function upload(output: Readable, link: string): Promise<void> {
  const { BlockBlobClient } = await import('@azure/storage-blob');
  await new BlockBlobClient(link).uploadStream(output, BLOCK_BYTES, BLOCKS_AT_ONCE).catch((error: unknown) => refuse(link, error));
}

async function download(link: string, file: string): Promise<void> {
  const { BlobClient } = await import('@azure/storage-blob');
  await new BlobClient(link).downloadToFile(file).catch((error: unknown) => refuse(link, error));
}

/** The signature of a link is a secret. */
function refuse(link: string, error: unknown): never {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  throw new CommandError(EXIT.failure, `${withoutSignature(link)}: ${typeof code === 'string' ? code : messageOf(error).split('\n')[0]}`);
}

function withoutSignature(to: string): string {
  return isLink(to) ? new URL(to).origin + new URL(to).pathname : to;
}

function isLink(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/** Databases and storage that were given have means of their own. */
function refuseExternals(directory: DataDirectory): void {
  const { databaseUrl, storage } = readExternals(directory);
  if (databaseUrl !== undefined) throw new CommandError(EXIT.failure, `the database at ${placeOfDatabase(databaseUrl)} was given: back it up by its own means (pg_dump, or an archive of its log), and ${directory.keys} with it`);
  if (storage !== undefined) throw new CommandError(EXIT.failure, `the storage account ${storage.accountName} was given: only a service with blobs of its own is backed up whole`);
}

async function takeOverEnded(path: string, directory: DataDirectory): Promise<void> {
  claimDataDirectory(path);
  const { endLeftovers } = await import('../../store/embedded/leftover.ts');
  await endLeftovers(join(directory.database, 'data'));
}
