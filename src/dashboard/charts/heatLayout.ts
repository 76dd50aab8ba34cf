/** Where the cells of a heat map stand: in the order of joining, as large as fits. */

/** Edge lengths of cells with the gap between them; detail goes down with size, the map never vanishes. */
const CELL_SIZES = [28, 18, 10, 6] as const;
export type CellSize = (typeof CELL_SIZES)[number];

export interface HeatLayout {
  readonly cellPx: CellSize;
  readonly gapPx: number;
  readonly columns: number;
  readonly rows: number;
  readonly heightPx: number;
}

/** `zoom`: a size that was chosen; else the largest with which all cells stand within `mostPx`. */
export function heatLayout(cells: number, { widthPx, mostPx = 480, zoom }: { readonly widthPx: number; readonly mostPx?: number; readonly zoom?: CellSize }): HeatLayout {
  const of = (cellPx: CellSize): HeatLayout => {
    const gapPx = cellPx >= 18 ? 2 : 1;
    const columns = Math.max(1, Math.floor((widthPx + gapPx) / (cellPx + gapPx)));
    const rows = Math.ceil(cells / columns);
    return { cellPx, gapPx, columns, rows, heightPx: Math.max(0, rows * (cellPx + gapPx) - gapPx) };
  };
  if (zoom !== undefined) return of(zoom);
  const fitting = CELL_SIZES.map(of).find(({ heightPx }) => heightPx <= mostPx);
  return fitting ?? of(CELL_SIZES[CELL_SIZES.length - 1] ?? 6);
}

/** Where a cell stands. */
export function cellAt(index: number, { columns, cellPx, gapPx }: HeatLayout): { readonly x: number; readonly y: number } {
  return { x: (index % columns) * (cellPx + gapPx), y: Math.floor(index / columns) * (cellPx + gapPx) };
}

/** The cell at a point; null: none. */
export function cellUnder(x: number, y: number, { columns, cellPx, gapPx }: HeatLayout, cells: number): number | null {
  const column = Math.floor(x / (cellPx + gapPx));
  const index = Math.floor(y / (cellPx + gapPx)) * columns + column;
  return x < 0 || y < 0 || column >= columns || index >= cells ? null : index;
}
