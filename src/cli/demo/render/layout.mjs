// What the tile program, the join program and `linarite demo` agree on.

/**
 * Numbers a pixel in a tile's file: light r g b (mapped by c / (1 + brightness)), variance of its brightness, albedo r
 * g b, normal x y z.
 */
export const PIXEL = 10;

/** The tiles of a picture, row by row. */
export function tilesOf(width, height, tileWidth, tileHeight) {
  const tiles = [];
  for (let top = 0; top < height; top += tileHeight) {
    for (let left = 0; left < width; left += tileWidth) {
      const name = `tile-${String(tiles.length).padStart(3, '0')}.bin`;
      tiles.push({ name, left, top, columns: Math.min(tileWidth, width - left), lines: Math.min(tileHeight, height - top) });
    }
  }
  return tiles;
}
