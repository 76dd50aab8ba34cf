const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const PROVIDER = `${SUBSCRIPTION}/providers/{providerNamespace}`;

/** Tenants, subscriptions, providers and resource groups: Microsoft.Resources, 2021-04-01. */
export const GROUP_ROWS = [
  { id: 'Tenants_List', method: 'GET', path: '/tenants', action: 'Microsoft.Resources/tenants/read' },
  { id: 'Subscriptions_List', method: 'GET', path: '/subscriptions', action: 'Microsoft.Resources/subscriptions/read' },
  { id: 'Subscriptions_Get', method: 'GET', path: SUBSCRIPTION, action: 'Microsoft.Resources/subscriptions/read' },
  { id: 'Subscriptions_ListLocations', method: 'GET', path: `${SUBSCRIPTION}/locations`, action: 'Microsoft.Resources/subscriptions/locations/read' },
  { id: 'Providers_List', method: 'GET', path: `${SUBSCRIPTION}/providers`, action: 'Microsoft.Resources/subscriptions/providers/read', query: ['$top', '$expand'] },
  { id: 'Providers_Get', method: 'GET', path: PROVIDER, action: 'Microsoft.Resources/subscriptions/providers/read', query: ['$expand'] },
  { id: 'Providers_Register', method: 'POST', path: `${PROVIDER}/register`, action: 'Microsoft.Resources/subscriptions/providers/register/action', body: 'optional' },
  { id: 'Resources_List', method: 'GET', path: `${SUBSCRIPTION}/resources`, action: 'Microsoft.Resources/subscriptions/resources/read', query: ['$top', '$filter', '$expand'] },
  { id: 'Resources_ListByResourceGroup', method: 'GET', path: `${GROUP}/resources`, action: 'Microsoft.Resources/subscriptions/resourceGroups/resources/read', query: ['$top', '$filter', '$expand'] },
  { id: 'ResourceGroups_List', method: 'GET', path: `${SUBSCRIPTION}/resourceGroups`, action: 'Microsoft.Resources/subscriptions/resourceGroups/read', query: ['$top', '$filter'] },
  { id: 'ResourceGroups_Get', method: 'GET', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { id: 'ResourceGroups_CheckExistence', method: 'HEAD', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { id: 'ResourceGroups_CreateOrUpdate', method: 'PUT', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/write', body: 'required', shape: 'ArmGroupCreate' },
  { id: 'ResourceGroups_Update', method: 'PATCH', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/write', body: 'required', shape: 'ArmGroupUpdate' },
  { id: 'ResourceGroups_Delete', method: 'DELETE', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/delete' },
  { id: 'ResourceGroups_DeletionResult', method: 'GET', path: `${SUBSCRIPTION}/operationresults/{operationId}`, action: 'Microsoft.Resources/subscriptions/operationresults/read' },
] as const;
