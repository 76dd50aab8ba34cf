import { TransferError } from './transferError.ts';

/**
 * An account with a hierarchical namespace has its files at two addresses, which take the same signatures
 * ("Multi-protocol access on Azure Data Lake Storage"): what is asked of the one can be asked of the other.
 */
const DATA_LAKE = /^([^.]+(?:\.privatelink|\.z\d+)*)\.dfs\.(core\.(?:windows\.net|chinacloudapi\.cn|usgovcloudapi\.net|cloudapi\.de)|storage\.azure\.net)$/i;

/** A URL as blobs are asked by; that of a Data Lake becomes that of the blobs of its account. Throws TransferError. */
export function storageUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TransferError('misc', 400, 'InvalidUri', 'the URL cannot be parsed');
  const url = new URL(text);
  url.hostname = url.hostname.replace(DATA_LAKE, '$1.blob.$2');
  return url;
}

/** Of a blob in a container, with what the container's URL grants. Throws TransferError. */
export function blobUrl(containerUrl: string, name: string): string {
  const url = storageUrl(containerUrl);
  const path = name.split('/').map(encodeURIComponent).join('/');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`;
  return url.href;
}
