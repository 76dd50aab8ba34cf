import { lowerAscii } from '../letters.ts';
import { editDistance } from '../spelling.ts';
import { ownSize, ownSizes } from './own.ts';
import { TABLE, type VmSize } from './table.ts';

export type { VmSize } from './table.ts';

/**
 * GiB a core by the family's first letter, where names follow the vendor's convention (their number is the number of
 * cores).
 */
const MEMORY_PER_CORE: Readonly<Record<string, number>> = { a: 2, b: 4, d: 4, e: 8, f: 2, g: 14, h: 4, l: 8, m: 28, n: 7, p: 18 };

/** Family letters, cores, cores that may be used, additions, and the parts after the first underscore. */
const CONVENTION = /^standard_([a-z]+?)(\d{1,3})(?:-(\d{1,3}))?([a-z]*)((?:_[a-z][a-z\d]*)*)$/;

interface Name {
  readonly letters: string;
  readonly number: number;
  readonly usable: number | null;
  readonly additions: string;
  readonly version: string;
}

/** Of what sizes of one series share, how many the table has. */
const series = new Map<string, number>();
for (const { name } of TABLE.values()) {
  const read = readName(name);
  if (read !== null) series.set(seriesOf(read), (series.get(seriesOf(read)) ?? 0) + Number(read.usable === null));
}

/**
 * The size of that name in any case, or undefined when it is none; the service then answers InvalidPropertyValue. The
 * operator's own sizes come first. Sizes outside the table are read by the vendor's naming convention
 * (`Standard_D4s_v5`: 4 cores; `Standard_M8-2ms`: 2 of 8), because new series appear every month; their memory is then
 * that of their family. A series that the table knows has no others.
 */
export function findVmSize(asked: string): VmSize | undefined {
  const name = lowerAscii(asked);
  return ownSize(name) ?? TABLE.get(name) ?? sizeByConvention(asked, name);
}

function sizeByConvention(displayName: string, name: string): VmSize | undefined {
  const read = readName(name);
  if (read === null) return undefined;
  const { letters, number, usable, additions, version } = read;
  const whole = usable === null ? undefined : TABLE.get(fullSize(name));
  if (whole !== undefined && usable !== null) return usable <= whole.cores ? { ...whole, displayName, name, cores: usable } : undefined;
  const perCore = MEMORY_PER_CORE[letters[0] ?? ''];
  if (perCore === undefined || number === 0 || usable === 0 || (series.get(seriesOf(read)) ?? 0) > 1) return undefined;
  return {
    displayName,
    name,
    family: `standard${letters.toUpperCase()}${additions.toUpperCase()}${version.slice(1)}Family`,
    cores: usable ?? number,
    memoryMiB: number * perCore * 1024,
    temporaryDiskMiB: null,
    gpus: letters.startsWith('n') ? null : 0,
    lowPriorityCapable: !letters.startsWith('b'),
  };
}

function readName(name: string): Name | null {
  const [whole, letters = '', number, usable, additions = '', version = ''] = CONVENTION.exec(name) ?? [];
  return whole === undefined ? null : { letters, number: Number(number), usable: usable === undefined ? null : Number(usable), additions, version };
}

function seriesOf({ letters, additions, version }: Name): string {
  return `${letters} ${additions}${version}`;
}

/** The name of the size that a size with fewer usable cores is made of: `standard_m8ms` for `standard_m8-2ms`. */
export function fullSize(name: string): string {
  return name.replace(/^(standard_[a-z]+\d+)-\d+/, '$1');
}

/** Most letters in which a misspelt name differs; of a short name half of them. */
const MISSPELT_LETTERS = 3;
/** No size has a longer name. */
const LONGEST_NAME = 64;

/**
 * The known size whose name is nearest to one that is none, as the vendor writes it, or undefined where none is near.
 * One of the same series comes first.
 */
export function nearestSize(asked: string): string | undefined {
  const name = lowerAscii(asked.trim());
  if (name.length > LONGEST_NAME) return undefined;
  const full = TABLE.get(`standard_${name}`);
  if (full !== undefined) return full.displayName;
  const read = readName(name);
  let nearest: { readonly displayName: string; readonly distance: number } | undefined;
  for (const size of [...ownSizes(), ...TABLE.values()]) {
    const other = readName(size.name);
    const isSibling = read !== null && other !== null && seriesOf(read) === seriesOf(other);
    const distance = editDistance(name, size.name) - (isSibling ? 0.5 : 0);
    if (distance <= Math.min(MISSPELT_LETTERS, name.length / 2) && distance < (nearest?.distance ?? Infinity)) nearest = { displayName: size.displayName, distance };
  }
  return nearest?.displayName;
}

const FAMILIES: ReadonlySet<string> = new Set([...TABLE.values()].map(({ family }) => lowerAscii(family)));

/** Whether a size can be of that family (any case): one that is known, or of the operator's, or of the convention. */
export function isFamily(asked: string): boolean {
  const family = lowerAscii(asked);
  return FAMILIES.has(family) || [...ownSizes()].some((size) => lowerAscii(size.family) === family) || /^standard[a-z]+v\d+family$/.test(family);
}
