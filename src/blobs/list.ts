import { parseHttpDate } from '../wire/timestamps.ts';
import { exchange, textOf, type TransferOptions } from './exchange.ts';
import { retrying } from './retrying.ts';
import { storageUrl } from './storageUrls.ts';
import { STORAGE_VERSION } from './version.ts';

/** Names of all blobs of a container that begin with a prefix, page by page ("List Blobs"). Throws TransferError. */
export async function* listBlobs(containerUrl: string, prefix: string, options: TransferOptions): AsyncGenerator<string> {
  for await (const page of pagesOf(containerUrl, prefix === '' ? {} : { prefix }, options)) {
    for (const blob of blobsIn(page)) if (!isDirectory(blob)) yield nameOf(blob);
  }
}

/** What stands directly below a prefix that ends with a slash, or is empty. */
export interface ListedEntry {
  /** Without the prefix. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAtMs: number;
}

/**
 * As `listBlobs`, one level of a container whose names are read as paths. A blob whose name ends with a slash is none
 * of its entries.
 */
export async function* listLevel(containerUrl: string, prefix: string, options: TransferOptions & { readonly pageSize?: number }): AsyncGenerator<ListedEntry> {
  const query = { delimiter: '/', ...(prefix === '' ? {} : { prefix }), ...(options.pageSize === undefined ? {} : { maxresults: String(options.pageSize) }) };
  for await (const page of pagesOf(containerUrl, query, options)) {
    for (const [, below = ''] of page.matchAll(/<BlobPrefix>(.*?)<\/BlobPrefix>/gs)) yield { name: nameOf(below).slice(prefix.length, -1), isDirectory: true, sizeBytes: 0, modifiedAtMs: 0 };
    for (const blob of blobsIn(page)) {
      const name = nameOf(blob).slice(prefix.length);
      const [, size = '0'] = /<Content-Length>(\d+)<\/Content-Length>/.exec(blob) ?? [];
      const [, modified = ''] = /<Last-Modified>(.*?)<\/Last-Modified>/.exec(blob) ?? [];
      if (name !== '') yield { name, isDirectory: isDirectory(blob), sizeBytes: Number(size), modifiedAtMs: parseHttpDate(modified) ?? 0 };
    }
  }
}

/** Each page is tried again by itself. */
async function* pagesOf(containerUrl: string, query: Readonly<Record<string, string>>, options: TransferOptions): AsyncGenerator<string> {
  let marker = '';
  do {
    const url = storageUrl(containerUrl);
    for (const [name, value] of Object.entries({ restype: 'container', comp: 'list', ...query, ...(marker === '' ? {} : { marker }) })) url.searchParams.set(name, value);
    const page = await retrying(options, async () => textOf(await exchange({ ...options, method: 'GET', url, headers: { 'x-ms-version': STORAGE_VERSION } })));
    yield page;
    marker = unescapeXml(/<NextMarker>(.*?)<\/NextMarker>/s.exec(page)?.[1] ?? '');
  } while (marker !== '');
}

function blobsIn(page: string): readonly string[] {
  return [...page.matchAll(/<Blob>(.*?)<\/Blob>/gs)].map(([, blob = '']) => blob);
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
