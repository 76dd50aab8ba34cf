import { exchange, textOf, type TransferOptions } from './exchange.ts';
import { retrying } from './retrying.ts';
import { storageUrl } from './storageUrls.ts';
import { STORAGE_VERSION } from './version.ts';

/**
 * Names of all blobs of a container that begin with a prefix, page by page, each of which is tried again by itself
 * ("List Blobs"). Throws TransferError.
 */
export async function* listBlobs(containerUrl: string, prefix: string, options: TransferOptions): AsyncGenerator<string> {
  let marker = '';
  do {
    const url = storageUrl(containerUrl);
    url.searchParams.set('restype', 'container');
    url.searchParams.set('comp', 'list');
    if (prefix !== '') url.searchParams.set('prefix', prefix);
    if (marker !== '') url.searchParams.set('marker', marker);
    const page = await retrying(options, async () => textOf(await exchange({ ...options, method: 'GET', url, headers: { 'x-ms-version': STORAGE_VERSION } })));
    for (const [, blob = ''] of page.matchAll(/<Blob>(.*?)<\/Blob>/gs)) if (!isDirectory(blob)) yield nameOf(blob);
    marker = unescapeXml(/<NextMarker>(.*?)<\/NextMarker>/s.exec(page)?.[1] ?? '');
  } while (marker !== '');
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
