const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const IDENTITIES = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
const IDENTITY = `${GROUP}${IDENTITIES}/{identityName}`;

/** User-assigned identities: Microsoft.ManagedIdentity, 2023-01-31. */
export const IDENTITY_ROWS = [
  { id: 'UserAssignedIdentities_ListBySubscription', method: 'GET', path: `${SUBSCRIPTION}${IDENTITIES}`, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/read', query: ['$top', 'maxresults'] },
  { id: 'UserAssignedIdentities_ListByResourceGroup', method: 'GET', path: `${GROUP}${IDENTITIES}`, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/read', query: ['$top', 'maxresults'] },
  { id: 'UserAssignedIdentities_Get', method: 'GET', path: IDENTITY, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/read' },
  { id: 'UserAssignedIdentities_CreateOrUpdate', method: 'PUT', path: IDENTITY, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/write', body: 'required', shape: 'ArmUserAssignedIdentity' },
  { id: 'UserAssignedIdentities_Update', method: 'PATCH', path: IDENTITY, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/write', body: 'required', shape: 'ArmUserAssignedIdentityUpdate' },
  { id: 'UserAssignedIdentities_Delete', method: 'DELETE', path: IDENTITY, action: 'Microsoft.ManagedIdentity/userAssignedIdentities/delete' },
] as const;
