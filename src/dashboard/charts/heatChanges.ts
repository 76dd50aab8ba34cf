/** Which cells of a heat map are to be drawn anew. */

/** What of a node its cell shows. */
export interface HeatCell {
  readonly id: string;
  readonly state: string;
  readonly slots: number;
}

interface Around {
  readonly columns: number;
  /** Whether a cell reaches beyond its square, or did: then those around it are drawn anew as well. */
  readonly reaches: (index: number) => boolean;
  /** Further ones. */
  readonly also: readonly (number | null)[];
}

/** Both lists are equally long. `beside`: those around what reaches beyond its square. */
export function changedCells(before: readonly HeatCell[], now: readonly HeatCell[], { columns, reaches, also }: Around): { readonly changed: ReadonlySet<number>; readonly beside: ReadonlySet<number> } {
  const changed = new Set(also.filter((index) => index !== null));
  for (const [index, cell] of now.entries()) {
    const old = before[index];
    if (old !== cell && (old?.state !== cell.state || old.slots !== cell.slots || old.id !== cell.id)) changed.add(index);
  }
  const beside = new Set<number>();
  for (const index of changed) if (reaches(index)) for (const one of neighbours(index, columns)) if (one >= 0 && one < now.length && !changed.has(one)) beside.add(one);
  return { changed, beside };
}

function neighbours(index: number, columns: number): readonly number[] {
  const sides = [...(index % columns === 0 ? [] : [-1]), 0, ...(index % columns === columns - 1 ? [] : [1])];
  return [-columns, 0, columns].flatMap((row) => sides.map((side) => index + row + side));
}
