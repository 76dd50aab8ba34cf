import { lowerAscii } from './letters.ts';

/** A machine size, by which slots and quotas are counted. */
export interface VmSize {
  /** Lower case, as the service answers it. */
  readonly name: string;
  readonly cores: number;
  readonly memoryMiB: number;
}

/** Sizes whose number is not their number of cores: [name, cores, GiB]. */
const oddSizes: readonly (readonly [string, number, number])[] = [
  ['small', 1, 1.75],
  ['medium', 2, 3.5],
  ['large', 4, 7],
  ['extralarge', 8, 14],
  ['a5', 2, 14],
  ['a6', 4, 28],
  ['a7', 8, 56],
  ['a8', 8, 56],
  ['a9', 16, 112],
  ['a10', 8, 56],
  ['a11', 16, 112],
  // The basic tier; its smallest, A0, is not for Batch.
  ['basic_a1', 1, 1.75],
  ['basic_a2', 2, 3.5],
  ['basic_a3', 4, 7],
  ['basic_a4', 8, 14],
  ['standard_a1', 1, 1.75],
  ['standard_a2', 2, 3.5],
  ['standard_a3', 4, 7],
  ['standard_a4', 8, 14],
  ['standard_a5', 2, 14],
  ['standard_a6', 4, 28],
  ['standard_a7', 8, 56],
  ['standard_a8', 8, 56],
  ['standard_a9', 16, 112],
  ['standard_a10', 8, 56],
  ['standard_a11', 16, 112],
  ...dSeries(''),
  ...dSeries('_v2'),
  ['standard_d5_v2', 16, 56],
  ['standard_ds5_v2', 16, 56],
  ['standard_d15_v2', 20, 140],
  ['standard_ds15_v2', 20, 140],
  ...(['g', 'gs'] as const).flatMap((family) =>
    [2, 4, 8, 16, 32].map((cores, index) => [`standard_${family}${index + 1}`, cores, cores * 14] as const),
  ),
];

/** D and DS of the first two generations: 1 to 4 with 3.5 GiB a core, 11 to 14 with 7. */
function dSeries(version: string): (readonly [string, number, number])[] {
  return ['d', 'ds'].flatMap((family) => [
    ...[1, 2, 4, 8].map((cores, index) => [`standard_${family}${index + 1}${version}`, cores, cores * 3.5] as const),
    ...[2, 4, 8, 16].map((cores, index) => [`standard_${family}1${index + 1}${version}`, cores, cores * 7] as const),
  ]);
}

/**
 * GiB a core by the family's first letter, where names follow Azure's convention (their number is the number of cores).
 */
const MEMORY_PER_CORE: Readonly<Record<string, number>> = { a: 2, b: 4, d: 4, e: 8, f: 2, g: 14, h: 4, l: 8, m: 28, n: 7, p: 18 };

const table = new Map(oddSizes.map(([name, cores, gib]) => [name, { name, cores, memoryMiB: gib * 1024 }]));
const CONVENTION = /^standard_([a-z])[a-z]*?(\d{1,3})(?:-(\d{1,3}))?([a-z]*)(?:_[a-z][a-z\d]*)*$/;

/**
 * The size of that name in any case, or undefined when it is none; the service then answers InvalidPropertyValue. Sizes
 * outside the table are read by Azure's naming convention (`Standard_D4s_v5`: 4 cores; `Standard_M8-2ms`: 2 of 8),
 * because new sizes appear every month; their memory is then that of their family.
 */
export function findVmSize(name: string): VmSize | undefined {
  const lower = lowerAscii(name);
  const row = table.get(lower);
  if (row !== undefined) return row;
  const match = CONVENTION.exec(lower);
  const perCore = MEMORY_PER_CORE[match?.[1] ?? ''];
  const number = Number(match?.[2] ?? 0);
  const cores = Number(match?.[3] ?? number);
  if (match === null || perCore === undefined || cores === 0 || number === 0) return undefined;
  return { name: lower, cores, memoryMiB: number * perCore * 1024 };
}
