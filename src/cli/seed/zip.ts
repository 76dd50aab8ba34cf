import { crc32 } from 'node:zlib';

/** A file as an archive has it. */
export interface ZipEntry {
  /** From the archive's root on, with slashes. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly isExecutable: boolean;
}

const FILE = 0o100000;
/** 1980-01-01, the first day that archives know. */
const FIRST_DAY = 0x21;
/** Names are UTF-8. */
const UTF8_NAMES = 0x800;

/**
 * A zip archive whose bytes follow from names, contents and modes alone: nothing is compressed, since compressors of
 * other versions give other bytes, and all times are the same (APPNOTE.TXT 4.3). At most 65,535 files and 4 GiB.
 */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, isExecutable } of entries) {
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(UTF8_NAMES, 2);
    common.writeUInt16LE(FIRST_DAY, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(((FILE | (isExecutable ? 0o755 : 0o644)) << 16) >>> 0, 6);
    more.writeUInt32LE(offset, 10);
    const file = Buffer.concat([Buffer.from('504b0304', 'hex'), common, path, bytes]);
    directory.push(Buffer.concat([Buffer.from('504b01021403', 'hex'), common, more, path]));
    files.push(file);
    offset += file.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32BE(0x504b0506, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, listing, end]);
}
