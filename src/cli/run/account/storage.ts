import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BlobServiceClient, ContainerSASPermissions, BlobSASPermissions, type ContainerClient } from '@azure/storage-blob';

/** A blob in a run's container. */
export interface StoredBlob {
  readonly name: string;
  readonly bytes: number;
}

/** What a run needs of a storage account. URLs carry a shared access signature that ends with the run. */
export interface Storage {
  createContainer(container: string): Promise<void>;
  /** Creates it unless it is there. */
  ensureContainer(container: string): Promise<void>;
  deleteBlob(container: string, blob: string): Promise<void>;
  deleteContainer(container: string): Promise<void>;
  upload(container: string, blob: string, path: string, signal?: AbortSignal): Promise<void>;
  /** Half a file never stands at `path`. */
  download(container: string, blob: string, path: string, signal?: AbortSignal): Promise<void>;
  list(container: string, prefix?: string): Promise<StoredBlob[]>;
  /** For a node to read one blob. */
  readUrl(container: string, blob: string): Promise<string>;
  /** For a node to read a whole container. */
  readContainerUrl(container: string): Promise<string>;
  /** For a node to write outputs. */
  writeUrl(container: string): Promise<string>;
}

/**
 * How long the URLs given to tasks work: longer than a task may live would be of no use (Batch: 180 days), shorter than
 * a queue is long would fail late.
 */
const SIGNATURE_DAYS = 30;

/**
 * A storage account through `@azure/storage-blob`, the official SDK. `tries`: of each request, left out: as the SDK
 * does. @throws Error when the connection string is none
 */
export function connectStorage(connectionString: string, tries?: number): Storage {
  const service = BlobServiceClient.fromConnectionString(connectionString, tries === undefined ? {} : { retryOptions: { maxTries: tries } });
  const at = (container: string): ContainerClient => service.getContainerClient(container);
  const expiresOn = (): Date => new Date(Date.now() + SIGNATURE_DAYS * 86_400_000);
  return {
    createContainer: async (container) => void (await at(container).create()),
    ensureContainer: async (container) => void (await at(container).createIfNotExists()),
    deleteBlob: async (container, blob) => void (await at(container).deleteBlob(blob)),
    deleteContainer: async (container) => void (await at(container).deleteIfExists()),
    upload: async (container, blob, path, signal) => void (await at(container).getBlockBlobClient(blob).uploadFile(path, abortedBy(signal))),
    download: async (container, blob, path, signal) => {
      await mkdir(dirname(path), { recursive: true });
      const unfinished = `${path}.part`;
      try {
        await at(container).getBlobClient(blob).downloadToFile(unfinished, undefined, undefined, abortedBy(signal));
        await rename(unfinished, path);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },
    list: async (container, prefix) => {
      const found: StoredBlob[] = [];
      for await (const blob of at(container).listBlobsFlat(prefix === undefined ? {} : { prefix })) found.push({ name: blob.name, bytes: blob.properties.contentLength ?? 0 });
      return found;
    },
    readUrl: (container, blob) => at(container).getBlobClient(blob).generateSasUrl({ permissions: BlobSASPermissions.parse('r'), expiresOn: expiresOn() }),
    readContainerUrl: (container) => at(container).generateSasUrl({ permissions: ContainerSASPermissions.parse('rl'), expiresOn: expiresOn() }),
    writeUrl: (container) => at(container).generateSasUrl({ permissions: ContainerSASPermissions.parse('cw'), expiresOn: expiresOn() }),
  };
}

function abortedBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return (signal === undefined ? {} : { abortSignal: signal });
}
