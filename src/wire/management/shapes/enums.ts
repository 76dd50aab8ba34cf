/** Values of the management plane's enums, cased as answers have them. */
export const MANAGEMENT_ENUMS = {
  ArmAccessTier: ['Hot', 'Cool', 'Premium', 'Cold'],
  ArmStorageKind: ['StorageV2', 'Storage', 'BlobStorage', 'BlockBlobStorage'],
  ArmSkuName: ['Standard_LRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_ZRS', 'Premium_LRS', 'Premium_ZRS', 'Standard_GZRS', 'Standard_RAGZRS'],
  ArmPoolAllocationMode: ['BatchService', 'UserSubscription'],
  ArmPublicNetworkAccess: ['Enabled', 'Disabled', 'SecuredByPerimeter'],
  ArmAuthenticationMode: ['SharedKey', 'AAD', 'TaskAuthenticationToken'],
  ArmAutoStorageAuthenticationMode: ['StorageKeys', 'BatchAccountManagedIdentity'],
  ArmKeySource: ['Microsoft.Batch', 'Microsoft.KeyVault'],
  ArmIdentityType: ['SystemAssigned', 'UserAssigned', 'None'],
  ArmEndpointAccess: ['Allow', 'Deny'],
  ArmAccountKeyType: ['Primary', 'Secondary'],
  ArmPoolIdentityType: ['UserAssigned', 'None'],
  ArmInterNodeCommunication: ['Enabled', 'Disabled'],
  ArmNodeDeallocationOption: ['Requeue', 'Terminate', 'TaskCompletion', 'RetainedData'],
  ArmCertificateFormat: ['Pfx', 'Cer'],
  ArmAccountTypeName: ['Microsoft.Batch/batchAccounts'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
