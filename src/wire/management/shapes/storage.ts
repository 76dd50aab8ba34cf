import type { ShapeTable } from '../../shapes/definition.ts';

const PROPERTIES = {
  accessTier: { type: 'ArmAccessTier' },
  allowBlobPublicAccess: { type: 'boolean' },
  allowCrossTenantReplication: { type: 'boolean' },
  allowSharedKeyAccess: { type: 'boolean' },
  allowedCopyScope: { type: 'string' },
  azureFilesIdentityBasedAuthentication: { type: 'map' },
  customDomain: { type: 'map' },
  defaultToOAuthAuthentication: { type: 'boolean' },
  dnsEndpointType: { type: 'string' },
  encryption: { type: 'map' },
  immutableStorageWithVersioning: { type: 'map' },
  isHnsEnabled: { type: 'boolean' },
  isLocalUserEnabled: { type: 'boolean' },
  isNfsV3Enabled: { type: 'boolean' },
  isSftpEnabled: { type: 'boolean' },
  keyPolicy: { type: 'map' },
  largeFileSharesState: { type: 'string' },
  minimumTlsVersion: { type: 'string' },
  networkAcls: { type: 'map' },
  publicNetworkAccess: { type: 'string' },
  routingPreference: { type: 'map' },
  sasPolicy: { type: 'map' },
  supportsHttpsTrafficOnly: { type: 'boolean' },
} as const;

/** Storage accounts (Microsoft.Storage, 2022-09-01). */
export const STORAGE_SHAPES = {
  ArmStorageAccountCreate: {
    sku: { type: 'ArmSku', required: true },
    kind: { type: 'ArmStorageKind', required: true },
    location: { type: 'string', required: true, minLength: 1, maxLength: 64 },
    tags: { type: 'map' },
    identity: { type: 'ArmIdentity' },
    extendedLocation: { type: 'map' },
    properties: { type: 'ArmStorageAccountProperties' },
  },
  ArmStorageAccountUpdate: {
    sku: { type: 'ArmSku' },
    kind: { type: 'ArmStorageKind' },
    tags: { type: 'map' },
    identity: { type: 'ArmIdentity' },
    properties: { type: 'ArmStorageAccountProperties' },
  },
  ArmStorageAccountProperties: PROPERTIES,
  ArmSku: { name: { type: 'ArmSkuName', required: true }, tier: { type: 'string' } },
  ArmStorageRegenerateKey: { keyName: { type: 'string', required: true } },
  ArmCheckStorageName: { name: { type: 'string', required: true }, type: { type: 'ArmStorageAccountType', required: true } },
} as const satisfies ShapeTable;
