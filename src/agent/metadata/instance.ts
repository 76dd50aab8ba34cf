import { createHash } from 'node:crypto';
import type { InstanceOptions } from '../options.ts';

/**
 * What programs of a node are told of their machine: the document of Azure's instance metadata service (Azure
 * documentation, "Azure Instance Metadata Service"), with what is known here; the rest is empty, as Azure has it where
 * there is nothing to say.
 */
export interface InstanceFacts extends InstanceOptions {
  readonly nodeId: string;
  readonly isLowPriority: boolean;
  readonly address: string;
  /** Of the network that the address is in. */
  readonly bits: number;
}

/** Oldest first; a version has what those before it had, which is all that is told here. */
const VERSIONS: readonly string[] = [
  '2017-04-02', '2017-08-01', '2017-12-01', '2018-02-01', '2018-04-02', '2018-10-01', '2019-02-01', '2019-03-11', '2019-04-30', '2019-06-01',
  '2019-06-04', '2019-08-01', '2019-08-15', '2019-11-01', '2020-06-01', '2020-07-15', '2020-09-01', '2020-10-01', '2020-12-01', '2021-01-01',
  '2021-02-01', '2021-03-01', '2021-05-01', '2021-10-01', '2021-11-01', '2021-11-15', '2021-12-13', '2023-07-01',
];

export function isInstanceVersion(version: string | null): boolean {
  return version !== null && VERSIONS.includes(version);
}

export const NEWEST_INSTANCE_VERSIONS: readonly string[] = VERSIONS.toReversed().slice(0, 3);

export function instanceDocument({ nodeId, vmSize, image, isLowPriority, address, bits }: InstanceFacts): object {
  const { publisher = '', offer = '', sku = '', version = '' } = image ?? {};
  return {
    compute: {
      azEnvironment: 'AzurePublicCloud',
      customData: '',
      evictionPolicy: isLowPriority ? 'Delete' : '',
      licenseType: '',
      location: '',
      name: nodeId,
      offer,
      osType: 'Linux',
      placementGroupId: '',
      platformFaultDomain: '0',
      platformUpdateDomain: '0',
      priority: isLowPriority ? 'Low' : 'Regular',
      provider: 'Microsoft.Compute',
      publicKeys: [],
      publisher,
      resourceGroupName: '',
      resourceId: '',
      sku,
      subscriptionId: '',
      tags: '',
      tagsList: [],
      version,
      vmId: idOf(nodeId),
      vmScaleSetName: '',
      vmSize,
      zone: '',
    },
    network: {
      interface: [{ ipv4: { ipAddress: [{ privateIpAddress: address, publicIpAddress: '' }], subnet: [{ address: firstOf(address, bits), prefix: String(bits) }] }, ipv6: { ipAddress: [] }, macAddress: '' }],
    },
  };
}

/** What is at a path below a document (`compute/vmSize`, `network/interface/0`); undefined: nothing. */
export function partOf(document: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return document;
  if (typeof document !== 'object' || document === null) return undefined;
  const found = Object.entries(document).find(([key]) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : partOf(found[1], rest);
}

/** Azure's is random; this one stays over restarts. */
function idOf(nodeId: string): string {
  const hex = createHash('sha256').update(nodeId).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function firstOf(address: string, bits: number): string {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % 2 ** (32 - bits));
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.');
}
