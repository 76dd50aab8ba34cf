// The program of the last task: node join.mjs WIDTH HEIGHT TILE_WIDTH TILE_HEIGHT FOLDER FILE
// Reads every tile from FOLDER, takes the noise out of the whole picture and writes it as a PNG.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { develop } from './develop.mjs';
import { filterNoise } from './filter.mjs';
import { PIXEL, tilesOf } from './layout.mjs';
import { encodePng } from './png.mjs';

const [width, height, tileWidth, tileHeight] = process.argv.slice(2, 6).map(Number);
const [folder, file] = process.argv.slice(6, 8);
if (![width, height, tileWidth, tileHeight].every(Number.isInteger) || file === undefined) {
  process.stderr.write('usage: node join.mjs WIDTH HEIGHT TILE_WIDTH TILE_HEIGHT FOLDER FILE\n');
  process.exit(2);
}
const planes = Array.from({ length: PIXEL }, () => new Float32Array(width * height));
for (const { name, left, top, columns, lines } of tilesOf(width, height, tileWidth, tileHeight)) {
  const bytes = readFileSync(join(folder, name));
  if (bytes.length !== columns * lines * PIXEL * 4) throw new Error(`${name} has ${bytes.length} bytes, not those of ${columns} x ${lines} pixels`);
  const tile = new Float32Array(new Uint8Array(bytes).buffer);
  for (let y = 0; y < lines; y++) {
    for (let x = 0; x < columns; x++) {
      for (let k = 0; k < PIXEL; k++) planes[k][(top + y) * width + left + x] = tile[(y * columns + x) * PIXEL + k];
    }
  }
}
const smooth = filterNoise(width, height, { colour: planes.slice(0, 3), variance: planes[3], albedo: planes.slice(4, 7), normal: planes.slice(7) });
const png = encodePng(width, height, develop(width, height, smooth));
writeFileSync(file, png);
process.stdout.write(`${width} x ${height} pixels, ${png.length} bytes\n`);
