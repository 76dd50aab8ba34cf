import { parseHttpDate } from '../wire/timestamps.ts';
import { chunksOf, exchange, type TransferOptions } from './exchange.ts';
import { retrying } from './retrying.ts';
import { storageUrl } from './storageUrls.ts';
import { STORAGE_VERSION } from './version.ts';

export interface BlobProperties {
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAtMs: number;
  /** Of this version of it. */
  readonly etag: string;
  /** Accounts with a hierarchical namespace, and tools, mark directories so. */
  readonly isDirectory: boolean;
}

/** ("Get Blob Properties".) Throws TransferError. */
export async function blobProperties(url: string, options: TransferOptions): Promise<BlobProperties> {
  const { request, response } = await retrying(options, () => exchange({ ...options, method: 'HEAD', url: storageUrl(url), headers: { 'x-ms-version': STORAGE_VERSION } }));
  const { headers } = response;
  response.resume();
  request.destroy();
  return {
    sizeBytes: Number(headers['content-length'] ?? '0'),
    modifiedAtMs: parseHttpDate(headers['last-modified'] ?? '') ?? 0,
    etag: headers.etag ?? '',
    isDirectory: headers['x-ms-meta-hdi_isfolder'] === 'true' || headers['x-ms-resource-type'] === 'directory',
  };
}

/**
 * Bytes `start` to `end` (exclusive, at most the blob's size) of this version of a blob ("Get Blob"). Throws
 * TransferError, of kind `conflict` where there is another version by now.
 */
export function blobRange(url: string, etag: string, start: number, end: number, options: TransferOptions): Promise<Buffer> {
  return retrying(options, async () => {
    const headers = { 'x-ms-version': STORAGE_VERSION, range: `bytes=${start}-${end - 1}`, ...(etag === '' ? {} : { 'if-match': etag }) };
    const answer = await exchange({ ...options, method: 'GET', url: storageUrl(url), headers });
    const chunks: Buffer[] = [];
    for await (const chunk of chunksOf(answer)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    // A server without ranges sends the whole.
    return answer.response.statusCode === 206 ? bytes : bytes.subarray(start, end);
  });
}
