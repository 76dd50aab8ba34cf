/** Where the boxes of a dependency graph stand: rank by rank, neighbours near each other. */
export interface GraphInput {
  readonly groups: readonly { readonly id: number; readonly rank: number }[];
  readonly edges: readonly (readonly [number, number])[];
}

export interface PlacedBox {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

export const BOX = { width: 168, height: 44, gapX: 56, gapY: 14 } as const;

/** One pass down and one up by the mean place of neighbours. */
export function graphLayout({ groups, edges }: GraphInput): { readonly boxes: readonly PlacedBox[]; readonly width: number; readonly height: number } {
  const ranks = new Map<number, number[]>();
  for (const { id, rank } of groups) ranks.set(rank, [...(ranks.get(rank) ?? []), id]);
  const order = [...ranks].toSorted(([a], [b]) => a - b).map(([, ids]) => ids);
  const parents = neighbours(edges, 1, 0);
  const children = neighbours(edges, 0, 1);
  for (let at = 1; at < order.length; at += 1) order[at] = sortedBy(order[at] ?? [], order[at - 1] ?? [], parents);
  for (let at = order.length - 2; at >= 0; at -= 1) order[at] = sortedBy(order[at] ?? [], order[at + 1] ?? [], children);
  const most = Math.max(1, ...order.map((ids) => ids.length));
  const height = most * (BOX.height + BOX.gapY);
  const boxes = order.flatMap((ids, rank) => ids.map((id, at) => ({ id, x: rank * (BOX.width + BOX.gapX), y: ((at + 0.5) * height) / ids.length - BOX.height / 2 })));
  return { boxes, width: order.length * (BOX.width + BOX.gapX) - BOX.gapX, height };
}

function neighbours(edges: GraphInput['edges'], of: 0 | 1, to: 0 | 1): ReadonlyMap<number, readonly number[]> {
  const map = new Map<number, number[]>();
  for (const edge of edges) map.set(edge[of], [...(map.get(edge[of]) ?? []), edge[to]]);
  return map;
}

function sortedBy(ids: readonly number[], beside: readonly number[], of: ReadonlyMap<number, readonly number[]>): number[] {
  const places = new Map(beside.map((id, at) => [id, at]));
  const mean = (id: number): number => {
    const found = (of.get(id) ?? []).flatMap((one) => places.get(one) ?? []);
    return found.length === 0 ? beside.length / 2 : found.reduce((a, b) => a + b, 0) / found.length;
  };
  return ids.toSorted((a, b) => mean(a) - mean(b));
}
