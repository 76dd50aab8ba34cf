import { closeSync, fchmodSync, futimesSync, mkdirSync, openSync, realpathSync, symlinkSync, write } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Entry } from 'yauzl';
import { messageOf, systemCode } from '../failures.ts';
import { createTurns } from '../turns.ts';
import { BadArchive, kindOf, modeOf, packedIn, type Packed } from './archive.ts';

/** Of files that come without rights, as from Windows: programs among them have to run. */
const DEFAULT_MODE = 0o755;
const DIRECTORY_MODE = 0o755;
const LONGEST_LINK = 4_096;

/**
 * Unpacks an archive that was inspected below a directory that is there and empty. Files can be read by all users of
 * the node, run by all where anybody may, and written by nobody but the agent. Links are made last, so that nothing is
 * written through them, and have to lead to something within. @throws BadArchive, and the system's error.
 */
export async function unpack(file: number, into: string, signal: AbortSignal): Promise<void> {
  const links: Packed[] = [];
  const directories = new Set([into]);
  const nextTurn = createTurns(signal);
  for await (const packed of packedIn(file)) {
    await nextTurn();
    const path = join(into, packed.entry.fileName);
    switch (kindOf(packed.entry)) {
      case 'directory':
        makeDirectory(path.replace(/\/$/, ''), directories);
        break;
      case 'link':
        links.push(packed);
        break;
      case 'file':
        makeDirectory(dirname(path), directories);
        await writeFile(path, packed, signal);
        break;
      case undefined:
        throw new BadArchive(`${packed.entry.fileName}: it is neither a file nor a directory nor a link.`);
    }
  }
  for (const link of links) {
    await nextTurn();
    const path = join(into, link.entry.fileName);
    makeDirectory(dirname(path), directories);
    await makeLink(path, link);
  }
  const root = realpathSync.native(into);
  for (const { entry } of links) {
    await nextTurn();
    const target = realOf(join(into, entry.fileName));
    if (target === null) throw new BadArchive(`${entry.fileName}: it is a link to nothing.`);
    if (target !== root && !target.startsWith(`${root}/`)) throw leaving(entry);
  }
}

/** `known`: directories that were made. */
function makeDirectory(path: string, known: Set<string>): void {
  if (known.has(path)) return;
  makeDirectory(dirname(path), known);
  try {
    mkdirSync(path, DIRECTORY_MODE);
  } catch (error) {
    // What is there already is a file, or a link.
    if (systemCode(error) === 'EEXIST') throw new BadArchive(`${path}: the archive has it as a directory, and as something else.`);
    throw error;
  }
  known.add(path);
}

const writeToFile = promisify(write);

async function writeFile(path: string, { entry, content }: Packed, signal: AbortSignal): Promise<void> {
  const stream = await content().catch(broken(entry));
  const file = once(entry, () => openSync(path, 'wx', 0o600));
  let sum = 0;
  try {
    const chunks = stream[Symbol.asyncIterator]();
    for (;;) {
      signal.throwIfAborted();
      // What the archive gets wrong is told apart from a disk that is full.
      const { done, value } = (await chunks.next().catch(broken(entry))) as IteratorResult<Buffer, undefined>;
      if (done === true) break;
      sum = crc32(value, sum);
      for (let written = 0; written < value.length; ) written += (await writeToFile(file, value, written, value.length - written)).bytesWritten;
    }
    if (sum !== entry.crc32) throw new BadArchive(`${entry.fileName}: it cannot be unpacked: its checksum (CRC-32) is wrong`);
    fchmodSync(file, rightsOf(entry));
    const modified = entry.getLastModDate();
    if (!Number.isNaN(modified.getTime())) futimesSync(file, modified, modified);
  } finally {
    stream.destroy();
    closeSync(file);
  }
}

/** All may read, and run what anybody may; the set-user bits of others' archives are dropped. */
function rightsOf(entry: Entry): number {
  const mode = modeOf(entry);
  if (mode === null) return DEFAULT_MODE;
  return (mode & 0o111) === 0 ? 0o644 : 0o755;
}

async function makeLink(path: string, { entry, content }: Packed): Promise<void> {
  if (entry.uncompressedSize > LONGEST_LINK) throw new BadArchive(`${entry.fileName}: it is a link whose target is too long.`);
  const target = (await content().then(buffer).catch(broken(entry))).toString('utf8');
  if (target === '' || target.includes('\0')) throw new BadArchive(`${entry.fileName}: it is a link to nothing.`);
  const from = posix.join(posix.dirname(entry.fileName), target);
  if (target.startsWith('/') || from === '..' || from.startsWith('../')) throw leaving(entry);
  once(entry, () => symlinkSync(target, path));
}

function leaving({ fileName }: Entry): BadArchive {
  return new BadArchive(`${fileName}: it is a link that leaves the package.`);
}

function once<Made>({ fileName }: Entry, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new BadArchive(`${fileName}: it is in the archive twice.`);
    throw error;
  }
}

/**
 * null: it leads to nothing, or in a circle. As the system finds it: Node's own way takes `link/..` for the directory
 * that the link is in.
 */
function realOf(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

function broken({ fileName }: Entry): (error: unknown) => never {
  return (error) => {
    throw new BadArchive(`${fileName}: it cannot be unpacked: ${messageOf(error)}`);
  };
}
