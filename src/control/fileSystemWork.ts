import type { ContainerSource, FileSystemWork } from '../agent/frames.ts';
import type { AzureBlobFileSystemConfiguration, AzureFileShareConfiguration, MountConfiguration, PoolAdd } from '../wire/types.generated.ts';
import type { Signer } from './work.ts';

/** What a node of this pool is told to mount; nothing where it is nothing. */
export function fileSystemsOf({ mountConfiguration = [] }: PoolAdd, sign: Signer): { readonly fileSystems?: readonly FileSystemWork[] } {
  return mountConfiguration.length === 0 ? {} : { fileSystems: mountConfiguration.map((mount) => fileSystem(mount, sign)) };
}

function fileSystem(mount: MountConfiguration, sign: Signer): FileSystemWork {
  const { nfsMountConfiguration: nfs, cifsMountConfiguration: cifs, azureFileShareConfiguration: share, azureBlobFileSystemConfiguration: blobs } = mount;
  if (nfs !== undefined) return { kind: 'nfs', path: pathOf(nfs), source: nfs.source, options: nfs.mountOptions ?? '' };
  if (cifs !== undefined) return { kind: 'cifs', path: pathOf(cifs), source: cifs.source, username: cifs.username, password: cifs.password, options: cifs.mountOptions ?? '' };
  if (share !== undefined) return { kind: 'fshare', path: pathOf(share), source: shareOf(share), username: share.accountName, password: share.accountKey, options: share.mountOptions ?? '' };
  if (blobs !== undefined) return { kind: 'blobfuse', path: pathOf(blobs), options: blobs.blobfuseOptions ?? '', ...containerSource(blobs, sign) };
  throw new Error('a mount of no kind passed validation');
}

/** A slash at the end, or two in a row, say nothing. */
function pathOf({ relativeMountPath }: { readonly relativeMountPath: string }): string {
  return relativeMountPath.split('/').filter((part) => part !== '').join('/');
}

/** `https://account.file.core.windows.net/share` as mount.cifs(8) names it. */
function shareOf({ azureFileUrl }: AzureFileShareConfiguration): string {
  const { host, pathname } = new URL(azureFileUrl);
  return `//${host}${decodeURIComponent(pathname).replace(/\/+$/, '')}`;
}

function containerSource({ accountName, containerName, accountKey, sasKey, identityReference }: AzureBlobFileSystemConfiguration, sign: Signer): ContainerSource & { readonly lacks?: string } {
  const place = { account: accountName, container: containerName, endpoint: sign.endpoint(accountName) };
  if (accountKey !== undefined) return { ...place, credential: { kind: 'key', value: accountKey } };
  if (sasKey !== undefined) return { ...place, credential: { kind: 'sas', value: sasKey.replace(/^\?/, '') } };
  const signed = sign.url(`${place.endpoint}/${containerName}`, 'container');
  if (signed !== null) return { ...place, credential: { kind: 'sas', value: new URL(signed).search.slice(1) } };
  const lacks = `The nodes of the pool have no managed identity ${identityReference?.resourceId}, and the service signs for its own storage account only: use accountKey or sasKey`;
  return { ...place, credential: { kind: 'sas', value: '' }, lacks };
}
