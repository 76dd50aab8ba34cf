import { closeSync, createReadStream, fstatSync, openSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { codeOf } from '../../base/errors.ts';

/** An archive that is being written: what is added is read in its turn, one after the other. */
export class BackupArchive {
  readonly #zip = new ZipFile();
  /** Settles when all that was added so far has been read. */
  #read: Promise<void> = Promise.resolve();

  /** The archive's bytes. */
  get output(): Readable {
    const { outputStream } = this.#zip;
    if (!(outputStream instanceof Readable)) throw new Error('yazl gives no stream of Node.js');
    return outputStream;
  }

  addText(name: string, text: string): void {
    this.#zip.addBuffer(Buffer.from(text), name, { mtime: NOBODY_ASKS, mode: FILE_MODE });
  }

  /** A directory without anything in it. */
  addDirectory(name: string): void {
    this.#zip.addEmptyDirectory(name, { mtime: NOBODY_ASKS, mode: DIRECTORY_MODE });
  }

  /** As long as it is when its turn comes. One that is gone by then is left out. */
  addFile(name: string, path: string): void {
    this.#read = this.#read.then(() => this.#addNow(name, path));
  }

  /** Resolves when all that was added has been read. */
  whenRead(): Promise<void> {
    return this.#read;
  }

  end(): void {
    this.#zip.end();
  }

  async #addNow(name: string, path: string): Promise<void> {
    const file = openIfThere(path);
    if (file === null) return;
    const { size } = fstatSync(file);
    if (size === 0) {
      closeSync(file);
      this.addText(name, '');
      return;
    }
    // Whoever writes meanwhile makes it longer: the log of that time has the rest.
    const stream = createReadStream(path, { fd: file, start: 0, end: size - 1 });
    const done = new Promise<void>((resolve, reject) => stream.once('close', resolve).once('error', reject));
    this.#zip.addReadStream(stream, name, { mtime: NOBODY_ASKS, mode: FILE_MODE });
    await done;
  }
}

/** Fixed, so that an archive says nothing of when files were touched. */
const NOBODY_ASKS = new Date('2000-01-01T00:00:00Z');
const FILE_MODE = 0o100600;
const DIRECTORY_MODE = 0o40700;

/** null: it is gone. */
function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What lies below a directory, with slashes. One that is not there has nothing. */
export async function* filesBelow(root: string, below = ''): AsyncGenerator<{ readonly path: string; readonly kind: 'file' | 'directory' }> {
  try {
    for await (const entry of await opendir(join(root, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        yield { path, kind: 'directory' };
        yield* filesBelow(root, path);
      } else if (entry.isFile()) yield { path, kind: 'file' };
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
