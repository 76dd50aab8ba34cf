import { chunksOf, exchange, textOf, type Answer } from '../../blobs/exchange.ts';
import { accountSas, type SasRight, type SigningAccount } from '../../blobs/sas.ts';
import { storageUrl } from '../../blobs/storageUrls.ts';
import { TransferError } from '../../blobs/transferError.ts';
import { STORAGE_VERSION } from '../../blobs/version.ts';

const IDLE_MS = 30_000;
/** A signature is for one request. */
const SIGNED_FOR_MS = 5 * 60_000;

interface Put {
  readonly signal: AbortSignal;
  readonly contentType?: string | null;
  /** Only where there is none: then it rejects with `BlobAlreadyExists`. */
  readonly isNew?: boolean;
}

/** Writes a blob in one request. @throws TransferError */
export async function putWhole(url: string, bytes: Buffer, { signal, contentType = null, isNew = false }: Put): Promise<void> {
  const headers = { 'x-ms-blob-type': 'BlockBlob', ...(contentType === null ? {} : { 'x-ms-blob-content-type': contentType }), ...(isNew ? { 'if-none-match': '*' } : {}) };
  await textOf(await send('PUT', storageUrl(url), headers, signal, bytes));
}

/** Whether a blob has other bytes; null: there is none. @throws TransferError */
export async function contentDiffers(url: string, bytes: Buffer, signal: AbortSignal): Promise<boolean | null> {
  const answer = await ifThere(send('GET', storageUrl(url), {}, signal));
  return answer === null ? null : !(await isSame(answer, bytes));
}

/** The content type of a blob; null: there is no such blob. @throws TransferError */
export async function contentTypeOf(url: string, signal: AbortSignal): Promise<string | null> {
  const answer = await ifThere(send('HEAD', storageUrl(url), {}, signal));
  if (answer === null) return null;
  answer.response.destroy();
  return answer.response.headers['content-type'] ?? '';
}

/** The container's URL, or with `blob` the blob's, signed for whoever asks at once. `now`: milliseconds since 1970. */
export function signedUrl(account: SigningAccount, path: readonly string[], right: SasRight, now: number, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(`${account.endpoint}/${path.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/')}`);
  url.search = accountSas(account, [right], now + SIGNED_FOR_MS).toString();
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.toString();
}

const CONTAINER = { restype: 'container' } as const;

/** @throws TransferError */
export async function hasContainer(account: SigningAccount, container: string, now: number, signal: AbortSignal): Promise<boolean> {
  const answer = await ifThere(send('HEAD', storageUrl(signedUrl(account, [container], 'read', now, CONTAINER)), {}, signal));
  answer?.response.destroy();
  return answer !== null;
}

/** False: there is one. @throws TransferError */
export async function makeContainer(account: SigningAccount, container: string, now: number, signal: AbortSignal): Promise<boolean> {
  try {
    await textOf(await send('PUT', storageUrl(signedUrl(account, [container], 'create', now, CONTAINER)), {}, signal, Buffer.alloc(0)));
    return true;
  } catch (error) {
    if (error instanceof TransferError && error.code === 'ContainerAlreadyExists') return false;
    throw error;
  }
}

function send(method: 'GET' | 'HEAD' | 'PUT', url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal, body?: Buffer): Promise<Answer> {
  return exchange({ method, url, headers: { 'x-ms-version': STORAGE_VERSION, ...headers }, ...(body === undefined ? {} : { body }), idleMs: IDLE_MS, retryMs: 0, signal });
}

async function ifThere(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof TransferError && error.kind === 'notFound') return null;
    throw error;
  }
}

/** Reads no further than the first difference. */
async function isSame(answer: Answer, bytes: Buffer): Promise<boolean> {
  let read = 0;
  for await (const chunk of chunksOf(answer)) {
    if (!chunk.equals(bytes.subarray(read, read + chunk.length))) return false;
    read += chunk.length;
  }
  return read === bytes.length;
}
