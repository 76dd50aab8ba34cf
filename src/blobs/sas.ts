import { BlobServiceClient, ContainerSASPermissions, generateBlobSASQueryParameters, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';

export type ContainerRight = 'read' | 'add' | 'create' | 'write' | 'delete' | 'list';

/**
 * A container's URL with a shared access signature, made from an account's connection string (with AccountKey).
 * `expiresAt` in milliseconds since 1970. Throws if the connection string carries no account key.
 */
export const containerSasUrl = (connectionString: string, container: string, rights: readonly ContainerRight[], expiresAt: number): string => {
  const client = BlobServiceClient.fromConnectionString(connectionString);
  const { credential } = client;
  if (!(credential instanceof StorageSharedKeyCredential)) throw new Error('the connection string of the storage account has no AccountKey');
  const permissions = ContainerSASPermissions.from(Object.fromEntries(rights.map((right) => [right, true])));
  const query = generateBlobSASQueryParameters(
    // The embedded server speaks plain HTTP on loopback.
    { containerName: container, permissions, expiresOn: new Date(expiresAt), protocol: client.url.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp },
    credential,
  );
  return `${client.getContainerClient(container).url}?${query.toString()}`;
};
