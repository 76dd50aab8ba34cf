import { knownIn, wireNameOf } from '../../src/wire/contract/tables.ts';
import { type ShapeName, dataContract } from '../../src/wire/dataContract.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
import { operations } from '../../src/wire/operations.ts';
import type { Revision } from '../../src/wire/versions.ts';

type Json = Readonly<Record<string, unknown>>;

const MACHINE = {
  imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' },
  nodeAgentSKUId: 'batch.node.ubuntu 22.04',
};

/** Bodies that also keep the rules between properties, where the required properties alone do not. */
const ruled: Readonly<Partial<Record<ShapeName, Json>>> = {
  PoolAdd: { id: 'pool-1', vmSize: 'standard_d4s_v3', virtualMachineConfiguration: MACHINE },
  PoolSpecification: { vmSize: 'standard_d4s_v3', virtualMachineConfiguration: MACHINE },
  AutoPoolSpecification: { poolLifetimeOption: 'job', pool: { vmSize: 'standard_d4s_v3', virtualMachineConfiguration: MACHINE } },
  PoolResize: { targetDedicatedNodes: 1 },
  VirtualMachineConfiguration: MACHINE,
  ImageReference: MACHINE.imageReference,
  UserIdentity: { autoUser: {} },
  CertificateReference: { thumbprint: '0123456789abcdef0123456789abcdef01234567', thumbprintAlgorithm: 'sha1' },
  ResourceFile: { httpUrl: 'http://host/file', filePath: 'file' },
  IdentityReference: { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine' },
  OutputFileDestination: { container: { containerUrl: 'http://host/container' } },
  ContainerRegistry: { username: 'user', password: 'secret' },
  MountConfiguration: { nfsMountConfiguration: { source: 'host:/', relativeMountPath: 'mount' } },
  AzureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', relativeMountPath: 'mount', accountKey: 'secret' },
  AzureFileShareConfiguration: { accountName: 'account', azureFileUrl: 'https://account.file.core.windows.net/share', relativeMountPath: 'mount', accountKey: 'secret' },
  CloudServiceConfiguration: { osFamily: '5' },
  ServiceArtifactReference: { id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/serviceArtifacts/a/vmArtifactsProfiles/p' },
  JobNetworkConfiguration: { subnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s', skipWithdrawFromVNet: false },
  PoolInfo: { poolId: 'pool-1' },
  UploadBatchServiceLogs: { containerUrl: 'http://host/container', startTime: '2000-01-01T00:00:00Z' },
  NodeUserAdd: { name: 'user', password: 'secret' },
  NetworkSecurityGroupRule: { priority: 150, access: 'allow', sourceAddressPrefix: '*' },
  InboundNatPool: { name: 'nat', protocol: 'tcp', backendPort: 80, frontendPortRangeStart: 1000, frontendPortRangeEnd: 1100 },
};

/** The smallest body of a shape that `readBody` takes, in the names of a revision. */
export function sampleOf(shape: ShapeName, revision: Revision = 25): Json {
  const fixed = ruled[shape] ?? {};
  const required = dataContract.rowsOf(shape).filter(([name, row]) => row.required === true && !(name in fixed) && knownIn(row, revision));
  const least = (row: PropertyRow): unknown => (row.list === true && row.minItems === undefined ? [] : valueOf(row, revision));
  return { ...fixed, ...Object.fromEntries(required.map(([name, row]) => [wireNameOf(name, row, revision), least(row)])) };
}

/** A value that the row takes. */
export function valueOf(row: PropertyRow, revision: Revision = 25): unknown {
  const item = itemOf(row, revision);
  return row.list === true ? [item] : item;
}

function itemOf(row: PropertyRow, revision: Revision): unknown {
  if (dataContract.isShape(row.type)) return sampleOf(row.type, revision);
  const values = dataContract.enumValues(row.type);
  if (values !== undefined) return values[0];
  switch (row.type) {
    case 'boolean':
      return false;
    case 'int32':
      return typeof row.minimum === 'number' ? Math.max(row.minimum, 1) : 1;
    case 'int64':
      return '1';
    case 'double':
      return 1.5;
    case 'timestamp':
      return '2026-11-20T12:00:00Z';
    case 'duration':
      return row.minimum === undefined || row.minimum === 'PT0S' ? 'PT1M' : row.minimum;
    case 'map':
      return { key: 'value' };
    default:
      return row.rule === 'fileMode' ? '0770' : 'standard_d2s_v3';
  }
}

/** The shapes of all request bodies. */
export const bodyShapes: readonly ShapeName[] = [...new Set(operations.flatMap(({ body }) => (body === undefined ? [] : [body])))];

/** Every shape that may stand in a request, at whatever depth. */
export function requestShapes(): readonly ShapeName[] {
  const found = new Set<ShapeName>(bodyShapes);
  for (const shape of found) for (const [, row] of dataContract.rowsOf(shape)) if (dataContract.isShape(row.type)) found.add(row.type);
  return [...found];
}
