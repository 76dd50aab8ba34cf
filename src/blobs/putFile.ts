import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { exchange, textOf, type TransferOptions } from './exchange.ts';
import { readOpenFile } from './openFile.ts';
import { md5OfPart } from './md5.ts';
import { inParallel } from './parallel.ts';
import { retrying } from './retrying.ts';
import { storageUrl } from './storageUrls.ts';
import { TransferError, withoutQuery } from './transferError.ts';
import { STORAGE_VERSION } from './version.ts';

export interface PutFile extends TransferOptions {
  /** Of the blob. */
  readonly url: string;
  /** An open file; `sizeBytes` from its beginning are sent. Stays open. */
  readonly file: number;
  readonly sizeBytes: number;
  /** Headers of "Put Blob" that the user asked for (`x-ms-blob-content-type` …), in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Blobs up to this size go in one request; the service allows 5,000 MiB. */
const SINGLE_PUT_BYTES = 64 << 20;
const BLOCK_BYTES = 32 << 20;
const MOST_BLOCKS = 50_000;
const PARALLEL_BLOCKS = 4;

/**
 * Writes a block blob ("Put Blob", or "Put Block" and "Put Block List"), blocks several at a time; each request is
 * tried again by itself, and carries the MD5 of what it brings. Throws TransferError; errors of reading the file come
 * as `misc`.
 */
export async function putFile(put: PutFile): Promise<void> {
  const url = storageUrl(put.url);
  const headers = blobHeaders(put.headers);
  if (put.sizeBytes <= SINGLE_PUT_BYTES) {
    await putPart(put, { url, headers: { ...headers, 'x-ms-blob-type': 'BlockBlob' }, start: 0, sizeBytes: put.sizeBytes });
    return;
  }
  const blocks = blocksOf(put.sizeBytes);
  const forBlocks = Object.fromEntries(Object.entries(headers).filter(([name]) => OF_BLOCKS.test(name)));
  await inParallel(blocks, PARALLEL_BLOCKS, put.signal, async ({ id, start, sizeBytes }, signal) => {
    const block = new URL(url);
    block.searchParams.set('comp', 'block');
    block.searchParams.set('blockid', id);
    await putPart({ ...put, signal }, { url: block, headers: forBlocks, start, sizeBytes });
  });
  url.searchParams.set('comp', 'blocklist');
  const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${blocks.map(({ id }) => `<Latest>${id}</Latest>`).join('')}</BlockList>`;
  await retrying(put, async () => textOf(await exchange({ ...put, method: 'PUT', url, headers, body: Buffer.from(list) })));
}

interface Part {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly start: number;
  readonly sizeBytes: number;
}

/** Ids are of one upload: another one to the same blob at the same time has others. All have the same length. */
function blocksOf(sizeBytes: number): readonly { readonly id: string; readonly start: number; readonly sizeBytes: number }[] {
  const upload = randomBytes(6).toString('hex');
  const partBytes = Math.max(BLOCK_BYTES, Math.ceil(sizeBytes / MOST_BLOCKS));
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    id: Buffer.from(`${upload}${String(index).padStart(6, '0')}`).toString('base64'),
    start: index * partBytes,
    sizeBytes: Math.min(partBytes, sizeBytes - index * partBytes),
  }));
}

/** A header of "Put Blob" that has another meaning where a list of blocks is put is named as both take it. */
const OF_CONTENT: ReadonlySet<string> = new Set(['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type']);
/** Blocks are encrypted, and written under the lease, as their blob. */
const OF_BLOCKS = /^x-ms-(version$|encryption-|lease-id$)/;

function blobHeaders(asked: PutFile['headers']): Readonly<Record<string, string>> {
  const named = Object.entries(asked).map(([name, value]) => [OF_CONTENT.has(name) ? `x-ms-blob-${name}` : name, value]);
  return { ...(Object.fromEntries(named) as Record<string, string>), 'x-ms-version': STORAGE_VERSION };
}

/**
 * The server holds what it receives against the MD5 that comes before it, which is taken anew for each try, of what the
 * file has then.
 */
async function putPart(put: PutFile, { url, headers, start, sizeBytes }: Part): Promise<void> {
  await retrying(put, async () => {
    const md5 = await md5OfPart(put.file, start, sizeBytes);
    const stream = sizeBytes === 0 ? null : Readable.from(exactly(put.file, start, sizeBytes), { objectMode: false });
    try {
      const answer = await exchange({ ...put, method: 'PUT', url, headers: { 'content-md5': md5, ...headers }, body: stream === null ? Buffer.alloc(0) : { stream, sizeBytes } });
      const received = answer.response.headers['content-md5'];
      await textOf(answer);
      if (received !== undefined && received !== md5) throw new TransferError('misc', null, 'Md5Mismatch', `${withoutQuery(url)} received something else than was sent`);
    } finally {
      stream?.destroy();
    }
  });
}

async function* exactly(file: number, start: number, sizeBytes: number): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of readOpenFile(file, start, start + sizeBytes - 1) as AsyncIterable<Buffer>) {
    sent += chunk.length;
    yield chunk;
  }
  // As permanent as what a server refuses.
  if (sent < sizeBytes) throw new TransferError('misc', 400, '', 'the file became shorter while it was sent');
}
