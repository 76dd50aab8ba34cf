import type { ByteRange } from '../wire/files.ts';
import { type Answer, chunksOf, exchange, type ExchangeRequest, textOf } from './exchange.ts';
import { signedOwnUrl } from './ownUrls.ts';
import { accountSas, blobSasUrl, type BlobGrant, type SasRight, type SigningAccount } from './sas.ts';
import { TransferError } from './transferError.ts';
import { STORAGE_VERSION } from './version.ts';

/**
 * What a service does in a storage account whose key it has. Throws TransferError. What is to be made and is there, or
 * to be deleted and is not, is as it should be.
 */
export interface BlobAccount {
  createContainer(container: string): Promise<void>;
  deleteContainer(container: string): Promise<void>;
  /** Names of containers, those of one page. */
  listContainers(): Promise<readonly string[]>;
  hasBlob(container: string, blob: string): Promise<boolean>;
  deleteBlob(container: string, blob: string): Promise<void>;
  /** A part of one. Its reading throws TransferError, too, or what `signal` aborts with. */
  readBlob(container: string, blob: string, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** A URL that grants so much of one blob. */
  grant(grant: BlobGrant): string;
  /** The URL of one of its containers, signed for who writes there at once; null: it is of another account. */
  writable(containerUrl: string): string | null;
}

/** A signature is for one request. */
const SIGNED_FOR_MS = 5 * 60_000;
const IDLE_MS = 10_000;

/** `now`: milliseconds since 1970. */
export function blobAccount(account: SigningAccount, now: () => number): BlobAccount {
  const open = (method: ExchangeRequest['method'], path: readonly string[], right: SasRight, query: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> => {
    const url = new URL(`${account.endpoint}/${path.map((part) => part.split('/').map(encodeURIComponent).join('/')).join('/')}`);
    url.search = accountSas(account, [right], now() + SIGNED_FOR_MS).toString();
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const body = method === 'PUT' ? { body: Buffer.alloc(0) } : {};
    return exchange({ method, url, headers: { 'x-ms-version': STORAGE_VERSION, ...headers }, ...body, idleMs: IDLE_MS, retryMs: 0, signal });
  };
  const ask = async (method: ExchangeRequest['method'], path: readonly string[], right: SasRight, query: Readonly<Record<string, string>> = {}): Promise<void> => {
    await textOf(await open(method, path, right, query, {}, AbortSignal.timeout(IDLE_MS)));
  };
  const container = { restype: 'container' };
  return {
    createContainer: (name) => ask('PUT', [name], 'create', container).catch(unless('ContainerAlreadyExists')),
    deleteContainer: (name) => ask('DELETE', [name], 'delete', container).catch(unless('ContainerNotFound')),
    listContainers: async () => {
      const page = await textOf(await open('GET', [], 'list', { comp: 'list' }, {}, AbortSignal.timeout(IDLE_MS)));
      return [...page.matchAll(/<Container><Name>([^<]*)<\/Name>/g)].map(([, name = '']) => name);
    },
    hasBlob: (name, blob) =>
      ask('HEAD', [name, blob], 'read').then(
        () => true,
        (error: unknown) => {
          if (error instanceof TransferError && error.kind === 'notFound') return false;
          throw error;
        },
      ),
    deleteBlob: (name, blob) => ask('DELETE', [name, blob], 'delete').catch(unless('BlobNotFound', 'ContainerNotFound')),
    readBlob: async (name, blob, { firstByte, lastByte }, signal) => chunksOf(await open('GET', [name, blob], 'read', {}, { range: `bytes=${firstByte}-${lastByte}` }, signal)),
    grant: (grant) => blobSasUrl(account, grant),
    writable: (containerUrl) => signedOwnUrl(account, containerUrl, { scope: 'container', rights: ['create', 'write'], expiresAt: now() + SIGNED_FOR_MS }),
  };
}

function unless(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (error instanceof TransferError && codes.includes(error.code)) return;
    throw error;
  };
}
