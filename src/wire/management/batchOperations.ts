const ACCOUNTS = '/providers/Microsoft.Batch/batchAccounts';
const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const LOCATION = `${SUBSCRIPTION}/providers/Microsoft.Batch/locations/{locationName}`;
const ACCOUNT = `${GROUP}${ACCOUNTS}/{accountName}`;

/** Accounts of Azure Batch: Microsoft.Batch, 2025-06-01. */
export const BATCH_ROWS = [
  { id: 'BatchAccount_List', method: 'GET', path: `${SUBSCRIPTION}${ACCOUNTS}`, action: 'Microsoft.Batch/batchAccounts/read' },
  { id: 'BatchAccount_ListByResourceGroup', method: 'GET', path: `${GROUP}${ACCOUNTS}`, action: 'Microsoft.Batch/batchAccounts/read' },
  { id: 'BatchAccount_Get', method: 'GET', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/read' },
  { id: 'BatchAccount_Create', method: 'PUT', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/write', body: 'required' },
  { id: 'BatchAccount_Update', method: 'PATCH', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/write', body: 'required' },
  { id: 'BatchAccount_Delete', method: 'DELETE', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/delete' },
  { id: 'BatchAccount_GetKeys', method: 'POST', path: `${ACCOUNT}/listKeys`, action: 'Microsoft.Batch/batchAccounts/listKeys/action', body: 'optional' },
  { id: 'BatchAccount_RegenerateKey', method: 'POST', path: `${ACCOUNT}/regenerateKeys`, action: 'Microsoft.Batch/batchAccounts/regenerateKeys/action', body: 'required' },
  { id: 'BatchAccount_OperationResult', method: 'GET', path: `${ACCOUNT}/operationResults/{operationId}`, action: 'Microsoft.Batch/batchAccounts/operationResults/read' },
  { id: 'BatchAccount_DeletionResult', method: 'GET', path: `${LOCATION}/accountOperationResults/{operationId}`, action: 'Microsoft.Batch/locations/accountOperationResults/read' },
] as const;
