import { managementContract } from './contract.ts';
import { MANAGEMENT_REFUSED } from './refused.ts';
import type { Shapes } from './types.generated.ts';

/** What becomes of a property that a request of the management plane carries. */
export type ManagementFate =
  | { readonly kind: 'honoured' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Kept and answered as it was sent, and not enforced. */
  | { readonly kind: 'kept'; readonly reason: string }
  /** Only answers have it: clients send it back, and it changes nothing. */
  | { readonly kind: 'unheard' };

type ShapeName = keyof Shapes;

/** What something acts on, by shape. Reviewed by hand, as the data plane's `honoured.ts`. */
const HONOURED: Readonly<Partial<Record<ShapeName, string>>> = {
  ArmGroupCreate: 'location tags',
  ArmGroupUpdate: 'tags',
  ArmStorageAccountCreate: 'sku kind location tags properties',
  ArmStorageAccountUpdate: 'sku kind tags properties',
  ArmSku: 'name',
  ArmStorageRegenerateKey: 'keyName',
  ArmCheckStorageName: 'name type',
  ArmUserAssignedIdentity: 'location tags',
  ArmUserAssignedIdentityUpdate: 'tags',
  ArmRoleAssignment: 'properties',
  ArmRoleAssignmentProperties: 'roleDefinitionId principalId',
  ArmRoleDefinition: 'properties',
  ArmRoleDefinitionProperties: 'roleName description permissions assignableScopes type',
  ArmPermission: 'actions notActions dataActions notDataActions',
  ArmAccountCreate: 'location tags identity properties',
  ArmAccountUpdate: 'tags identity properties',
  ArmAccountProperties: 'autoStorage poolAllocationMode publicNetworkAccess networkProfile allowedAuthenticationModes',
  ArmAccountUpdateProperties: 'autoStorage publicNetworkAccess networkProfile allowedAuthenticationModes',
  ArmAutoStorage: 'storageAccountId',
  ArmNetworkProfile: 'accountAccess nodeManagementAccess',
  ArmEndpointAccessProfile: 'defaultAction ipRules',
  ArmIpRule: 'action value',
  ArmIdentity: 'type userAssignedIdentities',
  ArmRegenerateKey: 'keyName',
  ArmPool: 'identity tags properties',
  ArmPoolIdentity: 'type userAssignedIdentities',
  ArmPoolProperties: 'displayName vmSize interNodeCommunication taskSlotsPerNode taskSchedulingPolicy deploymentConfiguration scaleSettings startTask userAccounts metadata applicationPackages certificates networkConfiguration mountConfiguration',
  ArmDeploymentConfiguration: 'virtualMachineConfiguration cloudServiceConfiguration',
  ArmScaleSettings: 'fixedScale autoScale',
  ArmFixedScale: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout nodeDeallocationOption',
  ArmAutoScale: 'formula evaluationInterval',
  ArmPackageReference: 'id version',
  ArmCertificateReference: 'id visibility',
  ArmApplication: 'properties',
  ArmApplicationProperties: 'displayName allowUpdates defaultVersion',
  ArmActivate: 'format',
  ArmCertificate: 'properties',
  ArmCertificateProperties: 'thumbprintAlgorithm thumbprint format data password',
  ArmCheckAccountName: 'name type',
};

const NO_VAULT = 'Keys are sealed by the key in the data directory; no vault is asked.';
const SIGNED_URLS = 'Nodes read and write with signed URLs.';
const ONE_STORAGE = 'There is one kind of storage here, the embedded blob server; what it does is the same for all.';
const NO_IDENTITY = 'The storage itself asks nothing by an identity.';
const AS_DATA_PLANE = 'As in the data plane, above.';

/** What is kept, answered as sent, and not enforced, by shape and property (with all below it), and why. */
const KEPT: Readonly<Record<string, string>> = {
  'ArmGroupCreate.managedBy': 'No resource manages a group here.',
  'ArmGroupUpdate.managedBy': 'No resource manages a group here.',
  'ArmStorageAccountCreate.identity': NO_IDENTITY,
  'ArmStorageAccountUpdate.identity': NO_IDENTITY,
  'ArmStorageAccountCreate.extendedLocation': 'Regions are names here.',
  ...Object.fromEntries(managementContract.rowsOf('ArmStorageAccountProperties').map(([name]) => [`ArmStorageAccountProperties.${name}`, ONE_STORAGE])),
  'ArmRoleAssignmentProperties.principalType': 'Whoever has the id has the role.',
  'ArmRoleAssignmentProperties.description': 'It is for people.',
  'ArmAccountProperties.keyVaultReference': NO_VAULT,
  'ArmAccountProperties.encryption': NO_VAULT,
  'ArmAccountUpdateProperties.encryption': NO_VAULT,
  'ArmAutoStorage.authenticationMode': SIGNED_URLS,
  'ArmAutoStorage.nodeIdentityReference': SIGNED_URLS,
  'ArmPoolProperties.applicationLicenses': AS_DATA_PLANE,
  'ArmPoolProperties.upgradePolicy': AS_DATA_PLANE,
  'ArmPoolProperties.resourceTags': AS_DATA_PLANE,
  'ArmPoolProperties.targetNodeCommunicationMode': AS_DATA_PLANE,
  'ArmCertificateReference.storeLocation': AS_DATA_PLANE,
  'ArmCertificateReference.storeName': AS_DATA_PLANE,
};

const PROXY = 'id name type etag';

/** What clients send back of an answer. A connection is never found, whatever is said of it. */
const UNHEARD: Readonly<Partial<Record<ShapeName, string>>> = {
  ArmGroupCreate: 'properties',
  ArmGroupUpdate: 'name properties',
  ArmSku: 'tier',
  ArmUserAssignedIdentityUpdate: 'location',
  ArmIdentity: 'principalId tenantId',
  ArmPool: 'id name type etag',
  ArmPoolProperties: 'lastModified creationTime provisioningState provisioningStateTransitionTime allocationState allocationStateTransitionTime currentNodeCommunicationMode resizeOperationStatus currentDedicatedNodes currentLowPriorityNodes autoScaleRun',
  ArmApplication: PROXY,
  ArmPackage: `properties ${PROXY}`,
  ArmCertificate: PROXY,
  ArmPrivateEndpointConnection: `properties ${PROXY}`,
};

/** Every fate that the tables give to a property. One, for each that can be sent; a test holds the tables to it. */
export function managementFatesOf(shape: ShapeName, property: string): readonly ManagementFate[] {
  const path = `${shape}.${property}`;
  const reason = KEPT[path];
  const refusal = MANAGEMENT_REFUSED[path];
  return [
    ...(has(HONOURED, shape, property) ? [{ kind: 'honoured' } as const] : []),
    ...(reason === undefined ? [] : [{ kind: 'kept', reason } as const]),
    ...(refusal === undefined ? [] : [{ kind: 'refused', reason: refusal.reason } as const]),
    ...(has(UNHEARD, shape, property) ? [{ kind: 'unheard' } as const] : []),
  ];
}

function has(table: Readonly<Partial<Record<ShapeName, string>>>, shape: ShapeName, property: string): boolean {
  return table[shape]?.split(' ').includes(property) === true;
}

/** The shapes that bodies can hold, each after one that holds it; below what is not honoured nothing has a fate. */
export function managementShapesWithin(bodies: readonly ShapeName[]): readonly ShapeName[] {
  const found = new Set<ShapeName>(bodies);
  for (const shape of found) {
    for (const [name, { type }] of managementContract.rowsOf(shape)) if (managementContract.isShape(type) && managementFatesOf(shape, name)[0]?.kind === 'honoured') found.add(type);
  }
  return [...found];
}
