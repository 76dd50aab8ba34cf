import { dataContract } from '../../src/wire/dataContract.ts';
import { managementContract } from '../../src/wire/management/contract.ts';
import type { ShapeAt, ShapesOf } from './drift.ts';

/** Shapes of the management plane, with those of the data plane that read what is in its pools. */

/** What of a pool the data plane's own shapes read. */
const WITHIN_POOLS: Readonly<Record<string, string>> = {
  taskSchedulingPolicy: 'TaskSchedulingPolicy',
  startTask: 'StartTask',
  userAccounts: 'UserAccount',
  metadata: 'MetadataItem',
  networkConfiguration: 'NetworkConfiguration',
  mountConfiguration: 'MountConfiguration',
  upgradePolicy: 'UpgradePolicy',
  virtualMachineConfiguration: 'VirtualMachineConfiguration',
  cloudServiceConfiguration: 'CloudServiceConfiguration',
};

/** By any name. */
export const managementShapesOf: ShapesOf = {
  rowsOf: (shape) => (managementContract.isShape(shape) ? managementContract.rowsOf(shape) : dataContract.isShape(shape) ? dataContract.rowsOf(shape) : []),
  isShape: (type) => managementContract.isShape(type) || dataContract.isShape(type),
  enumValues: (type) => managementContract.enumValues(type) ?? dataContract.enumValues(type),
};

/** The shape of what is in a property, of either plane. */
export const managementShapeAt: ShapeAt = (_shape, name, { type }) => (type === 'map' ? WITHIN_POOLS[name] : managementShapesOf.isShape(type) ? type : undefined);

