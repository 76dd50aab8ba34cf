/** Values of the management plane's enums, cased as answers have them. */
export const MANAGEMENT_ENUMS = {
  ArmPoolAllocationMode: ['BatchService', 'UserSubscription'],
  ArmPublicNetworkAccess: ['Enabled', 'Disabled', 'SecuredByPerimeter'],
  ArmAuthenticationMode: ['SharedKey', 'AAD', 'TaskAuthenticationToken'],
  ArmAutoStorageAuthenticationMode: ['StorageKeys', 'BatchAccountManagedIdentity'],
  ArmKeySource: ['Microsoft.Batch', 'Microsoft.KeyVault'],
  ArmIdentityType: ['SystemAssigned', 'UserAssigned', 'None'],
  ArmEndpointAccess: ['Allow', 'Deny'],
  ArmAccountKeyType: ['Primary', 'Secondary'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
