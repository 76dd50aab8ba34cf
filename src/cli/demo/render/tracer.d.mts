export interface TileOrder {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly lines: number;
  readonly samples: number;
}
export function renderTile(order: TileOrder): Float32Array;
