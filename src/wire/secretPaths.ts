import type { PropertyRow } from './shapes/definition.ts';
import { shapes } from './shapes/index.ts';

/** The names that lead to a secret, from the outside in. A list on the way stands for each of its items. */
export type SecretPath = readonly string[];

/** Where a body of the data plane can hold what is accepted and never answered, by the table of its shapes. */
export function secretPaths(shape: keyof typeof shapes): readonly SecretPath[] {
  return pathsIn(shapes, shape, []);
}

type Table = Readonly<Record<string, Readonly<Record<string, PropertyRow>>>>;

function pathsIn(table: Table, shape: string, within: readonly string[]): readonly SecretPath[] {
  // A shape that holds itself has nothing new further in.
  if (within.includes(shape)) return [];
  return Object.entries(table[shape] ?? {}).flatMap(([name, row]) => {
    if (row.secret === true) return [[name]];
    return pathsIn(table, row.type, [...within, shape]).map((path) => [name, ...path]);
  });
}

/**
 * A value with the texts at the ends of these paths changed by `change`; itself where there is none. What is not a
 * text there is left alone unless `change` makes something of it.
 */
export function withSecrets(value: unknown, paths: readonly SecretPath[], change: (secret: unknown) => unknown): unknown {
  return paths.reduce((changed, path) => changedAt(changed, path, change), value);
}

function changedAt(value: unknown, [name, ...rest]: SecretPath, change: (secret: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const next = items.map((item) => changedAt(item, [name, ...rest], change));
    return next.every((item, place) => item === items[place]) ? value : next;
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const former = (value as Readonly<Record<string, unknown>>)[name];
  const next = changedAt(former, rest, change);
  return next === former ? value : { ...value, [name]: next };
}
