/**
 * The protocol between the kernel and a file system in user space (include/uapi/linux/fuse.h, version 7.31), as far as
 * one that is only read needs it. Numbers are the machine's own, which every Node.js for Linux that matters has little
 * endian.
 */

export const OPCODES = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  open: 14,
  read: 15,
  statfs: 17,
  release: 18,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
} as const;

/** include/uapi/asm-generic/errno.h */
const ERRNO = { ENOENT: 2, EIO: 5, EBADF: 9, EACCES: 13, ENOTDIR: 20, EISDIR: 21, EFBIG: 27, EROFS: 30, ENOSYS: 38, ESTALE: 116 } as const;
export type Errno = keyof typeof ERRNO;

const HEADER_BYTES = 40;
const REPLY_BYTES = 16;

export interface FuseRequest {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  /** What follows the header. */
  readonly body: Buffer;
}

/** The kernel hands over one request a read. The body is a part of `bytes`. */
export function requestOf(bytes: Buffer): FuseRequest {
  return { opcode: bytes.readUInt32LE(4), unique: bytes.readBigUInt64LE(8), node: Number(bytes.readBigUInt64LE(16)), body: bytes.subarray(HEADER_BYTES) };
}

export function reply(unique: bigint, body: Buffer): Buffer {
  return Buffer.concat([replyHeader(unique, 0, body.length), body]);
}

export function errorReply(unique: bigint, error: Errno): Buffer {
  return replyHeader(unique, -ERRNO[error], 0);
}

function replyHeader(unique: bigint, error: number, bodyBytes: number): Buffer {
  const header = Buffer.alloc(REPLY_BYTES);
  header.writeUInt32LE(REPLY_BYTES + bodyBytes, 0);
  header.writeInt32LE(error, 4);
  header.writeBigUInt64LE(unique, 8);
  return header;
}

const MAJOR = 7;
const MINOR = 31;
/** Several reads at a time; several looks into one directory; reads of more than 128 KiB. */
const WANTED = 1 | (1 << 18) | (1 << 22);
const PAGE_BYTES = 4096;
/** Of one read. */
export const MOST_READ_BYTES = 1 << 20;
/** The least that the kernel takes: nothing is written. */
const MOST_WRITE_BYTES = 4096;
/** Header and body of what the kernel sends at most: names, and the least room that it insists on. */
export const MOST_REQUEST_BYTES = 64 << 10;

export function initReply({ unique, body }: FuseRequest): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(MAJOR, 0);
  out.writeUInt32LE(MINOR, 4);
  out.writeUInt32LE(Math.min(body.readUInt32LE(8), MOST_READ_BYTES), 8);
  out.writeUInt32LE((body.readUInt32LE(12) & WANTED) >>> 0, 12);
  out.writeUInt16LE(16, 16);
  out.writeUInt16LE(12, 18);
  out.writeUInt32LE(MOST_WRITE_BYTES, 20);
  out.writeUInt32LE(1, 24);
  out.writeUInt16LE(MOST_READ_BYTES / PAGE_BYTES, 28);
  return reply(unique, out);
}

/** The name in a look-up ends with a zero byte. */
export function nameIn({ body }: FuseRequest): string {
  return body.subarray(0, body.indexOf(0)).toString('utf8');
}

export interface Attributes {
  readonly node: number;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

const ATTRIBUTE_BYTES = 88;
/** Everybody may read and run, nobody write: who may enter at all is an option of the mount. */
const DIRECTORY_MODE = 0o040555;
const FILE_MODE = 0o100555;

function writeAttributes(out: Buffer, at: number, { node, isDirectory, sizeBytes, modifiedAtMs }: Attributes): void {
  const seconds = BigInt(Math.max(0, Math.floor(modifiedAtMs / 1_000)));
  out.writeBigUInt64LE(BigInt(node), at);
  out.writeBigUInt64LE(BigInt(sizeBytes), at + 8);
  out.writeBigUInt64LE(BigInt(Math.ceil(sizeBytes / 512)), at + 16);
  for (const offset of [24, 32, 40]) out.writeBigUInt64LE(seconds, at + offset);
  out.writeUInt32LE(isDirectory ? DIRECTORY_MODE : FILE_MODE, at + 60);
  out.writeUInt32LE(isDirectory ? 2 : 1, at + 64);
  out.writeUInt32LE(PAGE_BYTES, at + 80);
}

/** Seconds, with the nanoseconds `nanosAt`. */
function writeSeconds(out: Buffer, value: number, secondsAt: number, nanosAt: number): void {
  out.writeBigUInt64LE(BigInt(Math.floor(value)), secondsAt);
  out.writeUInt32LE(Math.floor((value % 1) * 1e9), nanosAt);
}

/** `attributes` null: there is nothing of this name, which the kernel may believe for `entrySeconds`. */
export function entryReply(unique: bigint, attributes: Attributes | null, entrySeconds: number, attributeSeconds: number): Buffer {
  const out = Buffer.alloc(40 + ATTRIBUTE_BYTES);
  writeSeconds(out, entrySeconds, 16, 32);
  if (attributes !== null) {
    out.writeBigUInt64LE(BigInt(attributes.node), 0);
    writeSeconds(out, attributeSeconds, 24, 36);
    writeAttributes(out, 40, attributes);
  }
  return reply(unique, out);
}

export function attributesReply(unique: bigint, attributes: Attributes, seconds: number): Buffer {
  const out = Buffer.alloc(16 + ATTRIBUTE_BYTES);
  writeSeconds(out, seconds, 0, 8);
  writeAttributes(out, 16, attributes);
  return reply(unique, out);
}

/** `handle`: of an open file or directory. */
export function openReply(unique: bigint, handle: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  return reply(unique, out);
}

/** What a read of a file or a directory asks for. */
export function readIn({ body }: FuseRequest): { readonly handle: number; readonly offset: number; readonly sizeBytes: number } {
  return { handle: Number(body.readBigUInt64LE(0)), offset: Number(body.readBigUInt64LE(8)), sizeBytes: body.readUInt32LE(16) };
}

export function handleIn({ body }: FuseRequest): number {
  return Number(body.readBigUInt64LE(0));
}

/** Nodes that the kernel no longer knows, with the number of look-ups each. */
export function forgottenIn({ opcode, node, body }: FuseRequest): readonly (readonly [node: number, lookups: number])[] {
  if (opcode === OPCODES.forget) return [[node, Number(body.readBigUInt64LE(0))]];
  return Array.from({ length: body.readUInt32LE(0) }, (_, index) => [Number(body.readBigUInt64LE(8 + 16 * index)), Number(body.readBigUInt64LE(16 + 16 * index))] as const);
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

const [DIRECTORY_TYPE, FILE_TYPE] = [4, 8];
const UNKNOWN_NODE = 0xffff_ffffn;

/** As many entries from the `offset`th on as fit. */
export function directoryReply(unique: bigint, entries: readonly DirectoryEntry[], offset: number, sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  let left = sizeBytes;
  for (let index = offset; index < entries.length; index++) {
    const { name, isDirectory } = entries[index] ?? { name: '', isDirectory: false };
    const text = Buffer.from(name);
    const part = Buffer.alloc(24 + Math.ceil(text.length / 8) * 8);
    if (part.length > left) break;
    part.writeBigUInt64LE(UNKNOWN_NODE, 0);
    part.writeBigUInt64LE(BigInt(index + 1), 8);
    part.writeUInt32LE(text.length, 16);
    part.writeUInt32LE(isDirectory ? DIRECTORY_TYPE : FILE_TYPE, 20);
    text.copy(part, 24);
    parts.push(part);
    left -= part.length;
  }
  return reply(unique, Buffer.concat(parts));
}

/** A container has no bound that could be told. */
export function statfsReply(unique: bigint): Buffer {
  const out = Buffer.alloc(80);
  out.writeUInt32LE(PAGE_BYTES, 40);
  out.writeUInt32LE(255, 44);
  out.writeUInt32LE(PAGE_BYTES, 48);
  return reply(unique, out);
}
