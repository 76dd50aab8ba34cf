import { BatchError } from '../../../wire/errors.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { empty, json } from '../answers.ts';
import { accountEndpoint } from '../batchAccount/endpoint.ts';
import { existingAccount } from '../batchAccount/existing.ts';
import { openAccount } from '../batchAccount/opened.ts';
import { accountName, accountSpec, nodeManagementEndpoint } from '../batchAccount/view.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { listed } from '../listed.ts';

/**
 * What Azure's own network has around an account. An account here is reached at the address of the service alone: there
 * are no private endpoints, perimeters and detectors, so lists of them are empty and none is found.
 */
export const networkHandlers = {
  BatchAccount_ListDetectors: emptyList,
  BatchAccount_GetDetector: (call, parts) => none('detectors', 'detectorId', call, parts),
  BatchAccount_ListOutboundNetworkDependenciesEndpoints: async (call, parts) => {
    const row = await existingAccount(call, parts);
    const { location, properties } = accountSpec(row);
    const endpoint = accountEndpoint({ number: row.account, name: accountName(row), location }, call, parts);
    return json(200, { value: dependencies(endpoint, nodeManagementEndpoint(row, endpoint), storageHost(properties?.autoStorage?.storageAccountId, parts)) });
  },
  PrivateLinkResource_ListByBatchAccount: async (call, parts) => {
    const { id } = await openAccount(call, parts);
    return listed(call, LINKS.map((name) => ({ key: name, view: link(name, id) })));
  },
  PrivateLinkResource_Get: async (call, parts) => {
    const { id } = await openAccount(call, parts);
    const found = LINKS.find((name) => name.toLowerCase() === param(call, 'privateLinkResourceName').toLowerCase());
    return found === undefined ? none('privateLinkResources', 'privateLinkResourceName', call, parts) : json(200, link(found, id));
  },
  PrivateEndpointConnection_ListByBatchAccount: emptyList,
  PrivateEndpointConnection_Get: (call, parts) => none('privateEndpointConnections', 'privateEndpointConnectionName', call, parts),
  PrivateEndpointConnection_Update: async (call, parts) => {
    readBody('ArmPrivateEndpointConnection', call, await call.json());
    return none('privateEndpointConnections', 'privateEndpointConnectionName', call, parts);
  },
  PrivateEndpointConnection_Delete: async (call, parts) => {
    await existingAccount(call, parts);
    return empty(204);
  },
  NetworkSecurityPerimeter_ListConfigurations: emptyList,
  NetworkSecurityPerimeter_GetConfiguration: (call, parts) => none('networkSecurityPerimeterConfigurations', 'networkSecurityPerimeterConfigurationName', call, parts),
  NetworkSecurityPerimeter_ReconcileConfiguration: (call, parts) => none('networkSecurityPerimeterConfigurations', 'networkSecurityPerimeterConfigurationName', call, parts),
  /** Keys of storage are read where they are needed: what this asks for is so already. Recorded: 204. */
  BatchAccount_SynchronizeAutoStorageKeys: async (call, parts) => {
    const { properties } = accountSpec(await existingAccount(call, parts));
    if (properties?.autoStorage === undefined) throw new BatchError('InvalidRestAPIForAccountSetting', [{ key: 'Reason', value: 'The account has no auto storage account.' }]);
    return empty(204);
  },
} satisfies Record<string, ManagementHandler>;

async function emptyList(call: ManagementCall, parts: ManagementParts) {
  await existingAccount(call, parts);
  return listed(call, []);
}

async function none(type: string, parameter: string, call: ManagementCall, parts: ManagementParts): Promise<never> {
  await existingAccount(call, parts);
  throw new ManagementError('ResourceNotFound', `The Resource 'Microsoft.Batch/batchAccounts/${param(call, 'accountName')}/${type}/${param(call, parameter)}' was not found: an account of this service is reached at the service's own address, and has no ${type}.`);
}

const LINKS = ['batchAccount', 'nodeManagement'];

function link(name: string, accountId: string): Record<string, unknown> {
  return { id: `${accountId}/privateLinkResources/${name}`, name, type: 'Microsoft.Batch/batchAccounts/privateLinkResources', properties: { groupId: name, requiredMembers: [name], requiredZoneNames: ['privatelink.batch.azure.com'] } };
}

/** undefined: the account has none, or one without a host of its own. */
function storageHost(id: string | undefined, { places }: ManagementParts): string | undefined {
  const url = id === undefined ? undefined : places.blobs(id.slice(id.lastIndexOf('/') + 1));
  return url === undefined ? undefined : new URL(url).host;
}

/** Where nodes have to reach. Recorded 8.10: four categories; packages and key vaults are none of ours. */
function dependencies(endpoint: string, nodes: string, storage: string | undefined): readonly object[] {
  const batch = [
    { domainName: endpoint, description: 'Applicable to job manager tasks, tasks that use job scoped authentication, or any task that makes calls to Batch.', endpointDetails: [{ port: portOf(endpoint) }] },
    { domainName: nodes, description: 'Applicable to Azure Batch pools using Simplified communication mode.', endpointDetails: [{ port: portOf(endpoint) }] },
  ];
  const blobs = storage === undefined ? [] : [{ domainName: storage, description: 'AutoStorage endpoint for this Batch account. Applicable to all Azure Batch pools under this account.', endpointDetails: [{ port: portOf(storage) }] }];
  return [{ category: 'Azure Batch', endpoints: batch }, ...(blobs.length === 0 ? [] : [{ category: 'Azure Storage', endpoints: blobs }])];
}

const HTTPS_PORT = 443;

function portOf(endpoint: string): number {
  const [, port] = /:(\d+)$/.exec(endpoint) ?? [];
  return port === undefined ? HTTPS_PORT : Number(port);
}
