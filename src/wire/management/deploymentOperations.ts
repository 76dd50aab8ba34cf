const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const DEPLOYMENTS = '/providers/Microsoft.Resources/deployments';
const OF_GROUP = `${GROUP}${DEPLOYMENTS}/{deploymentName}`;
const OF_SUBSCRIPTION = `${SUBSCRIPTION}${DEPLOYMENTS}/{deploymentName}`;
/** Clients ask for the operations of a deployment without the name of its provider. */
const OPERATIONS_OF_GROUP = `${GROUP}/deployments/{deploymentName}/operations`;
const OPERATIONS_OF_SUBSCRIPTION = `${SUBSCRIPTION}${DEPLOYMENTS}/{deploymentName}/operations`;

/** Deployments of templates, to a resource group or to the subscription: Microsoft.Resources, 2022-09-01. */
export const DEPLOYMENT_ROWS = [
  { id: 'Deployments_ListByResourceGroup', method: 'GET', path: `${GROUP}${DEPLOYMENTS}`, action: 'Microsoft.Resources/deployments/read', query: ['$filter', '$top'] },
  { id: 'Deployments_Get', method: 'GET', path: OF_GROUP, action: 'Microsoft.Resources/deployments/read' },
  { id: 'Deployments_CheckExistence', method: 'HEAD', path: OF_GROUP, action: 'Microsoft.Resources/deployments/read' },
  { id: 'Deployments_CreateOrUpdate', method: 'PUT', path: OF_GROUP, action: 'Microsoft.Resources/deployments/write', body: 'required' },
  { id: 'Deployments_Delete', method: 'DELETE', path: OF_GROUP, action: 'Microsoft.Resources/deployments/delete' },
  { id: 'Deployments_Validate', method: 'POST', path: `${OF_GROUP}/validate`, action: 'Microsoft.Resources/deployments/validate/action', body: 'required' },
  { id: 'Deployments_WhatIf', method: 'POST', path: `${OF_GROUP}/whatIf`, action: 'Microsoft.Resources/deployments/whatIf/action', body: 'required' },
  { id: 'Deployments_Cancel', method: 'POST', path: `${OF_GROUP}/cancel`, action: 'Microsoft.Resources/deployments/cancel/action', body: 'optional' },
  { id: 'Deployments_ExportTemplate', method: 'POST', path: `${OF_GROUP}/exportTemplate`, action: 'Microsoft.Resources/deployments/exportTemplate/action', body: 'optional' },
  { id: 'Deployments_OperationStatus', method: 'GET', path: `${OF_GROUP}/operationStatuses/{operationId}`, action: 'Microsoft.Resources/deployments/operationstatuses/read' },
  { id: 'Deployments_WhatIfResult', method: 'GET', path: `${OF_GROUP}/operationResults/{operationId}`, action: 'Microsoft.Resources/deployments/operations/read' },
  { id: 'DeploymentOperations_List', method: 'GET', path: OPERATIONS_OF_GROUP, action: 'Microsoft.Resources/deployments/operations/read', query: ['$top'] },
  { id: 'DeploymentOperations_Get', method: 'GET', path: `${OPERATIONS_OF_GROUP}/{operationId}`, action: 'Microsoft.Resources/deployments/operations/read' },
  { id: 'Deployments_ListAtSubscriptionScope', method: 'GET', path: `${SUBSCRIPTION}${DEPLOYMENTS}`, action: 'Microsoft.Resources/deployments/read', query: ['$filter', '$top'] },
  { id: 'Deployments_GetAtSubscriptionScope', method: 'GET', path: OF_SUBSCRIPTION, action: 'Microsoft.Resources/deployments/read' },
  { id: 'Deployments_CheckExistenceAtSubscriptionScope', method: 'HEAD', path: OF_SUBSCRIPTION, action: 'Microsoft.Resources/deployments/read' },
  { id: 'Deployments_CreateOrUpdateAtSubscriptionScope', method: 'PUT', path: OF_SUBSCRIPTION, action: 'Microsoft.Resources/deployments/write', body: 'required' },
  { id: 'Deployments_DeleteAtSubscriptionScope', method: 'DELETE', path: OF_SUBSCRIPTION, action: 'Microsoft.Resources/deployments/delete' },
  { id: 'Deployments_ValidateAtSubscriptionScope', method: 'POST', path: `${OF_SUBSCRIPTION}/validate`, action: 'Microsoft.Resources/deployments/validate/action', body: 'required' },
  { id: 'Deployments_WhatIfAtSubscriptionScope', method: 'POST', path: `${OF_SUBSCRIPTION}/whatIf`, action: 'Microsoft.Resources/deployments/whatIf/action', body: 'required' },
  { id: 'Deployments_CancelAtSubscriptionScope', method: 'POST', path: `${OF_SUBSCRIPTION}/cancel`, action: 'Microsoft.Resources/deployments/cancel/action', body: 'optional' },
  { id: 'Deployments_ExportTemplateAtSubscriptionScope', method: 'POST', path: `${OF_SUBSCRIPTION}/exportTemplate`, action: 'Microsoft.Resources/deployments/exportTemplate/action', body: 'optional' },
  { id: 'Deployments_OperationStatusAtSubscriptionScope', method: 'GET', path: `${OF_SUBSCRIPTION}/operationStatuses/{operationId}`, action: 'Microsoft.Resources/deployments/operationstatuses/read' },
  { id: 'Deployments_WhatIfResultAtSubscriptionScope', method: 'GET', path: `${OF_SUBSCRIPTION}/operationResults/{operationId}`, action: 'Microsoft.Resources/deployments/operations/read' },
  { id: 'DeploymentOperations_ListAtSubscriptionScope', method: 'GET', path: OPERATIONS_OF_SUBSCRIPTION, action: 'Microsoft.Resources/deployments/operations/read', query: ['$top'] },
  { id: 'DeploymentOperations_GetAtSubscriptionScope', method: 'GET', path: `${OPERATIONS_OF_SUBSCRIPTION}/{operationId}`, action: 'Microsoft.Resources/deployments/operations/read' },
  { id: 'Deployments_CalculateTemplateHash', method: 'POST', path: '/providers/Microsoft.Resources/calculateTemplateHash', action: 'Microsoft.Resources/calculateTemplateHash/action', body: 'required' },
] as const;
