import { knownIn } from '../../../src/wire/contract/tables.ts';
import { dataContract, type ShapeName } from '../../../src/wire/dataContract.ts';
import { fatesOf } from '../../../src/wire/fates.ts';
import type { PropertyRow } from '../../../src/wire/shapes/definition.ts';
import { API_VERSIONS } from '../../../src/wire/versions.ts';
import { SSH_KEYS } from '../../support/sshKeys.ts';
import { GALLERY, OPEN_PFX, privateKey, THUMBPRINTS, versionOf, type Json } from './bodies.ts';

/** A place in a body whose value differs while the rest stays. */
export interface Leaf {
  /** `TaskConstraints.retentionTime` */
  readonly property: string;
  readonly shape: ShapeName;
  readonly name: string;
  readonly row: PropertyRow;
  /** In the body. */
  readonly path: Path;
  readonly value: unknown;
}

type Path = readonly (string | number)[];

/** What of a body differs from another by a value; below what is not enforced as a whole nothing is looked at. */
export function leavesOf(shape: ShapeName, body: Json, path: Path = []): readonly Leaf[] {
  return dataContract.rowsOf(shape).flatMap(([name, row]): readonly Leaf[] => {
    const value = body[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    const [item, at] = row.list === true ? [(value as readonly unknown[])[0], [...path, name, 0]] : [value, [...path, name]];
    const leaf = { property: `${shape}.${name}`, shape, name, row, path: at, value: item };
    if (FIXED.includes(leaf.property)) return [];
    const isWhole = leaf.property in OTHERS || fatesOf(shape, name)[0]?.kind !== 'honoured';
    return dataContract.isShape(row.type) && !isWhole ? leavesOf(row.type, item as Json, at) : [leaf];
  });
}

/** The body with each of the values that the service might take instead. */
export function othersOf(body: Json, leaf: Leaf): readonly Json[] {
  const whole = WHOLE[leaf.property];
  return whole === undefined ? valuesOf(leaf).map((value) => changed(body, leaf.path, value) as Json) : [whole];
}

function changed(body: Json, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  if (Array.isArray(body)) return body.map((item: Json, index) => (index === first ? changed(item, rest, value) : item));
  return { ...body, [first]: changed(body[first] as Json, rest, value) };
}

/** Where what is there is no shape of leaves, or needs more than another word. */
const OTHERS: Readonly<Record<string, unknown>> = {
  'NetworkSecurityGroupRule.sourceAddressPrefix': '10.1.0.0/16',
  'NetworkSecurityGroupRule.sourcePortRanges': '3000',
  'ImageReference.sku': '22_04-lts-gen2',
  'ImageReference.virtualMachineImageId': `${GALLERY}2`,
  'LinuxUserConfiguration.sshPrivateKey': privateKey(),
  'PoolAdd.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'PoolSpecification.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'PoolEnableAutoScale.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'PoolEvaluateAutoScale.autoScaleFormula': '$TargetDedicatedNodes = 2;',
  'PoolUpgradeOs.targetOSVersion': 'WA-GUEST-OS-5.13_201709-01',
  'UserAccount.sshPrivateKey': privateKey(),
  'CertificateReference.thumbprint': THUMBPRINTS[1],
  'PoolAdd.cloudServiceConfiguration': { osFamily: '5' },
  'PoolSpecification.cloudServiceConfiguration': { osFamily: '5' },
  'NodeRemove.nodeList': 'tvmps_2_d',
  'NodeUserAdd.sshPublicKey': SSH_KEYS.ecdsa.public,
  'NodeUserPut.sshPublicKey': SSH_KEYS.ecdsa.public,
  'CertificateAdd.thumbprint': String(OPEN_PFX['thumbprint']).toUpperCase(),
  // Whose it is matters to nobody: whether there is one does.
  'ResourceFile.identityReference': undefined,
  'OutputFileBlobContainerDestination.identityReference': undefined,
  'UploadBatchServiceLogs.identityReference': undefined,
};
/** Where several properties have to agree. */
const WHOLE: Readonly<Record<string, Json>> = { 'CertificateAdd.data': OPEN_PFX, 'CertificateAdd.certificateFormat': OPEN_PFX, 'CertificateAdd.password': OPEN_PFX };
/** What has one value alone beside the rest of the body. */
const FIXED: readonly string[] = [
  // Of the marketplace only the whole name is another one's.
  'ImageReference.publisher', 'ImageReference.offer', 'VirtualMachineConfiguration.nodeAgentSKUId',
  'AzureBlobFileSystemConfiguration.identityReference', 'CertificateReference.thumbprintAlgorithm', 'CertificateAdd.thumbprintAlgorithm', 'AuthenticationTokenSettings.access',
  'AutoPoolSpecification.poolLifetimeOption', 'PoolAdd.enableAutoScale', 'PoolSpecification.enableAutoScale',
];

/** Values that the service might take instead. */
function valuesOf({ property, row, value }: Leaf): readonly unknown[] {
  if (property in OTHERS) return [OTHERS[property]];
  const words = dataContract.enumValues(row.type);
  if (words !== undefined) return words.filter((word) => word.toLowerCase() !== String(value).toLowerCase());
  switch (row.type) {
    case 'boolean':
      return [value !== true];
    case 'duration':
      return ['PT7M', 'PT3H'];
    case 'timestamp':
      return [new Date(Date.parse(String(value)) + 3_600_000).toISOString()];
    case 'int32':
      return [Number(value) + 1, Number(value) - 1];
    default:
      return [row.rule === 'fileMode' ? '0700' : `${String(value)}x`, 'batch.node.ubuntu 20.04', 'standard_d4s_v3', 'other'];
  }
}

/** Whether an answer of that shape tells what a body has at the path. */
export function isTold(shape: ShapeName, path: Path, body: Json): boolean {
  const [first, ...rest] = path.filter((step) => typeof step === 'string');
  const revision = API_VERSIONS.find(({ text }) => text === versionOf(JSON.stringify(body)))?.revision;
  const [, row] = dataContract.rowsOf(shape).find(([name]) => name === first) ?? [];
  if (row === undefined || row.secret === true || revision === undefined || !knownIn(row, revision)) return false;
  return rest.length === 0 || (dataContract.isShape(row.type) && isTold(row.type, rest, body));
}

/** Each property of a body by its place, and by its shape. */
export function pathsOf(shape: ShapeName, body: Json, path: string = shape): readonly string[] {
  return dataContract.rowsOf(shape).flatMap(([name, row]): readonly string[] => {
    const value = body[name];
    if (value === undefined) return [];
    const item = row.list === true ? (value as readonly unknown[])[0] : value;
    return [`${path}.${name}`, `${shape}.${name}`, ...(dataContract.isShape(row.type) && item !== undefined ? pathsOf(row.type, item as Json, `${path}.${name}`) : [])];
  });
}
