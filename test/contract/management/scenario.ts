import { insertResource } from '../../../src/store/intents/resources.ts';
import { knownIn, wireNameOf } from '../../../src/wire/contract/tables.ts';
import { dataContract } from '../../../src/wire/dataContract.ts';
import { MANAGEMENT_ROWS, type ManagementOperationId, type ManagementRow } from '../../../src/wire/management/operations.ts';
import { inArmSpelling, inDataSpelling } from '../../../src/wire/management/pool/spelling.ts';
import type { Revision } from '../../../src/wire/versions.ts';
import { ACCOUNT, GROUP, placed } from '../../api/management/asking.ts';
import { SUBSCRIPTION } from '../../api/management/support.ts';
import { noStorage, type TestApi } from '../../api/support.ts';
import { statuses } from '../../api/statuses.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { managementShapeAt, managementShapesOf } from '../../wire/managementShapes.ts';

type Json = Readonly<Record<string, unknown>>;

/** One call of an operation in the course of a session. */
export interface Step {
  readonly operation: ManagementOperationId;
  /** For `{names}` in its path; those left out are those of the session. */
  readonly params?: Readonly<Record<string, string>>;
  /** In the names of the newest version; a version is sent what it knows. */
  readonly body?: Json;
  /** Where it is not 200. */
  readonly status?: number;
  /** The code of the error that is the whole of its answer here. */
  readonly refused?: string;
  /** The operation that its client polls; until it has ended, that is asked as well. */
  readonly polls?: ManagementOperationId;
  /** What an owner would have done meanwhile. */
  readonly before?: () => Promise<unknown>;
}

const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/s`;
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`;
export const STORAGE_SPEC = { sku: { name: 'Standard_LRS' }, kind: 'StorageV2', location: 'westeurope' };
const IDENTITIES = { type: 'UserAssigned', userAssignedIdentities: { [IDENTITY]: {} } };
export const AUTO_STORAGE = { storageAccountId: STORAGE, authenticationMode: 'StorageKeys', nodeIdentityReference: { resourceId: IDENTITY } };
const ACCESS = { defaultAction: 'Allow', ipRules: [{ action: 'Allow', value: '10.0.0.0/8' }] };
const NETWORK = { accountAccess: ACCESS, nodeManagementAccess: ACCESS };
const ENCRYPTION = { keySource: 'Microsoft.KeyVault', keyVaultProperties: { keyIdentifier: 'https://vault.example/keys/k/1' } };
const MODES = ['SharedKey', 'AAD', 'TaskAuthenticationToken'];

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts', version: 'latest' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' };
const REGISTRY = { username: 'user', password: 'secret', registryServer: 'registry.example' };
const FILE = { httpUrl: 'http://host/file', filePath: 'a/file', fileMode: '0770', identityReference: { resourceId: IDENTITY } };

/** A pool of which as much as possible is said. */
export const POOL = {
  identity: IDENTITIES,
  tags: { a: 'b' },
  properties: {
    displayName: 'Pool',
    vmSize: 'STANDARD_D2S_V3',
    interNodeCommunication: 'Enabled',
    taskSlotsPerNode: 2,
    taskSchedulingPolicy: { nodeFillType: 'Pack', jobDefaultOrder: 'CreationTime' },
    deploymentConfiguration: {
      virtualMachineConfiguration: {
        ...IMAGE,
        dataDisks: [{ lun: 0, caching: 'ReadOnly', diskSizeGB: 10, storageAccountType: 'Standard_LRS' }],
        containerConfiguration: { type: 'DockerCompatible', containerImageNames: ['image'], containerRegistries: [REGISTRY] },
        diskEncryptionConfiguration: { targets: ['TemporaryDisk'] },
        nodePlacementConfiguration: { policy: 'Regional' },
        extensions: [{ name: 'e', publisher: 'p', type: 't', typeHandlerVersion: '1.0', autoUpgradeMinorVersion: true, enableAutomaticUpgrade: false, settings: { a: 'b' }, provisionAfterExtensions: ['f'] }, { name: 'f', publisher: 'p', type: 't' }],
        osDisk: { ephemeralOSDiskSettings: { placement: 'CacheDisk' }, caching: 'ReadWrite', diskSizeGB: 30, managedDisk: { storageAccountType: 'Premium_LRS' }, writeAcceleratorEnabled: false },
        securityProfile: { securityType: 'trustedLaunch', encryptionAtHost: true, uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }, proxyAgentSettings: { enabled: true, imds: { mode: 'Audit' } } },
        serviceArtifactReference: { id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/serviceArtifacts/a/vmArtifactsProfiles/p' },
      },
    },
    scaleSettings: { fixedScale: { targetDedicatedNodes: 1, targetLowPriorityNodes: 1, resizeTimeout: 'PT6M', nodeDeallocationOption: 'TaskCompletion' } },
    startTask: { commandLine: 'run', resourceFiles: [FILE], environmentSettings: [{ name: 'A', value: 'b' }], userIdentity: { autoUser: { scope: 'Pool', elevationLevel: 'Admin' } }, maxTaskRetryCount: 1, waitForSuccess: true, containerSettings: { imageName: 'image', containerRunOptions: '--init', registry: REGISTRY, workingDirectory: 'ContainerImageDefault' } },
    userAccounts: [{ name: 'user', password: 'secret1!', elevationLevel: 'Admin' }],
    metadata: [{ name: 'a', value: 'b' }],
    applicationPackages: [{ id: `${ACCOUNT}/applications/app`, version: '1.0' }],
    certificates: [{ id: `${ACCOUNT}/certificates/sha1-${CERTIFICATE.thumbprint}`, storeLocation: 'LocalMachine', storeName: 'Root', visibility: ['StartTask'] }],
    networkConfiguration: { subnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n', dynamicVnetAssignmentScope: 'none', enableAcceleratedNetworking: true, publicIPAddressConfiguration: { provision: 'BatchManaged' }, endpointConfiguration: { inboundNatPools: [{ name: 'web', protocol: 'TCP', backendPort: 8080, frontendPortRangeStart: 15_000, frontendPortRangeEnd: 15_100, networkSecurityGroupRules: [{ priority: 150, access: 'Allow', sourceAddressPrefix: '10.0.0.0/8', sourcePortRanges: ['1000-2000'] }] }] } },
    mountConfiguration: [{ nfsMountConfiguration: { source: 'host:/a', relativeMountPath: 'a', mountOptions: '-o ro' } }],
    targetNodeCommunicationMode: 'Simplified',
    upgradePolicy: { mode: 'automatic', automaticOSUpgradePolicy: { enableAutomaticOSUpgrade: true }, rollingUpgradePolicy: { maxBatchInstancePercent: 20 } },
    resourceTags: { a: 'b' },
  },
} as const;

/** A storage that has whatever is asked for. */
export const FULL_STORAGE = { ...noStorage, createContainer: nothing, deleteContainer: nothing, deleteBlob: nothing, hasBlob: () => Promise.resolve(true), listContainers: () => Promise.resolve([]), grant: () => 'http://127.0.0.1:1/container/blob?sig=x' };
function nothing(): Promise<void> {
  return Promise.resolve();
}

/** The account of the test, in a group of its own and with the storage of that group; no other account is there. */
export async function placedWithStorage(it: TestApi): Promise<void> {
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
  await placed(it, { properties: { autoStorage: AUTO_STORAGE } });
  await insertResource(it.pool, { id: AUTO_STORAGE.storageAccountId, type: 'Microsoft.Storage/storageAccounts', spec: STORAGE_SPEC }, 1);
}

/** Everything that a client can do with Microsoft.Batch, once at least. */
export function sessionOf(it: TestApi): readonly Step[] {
  const { pool } = statuses(it.pool);
  const resized = (): Promise<void> => pool('p', { allocationState: 'steady', currentDedicated: 1, currentLowPriority: 1, resizeErrors: [{ code: 'AllocationFailed', message: 'none left', values: [{ name: 'Reason', value: 'x' }] }] });
  const evaluated = (): Promise<void> => pool('p', { autoScale: { sequence: 1, evaluatedAt: 7, results: '$TargetDedicatedNodes=1', error: { code: 'X', message: 'y', values: [{ name: 'Message', value: 'z' }] }, option: 'requeue' } });
  const keptCertificate = (): Promise<unknown> =>
    it.pool.query("update certificate set state = 'deletefailed', state_since = 9, previous_state = 'deleting', previous_since = 8, used_by = '[{\"name\": \"Pool\", \"value\": \"p\"}]'");
  return [
    { operation: 'Operations_List' },
    { operation: 'Location_GetQuotas' },
    { operation: 'Location_CheckNameAvailability', body: { name: 'mybatchaccount', type: 'Microsoft.Batch/batchAccounts' } },
    { operation: 'Location_ListSupportedVirtualMachineSkus' },
    { operation: 'Location_ListSupportedCloudServiceSkus' },
    {
      operation: 'BatchAccount_Create', params: { accountName: 'second' }, status: 202, polls: 'BatchAccount_OperationResult',
      body: { location: 'westeurope', tags: { a: 'b' }, identity: IDENTITIES, properties: { autoStorage: AUTO_STORAGE, poolAllocationMode: 'BatchService', keyVaultReference: { id: `${GROUP}/providers/Microsoft.KeyVault/vaults/v`, url: 'https://v.vault.example/' }, publicNetworkAccess: 'Enabled', networkProfile: NETWORK, encryption: ENCRYPTION, allowedAuthenticationModes: MODES } },
    },
    { operation: 'BatchAccount_Get', params: { accountName: 'second' } },
    { operation: 'BatchAccount_List' },
    { operation: 'BatchAccount_ListByResourceGroup' },
    { operation: 'BatchAccount_Update', params: { accountName: 'second' }, body: { tags: { c: 'd' }, identity: { type: 'None' }, properties: { autoStorage: AUTO_STORAGE, encryption: { keySource: 'Microsoft.Batch' }, publicNetworkAccess: 'Enabled', networkProfile: NETWORK, allowedAuthenticationModes: MODES } } },
    { operation: 'BatchAccount_GetKeys', params: { accountName: 'second' } },
    { operation: 'BatchAccount_RegenerateKey', params: { accountName: 'second' }, body: { keyName: 'Secondary' } },
    { operation: 'BatchAccount_SynchronizeAutoStorageKeys', params: { accountName: 'second' }, status: 204 },
    { operation: 'BatchAccount_ListOutboundNetworkDependenciesEndpoints', params: { accountName: 'second' } },
    { operation: 'BatchAccount_ListDetectors' },
    { operation: 'BatchAccount_GetDetector', refused: 'ResourceNotFound' },
    { operation: 'PrivateLinkResource_ListByBatchAccount' },
    { operation: 'PrivateLinkResource_Get' },
    { operation: 'PrivateEndpointConnection_ListByBatchAccount' },
    { operation: 'PrivateEndpointConnection_Get', refused: 'ResourceNotFound' },
    { operation: 'PrivateEndpointConnection_Update', body: { properties: { groupIds: ['batchAccount'], privateLinkServiceConnectionState: { status: 'Approved', description: 'yes' } } }, refused: 'ResourceNotFound' },
    { operation: 'PrivateEndpointConnection_Delete', status: 204 },
    { operation: 'NetworkSecurityPerimeter_ListConfigurations' },
    { operation: 'NetworkSecurityPerimeter_GetConfiguration', refused: 'ResourceNotFound' },
    { operation: 'NetworkSecurityPerimeter_ReconcileConfiguration', refused: 'ResourceNotFound' },
    { operation: 'Application_Create', body: { properties: { displayName: 'App', allowUpdates: true } } },
    { operation: 'ApplicationPackage_Create' },
    { operation: 'ApplicationPackage_Get' },
    { operation: 'ApplicationPackage_Activate', body: { format: 'zip' } },
    { operation: 'ApplicationPackage_List' },
    { operation: 'Application_Update', body: { properties: { displayName: 'Other', allowUpdates: true, defaultVersion: '1.0' } } },
    { operation: 'Application_Get' },
    { operation: 'Application_List' },
    { operation: 'Certificate_Create', body: { properties: { thumbprintAlgorithm: 'sha1', thumbprint: CERTIFICATE.thumbprint, data: CERTIFICATE.pfx, format: 'Pfx', password: 'secret' } } },
    { operation: 'Certificate_Get' },
    { operation: 'Certificate_Update', body: { properties: { data: CERTIFICATE.pfx, password: 'secret' } } },
    { operation: 'Certificate_ListByBatchAccount' },
    { operation: 'Pool_Create', body: POOL },
    { operation: 'Pool_Get', before: resized },
    { operation: 'Pool_ListByBatchAccount' },
    { operation: 'Pool_Update', body: { properties: { metadata: [{ name: 'c', value: 'd' }], scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 1;', evaluationInterval: 'PT5M' } } } } },
    { operation: 'Pool_Get', before: evaluated },
    { operation: 'Pool_DisableAutoScale' },
    { operation: 'Pool_Update', before: () => pool('p', {}), body: { properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 3, nodeDeallocationOption: 'Requeue' } } } } },
    { operation: 'Pool_StopResize' },
    { operation: 'Pool_Delete', status: 202, before: resized },
    { operation: 'Pool_OperationResult', status: 202 },
    { operation: 'Pool_OperationResult', before: () => it.pool.query('delete from pool_status; delete from pool') },
    { operation: 'Pool_Create', params: { poolName: 'cloud' }, body: { properties: { vmSize: 'Small', deploymentConfiguration: { cloudServiceConfiguration: { osFamily: '5' } } } } },
    { operation: 'Certificate_Delete', status: 202 },
    { operation: 'Certificate_OperationResult', status: 202 },
    { operation: 'Certificate_Get', before: keptCertificate },
    { operation: 'Certificate_CancelDeletion' },
    { operation: 'ApplicationPackage_Delete' },
    { operation: 'Application_Delete' },
    { operation: 'BatchAccount_Delete', params: { accountName: 'second' }, status: 202, polls: 'BatchAccount_DeletionResult' },
  ];
}

const SESSION: Readonly<Record<string, string>> = {
  subscriptionId: SUBSCRIPTION, resourceGroupName: 'g', accountName: 'mybatchaccount', locationName: 'westeurope', poolName: 'p', applicationName: 'app', versionName: '1.0', certificateName: `sha1-${CERTIFICATE.thumbprint}`,
  detectorId: 'd', privateLinkResourceName: 'batchAccount', privateEndpointConnectionName: 'c', networkSecurityPerimeterConfigurationName: 'n',
};

export function rowOf(id: ManagementOperationId): ManagementRow {
  const row: ManagementRow | undefined = MANAGEMENT_ROWS.find((one) => one.id === id);
  if (row === undefined) throw new Error(`there is no operation ${id}`);
  return row;
}

/** The path of a step, and the body that a client of a revision sends. */
export function requestOf({ operation, params = {}, body }: Step, revision: Revision): { readonly method: string; readonly path: string; readonly body: Json | undefined } {
  const { method, path, shape } = rowOf(operation);
  const named: Readonly<Record<string, string>> = { ...SESSION, operationId: operation === 'Pool_OperationResult' ? 'delete-p' : `sha1-${CERTIFICATE.thumbprint}-1`, ...params };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = named[name];
    if (value === undefined) throw new Error(`${operation} needs a ${name}`);
    return value;
  });
  return { method, path: filled, body: body === undefined || shape === undefined ? undefined : known(shape, body, revision) };
}

/** What a revision knows of a body, in its names. Within pools the data plane's shapes tell. */
function known(shape: string, body: Json, revision: Revision): Json {
  const isData = dataContract.isShape(shape);
  const spelt = isData ? (inDataSpelling(shape, body) as Json) : body;
  const named = managementShapesOf.rowsOf(shape).flatMap(([name, row]) => {
    const value = spelt[name];
    if (value === undefined || !knownIn(row, revision)) return [];
    const inner = managementShapeAt(shape, name, row);
    const one = (item: unknown): unknown => (inner === undefined ? item : known(inner, item as Json, revision));
    return [[wireNameOf(name, row, revision), Array.isArray(value) ? value.map(one) : one(value)] as const];
  });
  // No identity could be assigned to an account in those days.
  if (shape === 'ArmIdentity' && !knownIn({ type: 'map', since: 14 }, revision)) return { type: 'None' };
  return (isData ? inArmSpelling(shape, Object.fromEntries(named)) : Object.fromEntries(named)) as Json;
}
