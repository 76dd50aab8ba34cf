import { BatchError, invalidHeader } from './errors.ts';
import { formatHttpDate } from './timestamps.ts';

/** What a file of a task or node is, to its headers. */
export interface FileFacts {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Absent on Linux in the recordings. */
  readonly createdMs?: number | undefined;
  readonly isDirectory: boolean;
  /** Type and permission bits, as `stat` gives them; undefined on Windows. */
  readonly mode?: number | undefined;
  readonly url: string;
}

/** The headers of GET and HEAD of a file, without Content-Length (operations.md 1.7). */
export function fileHeaders(file: FileFacts): Readonly<Record<string, string>> {
  return {
    'Content-Type': fileContentType(file.url),
    'Last-Modified': formatHttpDate(file.modifiedMs),
    ...(file.createdMs === undefined ? {} : { 'ocp-creation-time': formatHttpDate(file.createdMs) }),
    'ocp-batch-file-isdirectory': file.isDirectory ? 'True' : 'False',
    ...(file.mode === undefined ? {} : { 'ocp-batch-file-mode': formatFileMode(file.mode) }),
    'ocp-batch-file-url': encodeURIComponent(file.url),
  };
}

/** `0o100644`: the form of `fileMode` in lists and of the header. */
export function formatFileMode(mode: number): string {
  return `0o${mode.toString(8)}`;
}

const TEXT_ENDINGS = new Set(['txt', 'log', 'csv', 'md', 'out', 'err']);

/** `text/plain` for what is text by its name, else `application/octet-stream`; the service looks no further either. */
export function fileContentType(name: string): string {
  const ending = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase();
  return ending !== undefined && TEXT_ENDINGS.has(ending) ? 'text/plain' : 'application/octet-stream';
}

/** Bytes of a file, both ends included. */
export interface ByteRange {
  readonly firstByte: number;
  readonly lastByte: number;
}

/** A range as asked for: from `first` to `last`, to the end, or the last `last` bytes where there is no `first`. */
export interface AskedRange {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/**
 * Reads `ocp-range` or `Range`: `bytes=a-b`, `bytes=a-` or `bytes=-n` for the last n. Undefined stands for the whole
 * file. HTTP lets a server ignore a range that it cannot read; here nothing asked for is ignored.
 * @throws BatchError InvalidHeaderValue (400) for what is no single range of bytes.
 */
export function readByteRange(name: 'ocp-range' | 'Range', header: string | undefined): AskedRange | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.trim());
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? ''].map((part) => (part === '' ? undefined : Number(part)));
  if (first === undefined && last === undefined) throw invalidHeader(name, header, 'The value must be one range of bytes, such as bytes=0-99.');
  if (first !== undefined && last !== undefined && last < first) throw invalidHeader(name, header, 'The range must not end before it begins.');
  return { first, last };
}

/**
 * The bytes of a file of that size. @throws BatchError InvalidRange (416) for a range that begins beyond the end, or
 * holds nothing.
 */
export function rangeWithin({ first, last }: AskedRange, sizeBytes: number): ByteRange {
  const firstByte = first ?? Math.max(sizeBytes - (last ?? 0), 0);
  const lastByte = first === undefined || last === undefined ? sizeBytes - 1 : Math.min(last, sizeBytes - 1);
  if (firstByte >= sizeBytes) throw new BatchError('InvalidRange');
  return { firstByte, lastByte };
}

/**
 * The path of a file below its root, its segments joined with `/`; undefined when it leaves the root or cannot name a
 * file (`..`, absolute, NUL, backslash steps). `.` and empty segments are dropped. Handlers answer 404 PathNotFound.
 */
export function relativeFilePath(decodedPath: string): string | undefined {
  if (decodedPath.includes('\0')) return undefined;
  const segments = decodedPath.split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.');
  if (segments.length === 0 || segments.includes('..') || /^([/\\]|[A-Za-z]:)/.test(decodedPath)) return undefined;
  // Backslashes separate only for the check above: on Linux they are ordinary characters of a name.
  return decodedPath.split('/').filter((segment) => segment !== '' && segment !== '.').join('/');
}

/** The order of files in a list: directory by directory from the top, by name within each (recorded). */
export function compareListed(a: string, b: string): number {
  const [own, other] = [a.split('/'), b.split('/')];
  if (own.length !== other.length) return own.length - other.length;
  for (const [index, part] of own.entries()) {
    const order = compareNames(part, other[index] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
