import { ownSizes } from '../sizes/own.ts';
import { TABLE, type VmSize } from '../sizes/table.ts';

/** A size of machines as lists of a location have it (recorded 8.10): values are strings. */
interface Sku {
  readonly name: string;
  readonly familyName: string;
  readonly capabilities: readonly { readonly name: string; readonly value: string }[];
}

const MIB_PER_GIB = 1_024;

/**
 * The sizes that pools can name, in the order of their names: those that Batch is known to have, and the operator's
 * own.
 */
export function virtualMachineSkus(): readonly Sku[] {
  const sizes = new Map<string, VmSize>([...TABLE, ...[...ownSizes()].map((size) => [size.name, size] as const)]);
  return [...sizes.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)).map(skuOf);
}

function skuOf({ displayName, family, cores, memoryMiB, temporaryDiskMiB, gpus, lowPriorityCapable }: VmSize): Sku {
  const facts = {
    ...(temporaryDiskMiB === null ? {} : { MaxResourceVolumeMB: String(temporaryDiskMiB) }),
    vCPUs: String(cores),
    MemoryGB: String(memoryMiB / MIB_PER_GIB),
    LowPriorityCapable: lowPriorityCapable ? 'True' : 'False',
    ...(gpus === null || gpus === 0 ? {} : { GPUs: String(gpus) }),
  };
  return { name: displayName, familyName: family, capabilities: Object.entries(facts).map(([name, value]) => ({ name, value })) };
}

/**
 * Sizes of cloud services ("Sizes for Cloud Services (classic)"): name and cores. A pool of theirs has no node here.
 */
const CLOUD_SERVICE_SIZES = [
  ['Small', 1], ['Medium', 2], ['Large', 4], ['ExtraLarge', 8], ['A5', 2], ['A6', 4], ['A7', 8], ['STANDARD_D1', 1], ['STANDARD_D2', 2], ['STANDARD_D3', 4], ['STANDARD_D4', 8],
] as const;

export function cloudServiceSkus(): readonly Sku[] {
  return CLOUD_SERVICE_SIZES.map(([name, cores]) => ({ name, familyName: name.startsWith('STANDARD') ? 'standardDFamily' : 'standardA0_A7Family', capabilities: [{ name: 'vCPUs', value: String(cores) }] }));
}
