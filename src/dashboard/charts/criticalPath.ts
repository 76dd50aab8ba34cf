interface Weighed {
  readonly id: number;
  readonly rank: number;
  readonly longestMs: number;
}

/** Ids of the groups of a graph on its longest way, by the longest run in each; by steps where nothing has run. */
export function criticalPath({ groups, edges }: { readonly groups: readonly Weighed[]; readonly edges: readonly (readonly [number, number])[] }): ReadonlySet<number> {
  const before = new Map<number, number[]>();
  for (const [parent, child] of edges) before.set(child, [...(before.get(child) ?? []), parent]);
  const ways = new Map<number, { readonly ms: number; readonly through: number | undefined }>();
  for (const { id, longestMs } of groups.toSorted((one, other) => one.rank - other.rank)) {
    const through = (before.get(id) ?? []).filter((parent) => ways.has(parent)).toSorted((one, other) => (ways.get(other)?.ms ?? 0) - (ways.get(one)?.ms ?? 0))[0];
    // A step weighs something though nothing has run in it.
    ways.set(id, { ms: longestMs + 1 + (through === undefined ? 0 : (ways.get(through)?.ms ?? 0)), through });
  }
  const path = new Set<number>();
  if (edges.length === 0) return path;
  let at = [...ways].toSorted(([, one], [, other]) => other.ms - one.ms)[0]?.[0];
  while (at !== undefined && !path.has(at)) {
    path.add(at);
    at = ways.get(at)?.through;
  }
  return path;
}
