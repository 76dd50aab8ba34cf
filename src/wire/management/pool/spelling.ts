import { dataContract, type ShapeName } from '../../dataContract.ts';
import { ENUMS } from '../../shapes/enums.ts';
import { lowerAscii } from '../../letters.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Properties that Resource Manager spells otherwise than the data plane, by the data plane's shape and name
 * (operations.md, Appendix A).
 */
const NAMES: Readonly<Partial<Record<ShapeName, Readonly<Record<string, string>>>>> = {
  VirtualMachineConfiguration: { nodeAgentSKUId: 'nodeAgentSkuId' },
  ImageReference: { virtualMachineImageId: 'id' },
  NetworkConfiguration: { dynamicVNetAssignmentScope: 'dynamicVnetAssignmentScope' },
  PoolEndpointConfiguration: { inboundNATPools: 'inboundNatPools' },
  UserIdentity: { username: 'userName' },
  CifsMountConfiguration: { username: 'userName' },
  AutoScaleRunError: { values: 'details' },
  ResizeError: { values: 'details' },
};

/**
 * Values of enums as Resource Manager answers them, where their case differs from the data plane's. Requests may use
 * any case.
 */
const VALUES: Readonly<Partial<Record<keyof typeof ENUMS, readonly string[]>>> = {
  AllocationState: ['Steady', 'Resizing', 'Stopping'],
  AutoUserScope: ['Task', 'Pool'],
  CachingType: ['None', 'ReadOnly', 'ReadWrite'],
  CertificateVisibility: ['StartTask', 'Task', 'RemoteUser'],
  ContainerType: ['DockerCompatible', 'CriCompatible'],
  ContainerWorkingDirectory: ['TaskWorkingDirectory', 'ContainerImageDefault'],
  DiffDiskPlacement: ['CacheDisk'],
  DiskEncryptionTarget: ['OsDisk', 'TemporaryDisk'],
  ElevationLevel: ['NonAdmin', 'Admin'],
  InboundEndpointProtocol: ['TCP', 'UDP'],
  IpAddressProvisioningType: ['BatchManaged', 'UserManaged', 'NoPublicIPAddresses'],
  JobDefaultOrder: ['None', 'CreationTime'],
  LoginMode: ['Batch', 'Interactive'],
  NetworkSecurityGroupRuleAccess: ['Allow', 'Deny'],
  NodeCommunicationMode: ['Default', 'Classic', 'Simplified'],
  NodeDeallocationOption: ['Requeue', 'Terminate', 'TaskCompletion', 'RetainedData'],
  SecurityTypes: ['trustedLaunch', 'confidentialVM'],
  StorageAccountType: ['Standard_LRS', 'Premium_LRS', 'StandardSSD_LRS'],
};

/** A value of an enum of the data plane as Resource Manager spells it. */
export function armValue(type: string, value: unknown): unknown {
  const values = Object.hasOwn(VALUES, type) ? VALUES[type as keyof typeof ENUMS] : undefined;
  return typeof value === 'string' ? (values?.find((one) => lowerAscii(one) === lowerAscii(value)) ?? value) : value;
}

/** An object of the data plane as Resource Manager writes it, whatever is in it as well. */
export function inArmSpelling(shape: ShapeName, value: unknown): unknown {
  if (!isObject(value)) return value;
  const types = new Map(dataContract.rowsOf(shape).map(([name, { type }]) => [name, type]));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [NAMES[shape]?.[name] ?? name, each(item, (one) => inArmType(types.get(name) ?? '', one))]));
}

function inArmType(type: string, value: unknown): unknown {
  if (type === 'NameValuePair' && isObject(value)) return { code: value['name'], message: value['value'] };
  return dataContract.isShape(type) ? inArmSpelling(type, value) : armValue(type, value);
}

/** The other way round. Names that nobody knows stay, for the contract to refuse; values are left to it as well. */
export function inDataSpelling(shape: ShapeName, value: unknown): unknown {
  if (!isObject(value)) return value;
  const types = new Map(dataContract.rowsOf(shape).map(([name, { type }]) => [name, type]));
  const names = new Map(Object.entries(NAMES[shape] ?? {}).map(([data, arm]) => [arm, data]));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const known = names.get(name) ?? name;
      const type = types.get(known) ?? '';
      return [known, dataContract.isShape(type) ? each(item, (one) => inDataSpelling(type, one)) : item];
    }),
  );
}

function each(value: unknown, change: (one: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map((one: unknown) => change(one)) : change(value);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
