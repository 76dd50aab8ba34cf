import { lowerAscii } from '../letters.ts';
import { GENERAL_SIZES } from './general.ts';
import { MEMORY_SIZES } from './memory.ts';
import { SPECIAL_SIZES } from './special.ts';

/** A machine size: by its cores slots, quotas and usage are counted. */
export interface VmSize {
  /** As the vendor writes it, or as it was asked for where no table has it. */
  readonly displayName: string;
  /** Lower case, as the service answers it. */
  readonly name: string;
  /** The family that a quota of cores is given to (`standardDv3Family`). */
  readonly family: string;
  readonly cores: number;
  readonly memoryMiB: number;
  /** Null where it is not known. */
  readonly temporaryDiskMiB: number | null;
  /** Null where it is not known. */
  readonly gpus: number | null;
  /** False where only dedicated nodes can be of this size. */
  readonly lowPriorityCapable: boolean;
}

/** A family, and its sizes: name, cores, GiB of memory, GiB of temporary disk (`-`: unknown), GPUs where it has any. */
export type FamilyRow = readonly [family: string, sizes: string];

/** Sizes that Batch has no low-priority nodes of (recorded list of a region's sizes, April 2024). */
const DEDICATED_ONLY: ReadonlySet<string> = new Set(['standard_nd96asr_v4', 'standard_nd96amsr_a100_v4']);

/** The sizes that Batch is known to have, by their names in lower case. */
export const TABLE: ReadonlyMap<string, VmSize> = new Map(
  [...GENERAL_SIZES, ...MEMORY_SIZES, ...SPECIAL_SIZES]
    .flatMap(([family, sizes]) => sizes.split(',').map((size) => readSize(family, size.trim())))
    .map((size) => [size.name, size]),
);

function readSize(family: string, text: string): VmSize {
  const [displayName = '', cores, memoryGiB, diskGiB, gpus = '0'] = text.split(' ');
  const name = lowerAscii(displayName);
  return {
    displayName,
    name,
    family,
    cores: Number(cores),
    memoryMiB: Number(memoryGiB) * 1024,
    temporaryDiskMiB: diskGiB === '-' ? null : Number(diskGiB) * 1024,
    gpus: Number(gpus),
    lowPriorityCapable: !DEDICATED_ONLY.has(name),
  };
}
