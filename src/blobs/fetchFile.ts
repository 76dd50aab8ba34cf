import { createHash } from 'node:crypto';
import { ftruncate, write } from 'node:fs';
import { promisify } from 'node:util';
import { type Answer, chunksOf, exchange, type TransferOptions } from './exchange.ts';
import { md5OfPart } from './md5.ts';
import { inParallel } from './parallel.ts';
import { retrying } from './retrying.ts';
import { storageUrl } from './storageUrls.ts';
import { TransferError, withoutQuery } from './transferError.ts';

export interface FetchFile extends TransferOptions {
  readonly url: string;
  /** Open for reading and writing; what is in it is replaced. Stays open. */
  readonly file: number;
}

/** From this size on a file comes in parts, where its server gives ranges of one version of it. */
const SPLIT_FROM_BYTES = 64 << 20;
const PART_BYTES = 32 << 20;
const PARALLEL_PARTS = 4;

const truncateFile = promisify(ftruncate);
const writeToFile = promisify(write);

/**
 * Writes what is behind a URL into a file; any web server will do. A large file comes in parts, several at a time, each
 * of which goes on where it broke off. Its length is what the server said, and so is its MD5 if it said one. Throws
 * TransferError, and the system's error of a write.
 */
export async function fetchFile(fetch: FetchFile): Promise<void> {
  // A part that runs out of time is no reason to begin again with the whole.
  const outage = fetch.outage ?? { since: null };
  const all = { ...fetch, outage };
  let inParts = true;
  await retrying(all, async () => {
    await truncateFile(fetch.file, 0);
    const answer = await exchange({ ...all, method: 'GET', url: storageUrl(fetch.url) });
    const version = inParts ? versionOf(answer) : null;
    try {
      await (version === null ? fetchInOne(all, answer) : fetchInParts(all, answer, version));
    } catch (error) {
      if (!(error instanceof BadRange)) throw error;
      inParts = false;
      throw new TransferError('misc', null, '', error.message);
    }
  });
}

/**
 * A part cannot be had of what was begun: there is another version of it by now, or its server gives no ranges after
 * all.
 */
class BadRange extends Error {}

interface Version {
  readonly sizeBytes: number;
  readonly etag: string;
}

/** null: it is too small for parts, or its server does not promise that they are of the same version. */
function versionOf({ response: { headers } }: Answer): Version | null {
  const sizeBytes = Number(headers['content-length'] ?? 'NaN');
  const { etag } = headers;
  const isSplit = sizeBytes >= SPLIT_FROM_BYTES && headers['accept-ranges'] === 'bytes' && etag !== undefined && !etag.startsWith('W/');
  return isSplit ? { sizeBytes, etag } : null;
}

async function fetchInOne({ url, file }: FetchFile, answer: Answer): Promise<void> {
  const md5 = createHash('md5');
  let position = 0;
  for await (const chunk of chunksOf(answer)) {
    md5.update(chunk);
    await writeAll(file, chunk, position);
    position += chunk.length;
  }
  checkMd5(url, answer, () => md5.digest('base64'));
}

async function fetchInParts(fetch: FetchFile, answer: Answer, version: Version): Promise<void> {
  const parts = Array.from({ length: Math.ceil(version.sizeBytes / PART_BYTES) }, (_, index) => ({
    start: index * PART_BYTES,
    end: Math.min((index + 1) * PART_BYTES, version.sizeBytes) - 1,
  }));
  await inParallel(parts, PARALLEL_PARTS, fetch.signal, (part, signal) => fetchPart({ ...fetch, signal }, part, version, part.start === 0 ? answer : null));
  if (answer.response.headers['content-md5'] === undefined) return;
  const md5 = await md5OfPart(fetch.file, 0, version.sizeBytes);
  checkMd5(fetch.url, answer, () => md5);
}

/** `begun`: an answer that begins with this part. */
async function fetchPart(fetch: FetchFile, { start, end }: { readonly start: number; readonly end: number }, { etag }: Version, begun: Answer | null): Promise<void> {
  let position = start;
  let first = begun;
  await retrying(fetch, async () => {
    const answer = first ?? (await askRange(fetch, position, end, etag));
    first = null;
    for await (const chunk of chunksOf(answer)) {
      fetch.signal.throwIfAborted();
      const wanted = chunk.subarray(0, end + 1 - position);
      await writeAll(fetch.file, wanted, position);
      position += wanted.length;
      if (position > end) break;
    }
    if (position <= end) throw new TransferError('misc', null, '', `${withoutQuery(storageUrl(fetch.url))} sent less than was asked for`);
  });
}

async function askRange(fetch: FetchFile, start: number, end: number, etag: string): Promise<Answer> {
  const url = storageUrl(fetch.url);
  try {
    const answer = await exchange({ ...fetch, method: 'GET', url, headers: { range: `bytes=${start}-${end}`, 'if-match': etag } });
    if (answer.response.statusCode === 206 && answer.response.headers['content-range']?.startsWith(`bytes ${start}-`) === true) return answer;
    answer.response.destroy();
  } catch (error) {
    if (!(error instanceof TransferError) || error.status !== 412) throw error;
  }
  throw new BadRange(`${withoutQuery(url)} changed while it was read`);
}

async function writeAll(file: number, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await writeToFile(file, chunk, done, chunk.length - done, position + done)).bytesWritten;
}

/** A blob carries the MD5 that it was uploaded with ("Get Blob", Content-MD5). */
function checkMd5(url: string, { response }: Answer, digest: () => string): void {
  const said = response.headers['content-md5'];
  if (said === undefined || said === digest()) return;
  throw new TransferError('misc', null, 'Md5Mismatch', `what ${withoutQuery(storageUrl(url))} sent does not have the MD5 that it is said to have`);
}
