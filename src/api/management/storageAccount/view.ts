import type { ResourceRow } from '../../../store/intents/resources.ts';
import type { ArmStorageAccountCreate } from '../../../wire/management/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';

export const STORAGE_ACCOUNT_TYPE = 'Microsoft.Storage/storageAccounts';

/** What is kept of a storage account: the body of its PUT. */
export type StorageAccountSpec = ArmStorageAccountCreate;

export function storageAccountSpec({ spec }: Pick<ResourceRow, 'spec'>): StorageAccountSpec {
  return JSON.parse(spec) as StorageAccountSpec;
}

export function storageAccountName({ id }: Pick<ResourceRow, 'id'>): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** As answers have it, in their order. `blobs`: where they are, without a closing slash. */
export function storageAccountView(row: ResourceRow, blobs: string | undefined): object {
  const { sku, kind, location, tags, identity, extendedLocation, properties = {} } = storageAccountSpec(row);
  return {
    sku: { name: sku.name, tier: sku.name.split('_')[0] },
    kind,
    id: row.id,
    name: storageAccountName(row),
    type: STORAGE_ACCOUNT_TYPE,
    location,
    tags: tags ?? {},
    ...(identity === undefined ? {} : { identity }),
    ...(extendedLocation === undefined ? {} : { extendedLocation }),
    properties: {
      ...defaults(properties),
      provisioningState: row.state,
      creationTime: formatTimestamp(row.createdAt),
      primaryEndpoints: blobs === undefined ? {} : { blob: `${blobs}/` },
      primaryLocation: location,
      statusOfPrimary: 'available',
      privateEndpointConnections: [],
    },
  };
}

function defaults(properties: NonNullable<StorageAccountSpec['properties']>): object {
  return {
    minimumTlsVersion: 'TLS1_0',
    allowBlobPublicAccess: true,
    accessTier: 'Hot',
    supportsHttpsTrafficOnly: true,
    networkAcls: { bypass: 'AzureServices', virtualNetworkRules: [], ipRules: [], defaultAction: 'Allow' },
    encryption: { services: { file: { keyType: 'Account', enabled: true }, blob: { keyType: 'Account', enabled: true } }, keySource: 'Microsoft.Storage' },
    ...properties,
  };
}
