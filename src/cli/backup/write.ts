import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { bundledMajorVersion, postgresConnection } from '../../store/embedded/postgres.ts';
import { beginBaseBackup, isCopied } from '../../store/embedded/baseBackup.ts';
import { type DataDirectory, HELD_BLOBS } from '../service/data/dataDirectory.ts';
import { releaseVersion } from '../version.ts';
import { BackupArchive, filesBelow } from './archive.ts';
import { MANIFEST, manifestOf } from './manifest.ts';

/**
 * What lets whoever has it in, by its name in the archive: without it, all that is sealed in the database stays closed.
 */
const SECRET = ['keys', 'certificates'] as const;

/**
 * Writes a backup of a data directory into an archive, while its service runs or after it has ended. All that was
 * acknowledged before `writeBackup` is called is in it, and nothing of what was acknowledged after it returns. Nodes
 * are not: they are made anew, and their tasks run again. `isRunning`: its database does. `withKey`: so that it can be
 * restored by itself. Throws what the database or the file system says.
 */
export async function writeBackup(directory: DataDirectory, archive: BackupArchive, { isRunning, withKey, takenAt }: { readonly isRunning: boolean; readonly withKey: boolean; readonly takenAt: Date }): Promise<void> {
  const data = join(directory.database, 'data');
  archive.addText(MANIFEST, manifestOf({ hasKeys: withKey, version: releaseVersion(), postgres: bundledMajorVersion(), takenAt: takenAt.toISOString(), clock: directory.clockFile === null ? 'real' : 'virtual' }));
  if (withKey) for (const name of SECRET) await addBelow(archive, name, directory[name]);
  addRootFiles(archive, directory);
  if (isRunning) await addRunning(archive, directory, data);
  else {
    await addBelow(archive, 'database', data);
    await addBelow(archive, 'blobs', directory.blobs);
  }
  await archive.whenRead();
  archive.end();
}

async function addRunning(archive: BackupArchive, directory: DataDirectory, data: string): Promise<void> {
  const backup = await beginBaseBackup(postgresConnection(directory.database), data);
  // Blobs that are deleted while the backup is written are in it all the same: the database in it knows them.
  const held = holdBlobs(directory.blobs);
  try {
    await addBelow(archive, 'database', data, isCopied);
    await archive.whenRead();
    const { label, log } = await backup.end();
    held.hold();
    archive.addText('database/backup_label', label);
    for (const piece of log) archive.addFile(`database/pg_wal/${piece}`, join(data, 'pg_wal', piece));
    await archive.whenRead();
    await addBelow(archive, 'blobs', held.directory);
    await archive.whenRead();
  } finally {
    held.release();
    await backup.close();
  }
}

async function addBelow(archive: BackupArchive, name: string, root: string, isWanted: (path: string) => boolean = () => true): Promise<void> {
  archive.addDirectory(`${name}/`);
  for await (const { path, kind } of filesBelow(root)) {
    if (!isWanted(path)) continue;
    if (kind === 'directory') archive.addDirectory(`${name}/${path}/`);
    else archive.addFile(`${name}/${path}`, join(root, path));
  }
}

/** The operator's own files, and how far a clock that users set is ahead. */
function addRootFiles(archive: BackupArchive, { root, clockFile }: DataDirectory): void {
  for (const name of readdirSync(root)) if (name.endsWith('.yaml')) archive.addFile(`root/${name}`, join(root, name));
  if (clockFile !== null) archive.addText('clock', readFileSync(clockFile, 'utf8'));
}

/**
 * Second names for the files of blobs as they are now, and as they are at a second `hold`. Blobs are only added to such
 * files, so the second name has what comes meanwhile as well.
 */
function holdBlobs(blobs: string): { readonly directory: string; hold(): void; release(): void } {
  const directory = join(dirname(blobs), HELD_BLOBS);
  // What a backup left that was killed.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  const hold = (): void => linkAll(blobs, directory);
  hold();
  return { directory, hold, release: () => rmSync(directory, { recursive: true, force: true }) };
}

function linkAll(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      mkdirSync(target, { recursive: true });
      linkAll(source, target);
    } else if (entry.isFile()) {
      try {
        linkSync(source, target);
      } catch (error) {
        // It is held already, or gone since it was listed.
        if (!['EEXIST', 'ENOENT'].includes(codeOf(error) ?? '')) throw error;
      }
    }
  }
}
