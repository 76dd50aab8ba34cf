import type { Readable } from 'node:stream';
import { type Entry, fromFdPromise } from 'yauzl';
import { messageOf } from '../../base/errors.ts';

/** What keeps an archive from being unpacked, in a sentence for whoever made it. */
export class BadArchive extends Error {}

/** An archive that was looked through: all that it holds can be unpacked. */
export interface Archive {
  readonly entries: number;
  /** What its files take unpacked. */
  readonly unpackedBytes: number;
}

const MOST_ENTRIES = 1_000_000;
/** Up to here an archive may unpack to any multiple of its size. */
const SMALL_BYTES = 1 << 30;
/** Real programs and data are far below; what is made to fill a disk is far above (deflate ends at 1,032). */
const MOST_RATIO = 200;

/** By the kind that the mode of an entry from Unix names; the others have no place in a package. */
export type Kind = 'file' | 'directory' | 'link';

const S_IFMT = 0o170000;
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'link'],
]);
/** Systems that leave modes, by the upper byte of "version made by" (APPNOTE.TXT 4.4.2): Unix and OS X. */
const WITH_MODES: ReadonlySet<number> = new Set([3, 19]);

/** undefined: a pipe, a socket or a device. */
export function kindOf(entry: Entry): Kind | undefined {
  if (entry.fileName.endsWith('/')) return 'directory';
  return KINDS.get((modeOf(entry) ?? 0) & S_IFMT);
}

/** Kind and rights as Unix has them; null: whoever made the archive knows none. */
export function modeOf({ versionMadeBy, externalFileAttributes }: Entry): number | null {
  const mode = externalFileAttributes >>> 16;
  return WITH_MODES.has(versionMadeBy >>> 8) && mode !== 0 ? mode : null;
}

/**
 * Looks through the directory of a zip file that is open. `sizeBytes`: of the file. @throws BadArchive for one that is
 * broken, or of another kind, leaves its directory, is encrypted, or unpacks to more than is likely.
 */
export async function inspect(file: number, sizeBytes: number): Promise<Archive> {
  let entries = 0;
  let unpackedBytes = 0;
  for await (const { entry } of packedIn(file)) {
    const problem = problemOf(entry);
    if (problem !== null) throw new BadArchive(`${entry.fileName}: ${problem}`);
    entries += 1;
    unpackedBytes += entry.uncompressedSize;
    if (entries > MOST_ENTRIES) throw new BadArchive(`The archive has more than ${MOST_ENTRIES} entries.`);
    if (unpackedBytes > SMALL_BYTES && unpackedBytes > MOST_RATIO * sizeBytes) {
      throw new BadArchive(`The archive has ${sizeBytes} bytes and unpacks to more than ${unpackedBytes}: more than ${MOST_RATIO} times as much is not taken.`);
    }
  }
  return { entries, unpackedBytes };
}

function problemOf(entry: Entry): string | null {
  if (kindOf(entry) === undefined) return 'it is neither a file nor a directory nor a link.';
  if (entry.isEncrypted()) return 'it is encrypted.';
  if (!entry.canDecodeFileData()) return `it is packed by a method that is not known here (${entry.compressionMethod}).`;
  return null;
}

/** An entry of an archive that is open, and how its content is read. */
export interface Packed {
  readonly entry: Entry;
  readonly content: () => Promise<Readable>;
}

/**
 * What is in an archive, in the order of its directory. Names are relative, with slashes, and have no `..`. The file
 * stays open. @throws BadArchive
 */
export async function* packedIn(file: number): AsyncGenerator<Packed> {
  try {
    const zip = await fromFdPromise(file, { autoClose: false });
    for await (const entry of zip.eachEntry()) yield { entry, content: () => zip.openReadStreamPromise(entry) };
  } catch (error) {
    throw new BadArchive(`The file is no zip archive that can be unpacked: ${messageOf(error)}`);
  }
}
