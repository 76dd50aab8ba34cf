/** One tile of a picture. */
export interface Tile {
  /** The file it is kept in. */
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly lines: number;
}
export function tilesOf(width: number, height: number, tileWidth: number, tileHeight: number): Tile[];
