const ACCOUNTS = '/providers/Microsoft.Batch/batchAccounts';
const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const LOCATION = `${SUBSCRIPTION}/providers/Microsoft.Batch/locations/{locationName}`;
const ACCOUNT = `${GROUP}${ACCOUNTS}/{accountName}`;
const POOLS = `${ACCOUNT}/pools`;
const POOL = `${POOLS}/{poolName}`;

/** Accounts of Azure Batch and what lies in them: Microsoft.Batch, 2025-06-01. */
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
  { id: 'Pool_ListByBatchAccount', method: 'GET', path: POOLS, action: 'Microsoft.Batch/batchAccounts/pools/read' },
  { id: 'Pool_Get', method: 'GET', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/read' },
  { id: 'Pool_Create', method: 'PUT', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'required' },
  { id: 'Pool_Update', method: 'PATCH', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'required' },
  { id: 'Pool_Delete', method: 'DELETE', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/delete' },
  { id: 'Pool_DisableAutoScale', method: 'POST', path: `${POOL}/disableAutoScale`, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'optional' },
  { id: 'Pool_StopResize', method: 'POST', path: `${POOL}/stopResize`, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'optional' },
  { id: 'Pool_OperationResult', method: 'GET', path: `${ACCOUNT}/poolOperationResults/{operationId}`, action: 'Microsoft.Batch/batchAccounts/poolOperationResults/read' },
] as const;
