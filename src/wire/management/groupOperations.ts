const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;

/** Subscriptions and resource groups: Microsoft.Resources, 2021-04-01. */
export const GROUP_ROWS = [
  { id: 'Subscriptions_List', method: 'GET', path: '/subscriptions', action: 'Microsoft.Resources/subscriptions/read' },
  { id: 'Subscriptions_Get', method: 'GET', path: SUBSCRIPTION, action: 'Microsoft.Resources/subscriptions/read' },
  { id: 'ResourceGroups_List', method: 'GET', path: `${SUBSCRIPTION}/resourceGroups`, action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { id: 'ResourceGroups_Get', method: 'GET', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { id: 'ResourceGroups_CheckExistence', method: 'HEAD', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/read' },
  { id: 'ResourceGroups_CreateOrUpdate', method: 'PUT', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/write', body: 'required' },
  { id: 'ResourceGroups_Update', method: 'PATCH', path: GROUP, action: 'Microsoft.Resources/subscriptions/resourceGroups/write', body: 'required' },
] as const;
