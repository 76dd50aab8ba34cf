import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import type { LinariteEnv } from './linarite.ts';

/** What a node's agent has logged, as uploadbatchservicelogs brings it into a container. */
export async function agentLog(env: LinariteEnv, upload: (to: { readonly containerUrl: string; readonly startTime: Date }) => Promise<{ readonly virtualDirectoryName: string }>): Promise<string> {
  const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('node-logs');
  await container.createIfNotExists();
  const containerUrl = await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('cw'), expiresOn: new Date(Date.now() + 3_600_000) });
  const { virtualDirectoryName } = await upload({ containerUrl, startTime: new Date(0) });
  return (await container.getBlockBlobClient(`${virtualDirectoryName}/agent.log`).downloadToBuffer()).toString();
}
