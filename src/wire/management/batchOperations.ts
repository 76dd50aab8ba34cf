const ACCOUNTS = '/providers/Microsoft.Batch/batchAccounts';
const SUBSCRIPTION = '/subscriptions/{subscriptionId}';
const GROUP = `${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;
const LOCATION = `${SUBSCRIPTION}/providers/Microsoft.Batch/locations/{locationName}`;
const ACCOUNT = `${GROUP}${ACCOUNTS}/{accountName}`;
const POOLS = `${ACCOUNT}/pools`;
const POOL = `${POOLS}/{poolName}`;
const APPLICATION = `${ACCOUNT}/applications/{applicationName}`;
const PACKAGE = `${APPLICATION}/versions/{versionName}`;
const CERTIFICATE = `${ACCOUNT}/certificates/{certificateName}`;
const CONNECTION = `${ACCOUNT}/privateEndpointConnections/{privateEndpointConnectionName}`;
const PERIMETERS = `${ACCOUNT}/networkSecurityPerimeterConfigurations`;
const PERIMETER = `${PERIMETERS}/{networkSecurityPerimeterConfigurationName}`;

/** Accounts of Azure Batch and what lies in them: Microsoft.Batch, 2025-06-01. */
export const BATCH_ROWS = [
  { id: 'BatchAccount_List', method: 'GET', path: `${SUBSCRIPTION}${ACCOUNTS}`, action: 'Microsoft.Batch/batchAccounts/read', query: ['$top'] },
  { id: 'BatchAccount_ListByResourceGroup', method: 'GET', path: `${GROUP}${ACCOUNTS}`, action: 'Microsoft.Batch/batchAccounts/read', query: ['$top'] },
  { id: 'BatchAccount_Get', method: 'GET', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/read' },
  { id: 'BatchAccount_Create', method: 'PUT', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/write', body: 'required', shape: 'ArmAccountCreate', conditional: ['if-match', 'if-none-match'] },
  { id: 'BatchAccount_Update', method: 'PATCH', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/write', body: 'required', shape: 'ArmAccountUpdate', conditional: ['if-match'] },
  { id: 'BatchAccount_Delete', method: 'DELETE', path: ACCOUNT, action: 'Microsoft.Batch/batchAccounts/delete', conditional: ['if-match'] },
  { id: 'BatchAccount_GetKeys', method: 'POST', path: `${ACCOUNT}/listKeys`, action: 'Microsoft.Batch/batchAccounts/listKeys/action', body: 'optional' },
  { id: 'BatchAccount_RegenerateKey', method: 'POST', path: `${ACCOUNT}/regenerateKeys`, action: 'Microsoft.Batch/batchAccounts/regenerateKeys/action', body: 'required', shape: 'ArmRegenerateKey' },
  { id: 'BatchAccount_OperationResult', method: 'GET', path: `${ACCOUNT}/operationResults/{operationId}`, action: 'Microsoft.Batch/batchAccounts/operationResults/read' },
  { id: 'BatchAccount_DeletionResult', method: 'GET', path: `${LOCATION}/accountOperationResults/{operationId}`, action: 'Microsoft.Batch/locations/accountOperationResults/read' },
  { id: 'Pool_ListByBatchAccount', method: 'GET', path: POOLS, action: 'Microsoft.Batch/batchAccounts/pools/read', query: ['maxresults', '$select', '$filter'] },
  { id: 'Pool_Get', method: 'GET', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/read' },
  { id: 'Pool_Create', method: 'PUT', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'required', shape: 'ArmPool', conditional: ['if-match', 'if-none-match'] },
  { id: 'Pool_Update', method: 'PATCH', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'required', shape: 'ArmPool', conditional: ['if-match'] },
  { id: 'Pool_Delete', method: 'DELETE', path: POOL, action: 'Microsoft.Batch/batchAccounts/pools/delete', conditional: ['if-match'] },
  { id: 'Pool_DisableAutoScale', method: 'POST', path: `${POOL}/disableAutoScale`, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'optional' },
  { id: 'Pool_StopResize', method: 'POST', path: `${POOL}/stopResize`, action: 'Microsoft.Batch/batchAccounts/pools/write', body: 'optional' },
  { id: 'Pool_OperationResult', method: 'GET', path: `${ACCOUNT}/poolOperationResults/{operationId}`, action: 'Microsoft.Batch/batchAccounts/poolOperationResults/read' },
  { id: 'Application_List', method: 'GET', path: `${ACCOUNT}/applications`, action: 'Microsoft.Batch/batchAccounts/applications/read', query: ['maxresults'] },
  { id: 'Application_Get', method: 'GET', path: APPLICATION, action: 'Microsoft.Batch/batchAccounts/applications/read' },
  { id: 'Application_Create', method: 'PUT', path: APPLICATION, action: 'Microsoft.Batch/batchAccounts/applications/write', body: 'optional', shape: 'ArmApplication', conditional: ['if-match', 'if-none-match'] },
  { id: 'Application_Update', method: 'PATCH', path: APPLICATION, action: 'Microsoft.Batch/batchAccounts/applications/write', body: 'required', shape: 'ArmApplication', conditional: ['if-match'] },
  { id: 'Application_Delete', method: 'DELETE', path: APPLICATION, action: 'Microsoft.Batch/batchAccounts/applications/delete', conditional: ['if-match'] },
  { id: 'ApplicationPackage_List', method: 'GET', path: `${APPLICATION}/versions`, action: 'Microsoft.Batch/batchAccounts/applications/versions/read', query: ['maxresults'] },
  { id: 'ApplicationPackage_Get', method: 'GET', path: PACKAGE, action: 'Microsoft.Batch/batchAccounts/applications/versions/read' },
  { id: 'ApplicationPackage_Create', method: 'PUT', path: PACKAGE, action: 'Microsoft.Batch/batchAccounts/applications/versions/write', body: 'optional', shape: 'ArmPackage', conditional: ['if-match', 'if-none-match'] },
  { id: 'ApplicationPackage_Activate', method: 'POST', path: `${PACKAGE}/activate`, action: 'Microsoft.Batch/batchAccounts/applications/versions/activate/action', body: 'required', shape: 'ArmActivate', conditional: ['if-match'] },
  { id: 'ApplicationPackage_Delete', method: 'DELETE', path: PACKAGE, action: 'Microsoft.Batch/batchAccounts/applications/versions/delete', conditional: ['if-match'] },
  { id: 'Certificate_ListByBatchAccount', method: 'GET', path: `${ACCOUNT}/certificates`, action: 'Microsoft.Batch/batchAccounts/certificates/read', query: ['maxresults', '$select', '$filter'], until: 20 },
  { id: 'Certificate_Get', method: 'GET', path: CERTIFICATE, action: 'Microsoft.Batch/batchAccounts/certificates/read', until: 20 },
  { id: 'Certificate_Create', method: 'PUT', path: CERTIFICATE, action: 'Microsoft.Batch/batchAccounts/certificates/write', body: 'required', shape: 'ArmCertificate', conditional: ['if-match', 'if-none-match'], until: 20 },
  { id: 'Certificate_Update', method: 'PATCH', path: CERTIFICATE, action: 'Microsoft.Batch/batchAccounts/certificates/write', body: 'required', shape: 'ArmCertificate', conditional: ['if-match'], until: 20 },
  { id: 'Certificate_Delete', method: 'DELETE', path: CERTIFICATE, action: 'Microsoft.Batch/batchAccounts/certificates/delete', conditional: ['if-match'], until: 20 },
  { id: 'Certificate_CancelDeletion', method: 'POST', path: `${CERTIFICATE}/cancelDelete`, action: 'Microsoft.Batch/batchAccounts/certificates/cancelDelete/action', body: 'optional', until: 20 },
  { id: 'Certificate_OperationResult', method: 'GET', path: `${ACCOUNT}/certificateOperationResults/{operationId}`, action: 'Microsoft.Batch/batchAccounts/certificateOperationResults/read', until: 20 },
  { id: 'BatchAccount_SynchronizeAutoStorageKeys', method: 'POST', path: `${ACCOUNT}/syncAutoStorageKeys`, action: 'Microsoft.Batch/batchAccounts/syncAutoStorageKeys/action', body: 'optional' },
  { id: 'BatchAccount_ListDetectors', method: 'GET', path: `${ACCOUNT}/detectors`, action: 'Microsoft.Batch/batchAccounts/detectors/read', since: 15 },
  { id: 'BatchAccount_GetDetector', method: 'GET', path: `${ACCOUNT}/detectors/{detectorId}`, action: 'Microsoft.Batch/batchAccounts/detectors/read', since: 15 },
  { id: 'BatchAccount_ListOutboundNetworkDependenciesEndpoints', method: 'GET', path: `${ACCOUNT}/outboundNetworkDependenciesEndpoints`, action: 'Microsoft.Batch/batchAccounts/outboundNetworkDependenciesEndpoints/read', since: 14 },
  { id: 'PrivateLinkResource_ListByBatchAccount', method: 'GET', path: `${ACCOUNT}/privateLinkResources`, action: 'Microsoft.Batch/batchAccounts/privateLinkResources/read', query: ['maxresults'] },
  { id: 'PrivateLinkResource_Get', method: 'GET', path: `${ACCOUNT}/privateLinkResources/{privateLinkResourceName}`, action: 'Microsoft.Batch/batchAccounts/privateLinkResources/read' },
  { id: 'PrivateEndpointConnection_ListByBatchAccount', method: 'GET', path: `${ACCOUNT}/privateEndpointConnections`, action: 'Microsoft.Batch/batchAccounts/privateEndpointConnections/read', query: ['maxresults'] },
  { id: 'PrivateEndpointConnection_Get', method: 'GET', path: CONNECTION, action: 'Microsoft.Batch/batchAccounts/privateEndpointConnections/read' },
  { id: 'PrivateEndpointConnection_Update', method: 'PATCH', path: CONNECTION, action: 'Microsoft.Batch/batchAccounts/privateEndpointConnections/write', body: 'required', shape: 'ArmPrivateEndpointConnection', conditional: ['if-match'] },
  { id: 'PrivateEndpointConnection_Delete', method: 'DELETE', path: CONNECTION, action: 'Microsoft.Batch/batchAccounts/privateEndpointConnections/delete', since: 16 },
  { id: 'NetworkSecurityPerimeter_ListConfigurations', method: 'GET', path: PERIMETERS, action: 'Microsoft.Batch/batchAccounts/networkSecurityPerimeterConfigurations/read', since: 20 },
  { id: 'NetworkSecurityPerimeter_GetConfiguration', method: 'GET', path: PERIMETER, action: 'Microsoft.Batch/batchAccounts/networkSecurityPerimeterConfigurations/read', since: 20 },
  { id: 'NetworkSecurityPerimeter_ReconcileConfiguration', method: 'POST', path: `${PERIMETER}/reconcile`, action: 'Microsoft.Batch/batchAccounts/networkSecurityPerimeterConfigurations/reconcile/action', body: 'optional', since: 20 },
  { id: 'Location_GetQuotas', method: 'GET', path: `${LOCATION}/quotas`, action: 'Microsoft.Batch/locations/quotas/read' },
  { id: 'Location_CheckNameAvailability', method: 'POST', path: `${LOCATION}/checkNameAvailability`, action: 'Microsoft.Batch/locations/checkNameAvailability/action', body: 'required', shape: 'ArmCheckAccountName' },
  { id: 'Location_ListSupportedVirtualMachineSkus', method: 'GET', path: `${LOCATION}/virtualMachineSkus`, action: 'Microsoft.Batch/locations/virtualMachineSkus/read', query: ['maxresults', '$filter'], since: 14 },
  { id: 'Location_ListSupportedCloudServiceSkus', method: 'GET', path: `${LOCATION}/cloudServiceSkus`, action: 'Microsoft.Batch/locations/cloudServiceSkus/read', query: ['maxresults', '$filter'], since: 14, until: 19 },
  { id: 'Operations_List', method: 'GET', path: '/providers/Microsoft.Batch/operations', action: 'Microsoft.Batch/operations/read' },
] as const;
