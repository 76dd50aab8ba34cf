// The program of one tile's task: node tile.mjs WIDTH HEIGHT LEFT TOP COLUMNS LINES SAMPLES FILE
// Writes the tile as little-endian 32-bit floats, PIXEL numbers a pixel.
import { writeFileSync } from 'node:fs';
import { renderTile } from './tracer.mjs';

const file = process.argv[9];
const numbers = process.argv.slice(2, 9).map(Number);
if (numbers.length !== 7 || !numbers.every(Number.isInteger) || file === undefined) {
  process.stderr.write('usage: node tile.mjs WIDTH HEIGHT LEFT TOP COLUMNS LINES SAMPLES FILE\n');
  process.exit(2);
}
const [width, height, left, top, columns, lines, samples] = numbers;
const started = performance.now();
const pixels = renderTile({ width, height, left, top, columns, lines, samples });
writeFileSync(file, new Uint8Array(pixels.buffer));
process.stdout.write(`${columns} x ${lines} pixels at ${left},${top} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
