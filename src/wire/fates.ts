import { acceptedNotEnforced, REFUSED } from './accepted.ts';
import type { Refusal } from './contract/tables.ts';
import { dataContract, type ShapeName } from './dataContract.ts';
import { HONOURED, type Folder } from './honoured.ts';

/** What becomes of a property that a request carries. */
export type Fate =
  | { readonly kind: 'honoured'; readonly by: Folder }
  | ({ readonly kind: 'refused' } & Refusal)
  | { readonly kind: 'accepted'; readonly reason: string };

/**
 * Every fate that the tables give to a property of a shape. One, for each that a served operation can be sent; a test
 * holds the tables to it.
 */
export function fatesOf(shape: ShapeName, property: string): readonly Fate[] {
  const path = `${shape}.${property}`;
  const fates: Fate[] = [];
  for (const folder of ['api', 'core', 'agent'] as const) {
    if (HONOURED[shape]?.[folder]?.split(' ').includes(property) === true) fates.push({ kind: 'honoured', by: folder });
  }
  const refusal = REFUSED[path];
  if (refusal !== undefined) fates.push({ kind: 'refused', ...refusal });
  const reason = acceptedNotEnforced[path];
  if (reason !== undefined) fates.push({ kind: 'accepted', reason });
  return fates;
}

/**
 * The shapes that requests with one of these bodies can hold, each after one that holds it. Below what is refused or
 * not enforced as a whole nothing has a fate of its own.
 */
export function shapesWithin(bodies: readonly ShapeName[]): readonly ShapeName[] {
  const found = new Set<ShapeName>(bodies);
  for (const shape of found) {
    for (const [name, row] of dataContract.rowsOf(shape)) if (dataContract.isShape(row.type) && fatesOf(shape, name)[0]?.kind === 'honoured') found.add(row.type);
  }
  return [...found];
}
