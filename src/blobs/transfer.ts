import { setTimeout as delay } from 'node:timers/promises';
import { chunksOf, exchange, type Outage, textOf, type TransferOptions } from './exchange.ts';
import { readOpenFile } from './openFile.ts';
import { TransferError } from './transferError.ts';
import { STORAGE_VERSION } from './version.ts';

export type { Outage, TransferOptions };

/** Blobs up to this size go in one request; the service allows 5,000 MiB. */
const SINGLE_PUT_BYTES = 256 << 20;
const BLOCK_BYTES = 64 << 20;
const MOST_BLOCKS = 50_000;

/** The bytes behind a URL. Any web server will do. Throws TransferError. */
export async function* download(url: string, options: TransferOptions): AsyncGenerator<Buffer> {
  yield* chunksOf(await exchange({ ...options, method: 'GET', url: parseUrl(url) }));
}

/** Names of all blobs of a container that begin with a prefix, page by page ("List Blobs"). Throws TransferError. */
export async function* listBlobs(containerUrl: string, prefix: string, options: TransferOptions): AsyncGenerator<string> {
  let marker = '';
  do {
    const url = parseUrl(containerUrl);
    url.searchParams.set('restype', 'container');
    url.searchParams.set('comp', 'list');
    if (prefix !== '') url.searchParams.set('prefix', prefix);
    if (marker !== '') url.searchParams.set('marker', marker);
    const page = await textOf(await exchange({ ...options, method: 'GET', url, headers: { 'x-ms-version': STORAGE_VERSION } }));
    for (const [, blob = ''] of page.matchAll(/<Blob>(.*?)<\/Blob>/gs)) if (!isDirectory(blob)) yield nameOf(blob);
    marker = unescapeXml(/<NextMarker>(.*?)<\/NextMarker>/s.exec(page)?.[1] ?? '');
  } while (marker !== '');
}

export interface PutFile extends TransferOptions {
  /** Of the blob. */
  readonly url: string;
  /** An open file; `sizeBytes` from its beginning are sent. Stays open. */
  readonly file: number;
  readonly sizeBytes: number;
  /** Headers of "Put Blob" that the user asked for (`x-ms-blob-content-type` …). */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Writes a block blob ("Put Blob", or "Put Block" and "Put Block List"). Throws TransferError; errors of reading the
 * file come as `misc`.
 */
export async function putFile(put: PutFile): Promise<void> {
  const url = parseUrl(put.url);
  const headers = { ...put.headers, 'x-ms-version': STORAGE_VERSION };
  if (put.sizeBytes <= SINGLE_PUT_BYTES) {
    await putPart(put, url, { ...headers, 'x-ms-blob-type': 'BlockBlob' }, 0, put.sizeBytes);
    return;
  }
  const partBytes = Math.max(BLOCK_BYTES, Math.ceil(put.sizeBytes / MOST_BLOCKS));
  const ids: string[] = [];
  for (let start = 0; start < put.sizeBytes; start += partBytes) {
    const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
    ids.push(id);
    const block = new URL(url);
    block.searchParams.set('comp', 'block');
    block.searchParams.set('blockid', id);
    await retrying(put, () => putPart(put, block, { 'x-ms-version': STORAGE_VERSION }, start, Math.min(partBytes, put.sizeBytes - start)));
  }
  url.searchParams.set('comp', 'blocklist');
  const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join('')}</BlockList>`;
  await textOf(await exchange({ ...put, method: 'PUT', url, headers, body: Buffer.from(list) }));
}

async function putPart(put: PutFile, url: URL, headers: Record<string, string>, start: number, sizeBytes: number): Promise<void> {
  if (sizeBytes === 0) {
    await textOf(await exchange({ ...put, method: 'PUT', url, headers, body: Buffer.alloc(0) }));
    return;
  }
  const stream = readOpenFile(put.file, start, start + sizeBytes - 1);
  try {
    await textOf(await exchange({ ...put, method: 'PUT', url, headers, body: { stream, sizeBytes } }));
  } finally {
    stream.destroy();
  }
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Tries again while the failures are transient, until the other side has been away for `retryMs` or `signal` aborts: a
 * storage that restarts, or throttles for a moment, must not fail a task that has done its work.
 */
export async function retrying<T>(
  { signal, retryMs, outage = { since: null } }: Pick<TransferOptions, 'retryMs' | 'signal' | 'outage'>,
  action: () => Promise<T>,
): Promise<T> {
  let failingSince: number | null = null;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const done = await action();
      outage.since = null;
      return done;
    } catch (error) {
      if (signal.aborted || !(error instanceof TransferError) || !error.isTransient) throw error;
      failingSince ??= performance.now();
      outage.since ??= failingSince;
      if (performance.now() - Math.min(failingSince, outage.since) >= retryMs) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** Of a blob in a container, with what the container's URL grants. Throws TransferError. */
export function blobUrl(containerUrl: string, name: string): string {
  const url = parseUrl(containerUrl);
  const path = name.split('/').map(encodeURIComponent).join('/');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  return url.href;
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TransferError('misc', 400, 'InvalidUri', 'the URL cannot be parsed');
  return new URL(text);
}

/** Accounts with a hierarchical namespace list directories among the blobs. */
function isDirectory(blob: string): boolean {
  return /<ResourceType>directory<\/ResourceType>|<hdi_isfolder>true<\/hdi_isfolder>/i.test(blob);
}

/** Names that XML cannot hold come percent-encoded and say so ("List Blobs", since version 2021-02-12). */
function nameOf(blob: string): string {
  const [, attributes = '', text = ''] = /<Name( [^>]*)?>(.*?)<\/Name>/s.exec(blob) ?? [];
  return /Encoded="true"/i.test(attributes) ? decodeURIComponent(text) : unescapeXml(text);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name ?? ''] ?? whole;
  });
}
