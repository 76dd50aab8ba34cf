import { isMadeUp } from './values.ts';

type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What names an item of a list. */
const KEYS = ['id', 'name', 'key', 'taskId', 'poolId', 'filePath'] as const;

/** Items of two lists that are about the same. Undefined: the other list has none. */
export interface ItemPair {
  /** `[t-1]`, or `[0]`. */
  readonly place: string;
  readonly there: unknown;
  readonly here: unknown;
}

/** Items that have names are paired by them, wherever they stand; others by where they stand. */
export function pairItems(there: readonly unknown[], here: readonly unknown[]): readonly ItemPair[] {
  const key = KEYS.find((name) => [there, here].every((list) => areNamedBy(list, name)));
  if (key === undefined || there.length === 0 || here.length === 0) {
    return Array.from({ length: Math.max(there.length, here.length) }, (_none, index) => ({ place: `[${index}]`, there: there[index], here: here[index] }));
  }
  const nameOf = (item: unknown): string => String((item as Members)[key]);
  const ours = new Map(here.map((item) => [nameOf(item), item]));
  const theirs = new Set(there.map(nameOf));
  return [
    ...there.map((item) => ({ place: `[${nameOf(item)}]`, there: item, here: ours.get(nameOf(item)) })),
    ...here.filter((item) => !theirs.has(nameOf(item))).map((item) => ({ place: `[${nameOf(item)}]`, there: undefined, here: item })),
  ];
}

function areNamedBy(list: readonly unknown[], key: string): boolean {
  const names = list.map((item) => (isMembers(item) ? item[key] : undefined));
  return names.every((name) => typeof name === 'string' && !isMadeUp(name)) && new Set(names).size === names.length;
}
