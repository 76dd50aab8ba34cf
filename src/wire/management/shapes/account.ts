import type { ShapeTable } from '../../shapes/definition.ts';

const WRITABLE = {
  autoStorage: { type: 'ArmAutoStorage' },
  poolAllocationMode: { type: 'ArmPoolAllocationMode' },
  keyVaultReference: { type: 'ArmKeyVaultReference' },
  publicNetworkAccess: { type: 'ArmPublicNetworkAccess' },
  networkProfile: { type: 'ArmNetworkProfile', since: 16 },
  encryption: { type: 'ArmEncryption' },
  allowedAuthenticationModes: { type: 'ArmAuthenticationMode', list: true, since: 14 },
} as const;

/** Accounts of Azure Batch (Microsoft.Batch, 2020-09-01 to 2025-06-01). */
export const ACCOUNT_SHAPES = {
  ArmAccountCreate: {
    location: { type: 'string', required: true, minLength: 1, maxLength: 64 },
    tags: { type: 'map' },
    identity: { type: 'ArmIdentity' },
    properties: { type: 'ArmAccountProperties' },
  },
  ArmAccountUpdate: {
    tags: { type: 'map' },
    identity: { type: 'ArmIdentity' },
    properties: { type: 'ArmAccountUpdateProperties' },
  },
  ArmAccountProperties: WRITABLE,
  ArmAccountUpdateProperties: {
    autoStorage: WRITABLE.autoStorage,
    publicNetworkAccess: { type: 'ArmPublicNetworkAccess', since: 16 },
    networkProfile: WRITABLE.networkProfile,
    encryption: WRITABLE.encryption,
    allowedAuthenticationModes: WRITABLE.allowedAuthenticationModes,
  },
  ArmAutoStorage: {
    storageAccountId: { type: 'string', required: true },
    authenticationMode: { type: 'ArmAutoStorageAuthenticationMode', since: 14 },
    nodeIdentityReference: { type: 'ArmIdentityReference', since: 14 },
  },
  ArmIdentityReference: { resourceId: { type: 'string' } },
  ArmKeyVaultReference: { id: { type: 'string', required: true }, url: { type: 'string', required: true } },
  ArmNetworkProfile: { accountAccess: { type: 'ArmEndpointAccessProfile' }, nodeManagementAccess: { type: 'ArmEndpointAccessProfile' } },
  ArmEndpointAccessProfile: { defaultAction: { type: 'ArmEndpointAccess', required: true }, ipRules: { type: 'ArmIpRule', list: true } },
  ArmIpRule: { action: { type: 'ArmIpRuleAction', required: true }, value: { type: 'string', required: true } },
  ArmEncryption: { keySource: { type: 'ArmKeySource' }, keyVaultProperties: { type: 'ArmKeyVaultProperties' } },
  ArmKeyVaultProperties: { keyIdentifier: { type: 'string' } },
  /** Clients send back who the identity is. */
  ArmIdentity: {
    type: { type: 'ArmIdentityType', required: true },
    userAssignedIdentities: { type: 'map', since: 14 },
    principalId: { type: 'string' },
    tenantId: { type: 'string' },
  },
  ArmRegenerateKey: { keyName: { type: 'ArmAccountKeyType', required: true } },
} as const satisfies ShapeTable;
