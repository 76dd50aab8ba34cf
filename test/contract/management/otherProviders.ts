import type { ManagementOperationId } from '../../../src/wire/management/operations.ts';
import { GROUP } from '../../api/management/asking.ts';
import { SUBSCRIPTION } from '../../api/management/support.ts';
import { STORAGE_SPEC } from './scenario.ts';

/** One call of an operation of another provider than Microsoft.Batch. */
export interface OtherStep {
  readonly operation: ManagementOperationId;
  readonly body?: object;
  /** Where it is not 200. */
  readonly status?: number;
  /** The operation that its client polls, where the header says. */
  readonly polls?: ManagementOperationId;
  /** For `{names}` in its path; those left out are in `OTHER_NAMES`. */
  readonly params?: Readonly<Record<string, string>>;
}

const ROLE = '00000000-0000-4000-8000-00000000000a';
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  subscriptionId: SUBSCRIPTION, resourceGroupName: 'g', locationName: 'westeurope', providerNamespace: 'Microsoft.Batch', accountName: 'another', serviceName: 'default', identityName: 'new', deploymentName: 'main', roleDefinitionId: ROLE, roleAssignmentName: '00000000-0000-4000-8000-00000000000b',
};

const LOCATION = { location: 'westeurope' };
const TEMPLATE = { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [], outputs: { one: { type: 'int', value: 1 } } };
const DEPLOYMENT = { properties: { mode: 'Incremental', template: TEMPLATE } };

/** What a deployment is asked; `operationId` of its one operation is read from the list before. */
function deployments(at: '' | 'AtSubscriptionScope', body: object): readonly OtherStep[] {
  const of = (name: string): ManagementOperationId => `${name}${at}` as ManagementOperationId;
  return [
    { operation: of('Deployments_Validate'), body },
    { operation: of('Deployments_WhatIf'), body, status: 202, polls: of('Deployments_WhatIfResult') },
    { operation: of('Deployments_CreateOrUpdate'), body, status: 201, polls: of('Deployments_OperationStatus') },
    { operation: of('Deployments_Get') },
    { operation: of('Deployments_CheckExistence'), status: 204 },
    { operation: at === '' ? 'Deployments_ListByResourceGroup' : 'Deployments_ListAtSubscriptionScope' },
    { operation: of('DeploymentOperations_List') },
    { operation: of('DeploymentOperations_Get') },
    { operation: of('Deployments_ExportTemplate') },
    { operation: of('Deployments_Cancel'), status: 409 },
    { operation: of('Deployments_Delete'), status: 204 },
  ];
}

/** Everything that a client can do with the other providers, in this order. */
export const OTHER_STEPS: readonly OtherStep[] = [
  { operation: 'Tenants_List' },
  { operation: 'Subscriptions_List' },
  { operation: 'Subscriptions_Get' },
  { operation: 'Subscriptions_ListLocations' },
  { operation: 'Providers_List' },
  { operation: 'Providers_Get' },
  { operation: 'Providers_Register' },
  { operation: 'Resources_List' },
  { operation: 'Resources_ListByResourceGroup' },
  { operation: 'ResourceGroups_List' },
  { operation: 'ResourceGroups_Get' },
  { operation: 'ResourceGroups_CheckExistence', status: 204 },
  { operation: 'ResourceGroups_Update', body: { tags: { a: 'b' } } },
  { operation: 'ResourceGroups_CreateOrUpdate', body: LOCATION, params: { resourceGroupName: 'h' }, status: 201 },
  { operation: 'ResourceGroups_Delete', params: { resourceGroupName: 'h' }, status: 202, polls: 'ResourceGroups_DeletionResult' },
  { operation: 'StorageAccounts_CheckNameAvailability', body: { name: 'another', type: 'Microsoft.Storage/storageAccounts' } },
  { operation: 'StorageAccounts_Create', body: STORAGE_SPEC, status: 202, polls: 'StorageAccounts_OperationResult' },
  { operation: 'StorageAccounts_GetProperties' },
  { operation: 'StorageAccounts_List' },
  { operation: 'StorageAccounts_ListByResourceGroup' },
  { operation: 'StorageAccounts_Update', body: { tags: { a: 'b' } } },
  { operation: 'StorageAccounts_ListKeys' },
  { operation: 'StorageAccounts_RegenerateKey', body: { keyName: 'key2' } },
  { operation: 'BlobServices_GetServiceProperties' },
  { operation: 'FileServices_GetServiceProperties' },
  { operation: 'StorageAccounts_Delete' },
  { operation: 'UserAssignedIdentities_CreateOrUpdate', body: LOCATION, status: 201 },
  { operation: 'UserAssignedIdentities_Get' },
  { operation: 'UserAssignedIdentities_ListBySubscription' },
  { operation: 'UserAssignedIdentities_ListByResourceGroup' },
  { operation: 'UserAssignedIdentities_Update', body: { tags: { a: 'b' } } },
  { operation: 'UserAssignedIdentities_Delete' },
  { operation: 'RoleDefinitions_CreateOrUpdate', body: { properties: { roleName: 'Own', permissions: [{ actions: ['*/read'] }], assignableScopes: [GROUP] } }, status: 201 },
  { operation: 'RoleDefinitions_Get' },
  { operation: 'RoleDefinitions_List' },
  { operation: 'RoleAssignments_Create', body: { properties: { roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLE}`, principalId: 'p' } }, status: 201 },
  { operation: 'RoleAssignments_Get' },
  { operation: 'RoleAssignments_ListForScope' },
  { operation: 'Permissions_ListForResource' },
  { operation: 'RoleAssignments_Delete' },
  { operation: 'RoleDefinitions_Delete' },
  { operation: 'Deployments_CalculateTemplateHash', body: TEMPLATE },
  ...deployments('', DEPLOYMENT),
  ...deployments('AtSubscriptionScope', { ...LOCATION, ...DEPLOYMENT }),
];
