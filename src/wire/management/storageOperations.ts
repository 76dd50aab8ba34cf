const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const ACCOUNTS = '/providers/Microsoft.Storage/storageAccounts';
const ACCOUNT = `${GROUP}${ACCOUNTS}/{accountName}`;

/** Storage accounts: Microsoft.Storage, 2022-09-01. */
export const STORAGE_ROWS = [
  { id: 'StorageAccounts_CheckNameAvailability', method: 'POST', path: `${SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability`, action: 'Microsoft.Storage/checknameavailability/read', body: 'required', shape: 'ArmCheckStorageName' },
  { id: 'StorageAccounts_List', method: 'GET', path: `${SUBSCRIPTION}${ACCOUNTS}`, action: 'Microsoft.Storage/storageAccounts/read', query: ['$top', 'maxresults'] },
  { id: 'StorageAccounts_ListByResourceGroup', method: 'GET', path: `${GROUP}${ACCOUNTS}`, action: 'Microsoft.Storage/storageAccounts/read', query: ['$top', 'maxresults'] },
  { id: 'StorageAccounts_GetProperties', method: 'GET', path: ACCOUNT, action: 'Microsoft.Storage/storageAccounts/read', query: ['$expand'] },
  { id: 'StorageAccounts_OperationResult', method: 'GET', path: `${SUBSCRIPTION}/providers/Microsoft.Storage/locations/{locationName}/asyncoperations/{operationId}`, action: 'Microsoft.Storage/locations/asyncoperations/read' },
  { id: 'StorageAccounts_Create', method: 'PUT', path: ACCOUNT, action: 'Microsoft.Storage/storageAccounts/write', body: 'required', shape: 'ArmStorageAccountCreate' },
  { id: 'StorageAccounts_Update', method: 'PATCH', path: ACCOUNT, action: 'Microsoft.Storage/storageAccounts/write', body: 'required', shape: 'ArmStorageAccountUpdate' },
  { id: 'StorageAccounts_Delete', method: 'DELETE', path: ACCOUNT, action: 'Microsoft.Storage/storageAccounts/delete' },
  { id: 'StorageAccounts_ListKeys', method: 'POST', path: `${ACCOUNT}/listKeys`, action: 'Microsoft.Storage/storageAccounts/listKeys/action', body: 'optional', query: ['$expand'] },
  { id: 'StorageAccounts_RegenerateKey', method: 'POST', path: `${ACCOUNT}/regenerateKey`, action: 'Microsoft.Storage/storageAccounts/regenerateKey/action', body: 'required', shape: 'ArmStorageRegenerateKey' },
  { id: 'BlobServices_GetServiceProperties', method: 'GET', path: `${ACCOUNT}/blobServices/{serviceName}`, action: 'Microsoft.Storage/storageAccounts/blobServices/read' },
  { id: 'FileServices_GetServiceProperties', method: 'GET', path: `${ACCOUNT}/fileServices/{serviceName}`, action: 'Microsoft.Storage/storageAccounts/fileServices/read' },
] as const;
