import { BlobServiceClient } from '@azure/storage-blob';
import { linarite, type Instance } from '../support/linarite.ts';

const SUBSCRIPTION = '/subscriptions/11a12173-0000-4000-8000-000000000002';
export const GROUP = `${SUBSCRIPTION}/resourceGroups/linarite`;
export const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/linarite`;
const IDENTITIES = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' };
const READS_BLOBS = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1';

/** What the operator of a service does at its Resource Manager. */
export interface AsOperator {
  readonly environment: Readonly<Record<string, string>>;
  /** Makes an identity; returns its object id. */
  identity(name: string): Promise<string>;
  assign(scope: string, roleDefinitionId: string, principalId: string): Promise<void>;
  /** A pool of one node whose tasks have that identity. */
  pool(name: string, identity: string, properties?: object): Promise<void>;
  /** Makes the blob `data/in`, which an identity may read; returns where the service has blobs over TLS. */
  readableBlob(text: string, principalId: string): Promise<string>;
}

let assignments = 0;

export async function asOperator(instance: Instance): Promise<AsOperator> {
  const { stdout } = await linarite(['env', '--identity', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
  const environment = JSON.parse(stdout) as Readonly<Record<string, string>>;
  const { AZURE_BATCH_ENDPOINT: endpoint = '', IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '', AZURE_STORAGE_CONNECTION_STRING: connection = '', AZURE_STORAGE_ACCOUNT: storage = '', LINARITE_MANAGEMENT_ENDPOINT = '' } = environment;
  const { access_token: token } = (await (await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://management.azure.com/`, { headers: { 'x-identity-header': IDENTITY_HEADER } })).json()) as { readonly access_token: string };
  const put = async (path: string, version: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}${path}?api-version=${version}`, { method: 'PUT', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  const assign: AsOperator['assign'] = async (scope, roleDefinitionId, principalId) => {
    assignments += 1;
    await put(`${scope}/providers/Microsoft.Authorization/roleAssignments/33333333-0000-4000-8000-${String(assignments).padStart(12, '0')}`, '2022-04-01', { properties: { roleDefinitionId, principalId } });
  };
  return {
    environment,
    identity: async (name) => {
      const made = (await put(`${IDENTITIES}/${name}`, '2023-01-31', { location: 'westeurope' })) as { readonly properties: { readonly principalId: string } };
      return made.properties.principalId;
    },
    assign,
    pool: async (name, identity, properties = {}) => {
      await put(`${ACCOUNT}/pools/${name}`, '2025-06-01', {
        identity: { type: 'UserAssigned', userAssignedIdentities: { [`${IDENTITIES}/${identity}`]: {} } },
        properties: { vmSize: 'standard_d1_v2', deploymentConfiguration: { virtualMachineConfiguration: IMAGE }, scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } }, ...properties },
      });
    },
    readableBlob: async (text, principalId) => {
      const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('data');
      await container.create();
      await container.getBlockBlobClient('in').upload(text, Buffer.byteLength(text));
      await assign(`${GROUP}/providers/Microsoft.Storage/storageAccounts/${storage}`, READS_BLOBS, principalId);
      return `https://${storage}.blob.core.localhost:${new URL(LINARITE_MANAGEMENT_ENDPOINT).port}`;
    },
  };
}
