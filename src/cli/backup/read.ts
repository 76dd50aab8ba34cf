import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { type Entry, open, type ZipFile } from 'yauzl';
import { messageOf } from '../../base/errors.ts';
import { adoptData, bundledMajorVersion } from '../../store/embedded/postgres.ts';
import { CommandError, EXIT } from '../errors.ts';
import { claimDataDirectory } from '../service/data/claim.ts';
import { type DataDirectory, findDataDirectory, purgeDataDirectory, RESTORING } from '../service/data/dataDirectory.ts';
import { MANIFEST, type Manifest, readManifest } from './manifest.ts';

const openZip = promisify<string, { lazyEntries: boolean; autoClose: boolean }, ZipFile>(open);

/**
 * Makes a data directory of a backup. Returns what the backup says of itself. A directory in which something lies is
 * refused; what was begun is removed again when it fails, and refused when it was cut short. `keys`: a directory with
 * the keys of the service that the backup is of, for one without them; null: none is given. @throws CommandError
 */
export async function readBackup(file: string, path: string, keys: string | null): Promise<Manifest> {
  if (findDataDirectory(path) !== undefined) throw new CommandError(EXIT.failure, `${path} holds data already: restore into another --data-dir, or end it with linarite down --purge first`);
  const manifest = await readFirst(file);
  if (manifest.postgres !== bundledMajorVersion()) {
    throw new CommandError(EXIT.failure, `this backup holds files of PostgreSQL ${manifest.postgres}, and this linarite brings PostgreSQL ${bundledMajorVersion()}: restore it with linarite ${manifest.version}`);
  }
  checkKeys(manifest, file, keys);
  const directory = claimDataDirectory(path, { clock: manifest.clock });
  try {
    writeFileSync(join(directory.root, RESTORING), '');
    await extract(file, directory);
    if (keys !== null) takeKeys(keys, directory);
    adoptData(directory.database);
    rmSync(join(directory.root, RESTORING));
    return manifest;
  } catch (error) {
    await purgeDataDirectory(directory);
    throw error;
  }
}

/** Without this file nothing that is sealed in the database can be opened. */
const SEALING_KEY = 'nodes';

function checkKeys({ hasKeys = true }: Manifest, file: string, keys: string | null): void {
  if (hasKeys && keys !== null) throw new CommandError(EXIT.usage, `${file} has the keys in it, and takes no --keys`);
  if (!hasKeys && keys === null) throw new CommandError(EXIT.usage, `${file} was made without --with-key: give the keys of its service, a copy of the directory 'keys' in its data directory, with --keys <directory>`);
  if (keys !== null && !existsSync(join(keys, SEALING_KEY))) throw new CommandError(EXIT.usage, `--keys ${keys}: there are no keys of a service, such as ${join(keys, SEALING_KEY)}`);
}

/** With the certificates that lie beside them, so that clients go on with the authority that they trust. */
function takeKeys(keys: string, directory: DataDirectory): void {
  takeFiles(keys, directory.keys);
  const certificates = join(dirname(keys), 'certificates');
  if (existsSync(certificates)) takeFiles(certificates, directory.certificates);
}

function takeFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) if (entry.isFile()) writeFileSync(join(to, entry.name), readFileSync(join(from, entry.name)), { mode: 0o600, flush: true });
}

async function readFirst(file: string): Promise<Manifest> {
  for await (const { entry, zip } of entriesOf(file)) {
    if (entry.fileName !== MANIFEST) break;
    return readManifest(await text(await openEntry(zip, entry)));
  }
  throw new CommandError(EXIT.failure, `${file} is no backup of linarite: it does not begin with ${MANIFEST}`);
}

async function extract(file: string, directory: DataDirectory): Promise<void> {
  for await (const { entry, zip } of entriesOf(file)) {
    const target = targetOf(entry.fileName, directory);
    if (target === null) continue;
    if (entry.fileName.endsWith('/')) mkdirSync(target, { recursive: true, mode: 0o700 });
    else {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      await pipeline(await openEntry(zip, entry), createWriteStream(target, { mode: 0o600, flush: true }));
    }
  }
}

/** Where an entry belongs; null: it is of the archive itself. @throws CommandError for one that belongs nowhere */
function targetOf(name: string, { root, database, blobs, keys, certificates, clockFile }: DataDirectory): string | null {
  if (name === MANIFEST) return null;
  const [part = '', ...rest] = name.split('/');
  const below = rest.join('/');
  switch (part) {
    case 'database':
      return join(database, 'data', below);
    case 'blobs':
      return join(blobs, below);
    case 'keys':
      return join(keys, below);
    case 'certificates':
      return join(certificates, below);
    case 'root':
      return join(root, below);
    case 'clock':
      if (clockFile !== null) return clockFile;
  }
  throw new CommandError(EXIT.failure, `this backup holds ${name}, which no data directory has`);
}

/** One after the other, as they stand in the archive. @throws CommandError for a file that is no whole archive */
async function* entriesOf(file: string): AsyncGenerator<{ readonly entry: Entry; readonly zip: ZipFile }> {
  let zip: ZipFile;
  try {
    zip = await openZip(file, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw new CommandError(EXIT.failure, `${file} is no whole backup: ${messageOf(error)}`);
  }
  try {
    for (let left = zip.entryCount; left > 0; left -= 1) {
      const entry = await new Promise<Entry>((resolve, reject) => {
        zip.once('entry', resolve).once('error', reject);
        zip.readEntry();
      });
      zip.removeAllListeners('error');
      yield { entry, zip };
    }
  } finally {
    zip.close();
  }
}

function openEntry(zip: ZipFile, entry: Entry): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}
