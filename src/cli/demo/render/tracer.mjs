// A small path tracer: `renderTile` sends paths backwards from the lens and averages what they bring.
// Everything depends on the pixel's number and the sample's number alone, so a tile comes out the same on every node.
import { random, seedRandom, spread } from './chance.mjs';
import { PIXEL } from './layout.mjs';
import { EVEN_STEPS, follow, path } from './paths.mjs';
import { camera } from './scene.mjs';
import { cross, unit } from './vectors.mjs';

/** Above this variance of a pixel's mean, more paths are taken. */
const NOISE = 0.00025;
const ROUNDS = 5;

/**
 * Renders the pixels [left, left + columns) x [top, top + lines) of a picture, in rounds of `samples` paths a pixel:
 * the first for all pixels, up to ROUNDS - 1 more for those whose neighbourhood is still noisy.
 * Returns PIXEL numbers a pixel, row by row.
 */
export function renderTile({ width, height, left, top, columns, lines, samples }) {
  const view = viewOf(width, height);
  const size = columns * lines;
  const sums = new Float64Array(size * SUM);
  const error = new Float32Array(size);
  let noisy = error.map((_, i) => i);
  for (let round = 0; round < ROUNDS && noisy.length > 0; round++) {
    for (const i of noisy) {
      const at = i * SUM;
      addPaths(sums, at, left + (i % columns), top + Math.floor(i / columns), view, samples);
      const taken = sums[at];
      error[i] = sums[at + 5] / (taken * Math.max(1, taken - 1));
    }
    // Judged with its neighbours: a pixel that met no bright path so far does not know how noisy it is.
    noisy = noisy.filter((i) => meanAround(error, columns, lines, i) > NOISE);
  }
  const out = new Float32Array(size * PIXEL);
  for (let i = 0; i < size; i++) {
    const taken = sums[i * SUM];
    for (let k = 0; k < 3; k++) out[i * PIXEL + k] = sums[i * SUM + 1 + k] / taken;
    out[i * PIXEL + 3] = error[i];
    for (let k = 0; k < 6; k++) out[i * PIXEL + 4 + k] = sums[i * SUM + 6 + k] / taken;
  }
  return out;
}

/** Sums a pixel: paths taken, light r g b, mean brightness, squared deviations of it (Welford), the six features. */
const SUM = 12;

function meanAround(plane, columns, lines, i) {
  const x = i % columns;
  const y = Math.floor(i / columns);
  let sum = 0;
  let counted = 0;
  for (let v = Math.max(0, y - 2); v <= Math.min(lines - 1, y + 2); v++) {
    for (let u = Math.max(0, x - 2); u <= Math.min(columns - 1, x + 2); u++) {
      sum += plane[v * columns + u];
      counted++;
    }
  }
  return sum / counted;
}

function viewOf(width, height) {
  const back = unit(camera.from.map((x, k) => x - camera.to[k]));
  const side = unit(cross([0, 1, 0], back));
  return { width, height, back, side, above: cross(back, side), half: Math.tan((camera.fieldOfView * Math.PI) / 360) };
}

const shift = new Float64Array(9);

/** Adds `samples` paths through one pixel to its sums. */
function addPaths(sums, at, px, py, { width, height, back, side, above, half }, samples) {
  const pixel = py * width + px;
  seedRandom(pixel, -7);
  for (let k = 0; k < shift.length; k++) shift[k] = random();
  path.feature.fill(0);
  const from = sums[at];
  for (let i = from; i < from + samples; i++) {
    seedRandom(pixel, i);
    const fx = tent(spread(shift[0], i, 0.7548776662466927));
    const fy = tent(spread(shift[1], i, 0.5698402909980532));
    const angle = 6.283185307179586 * spread(shift[2], i, 0.8566748838545029);
    const radius = camera.aperture * Math.sqrt(spread(shift[3], i, 0.733891856627126));
    const lensX = radius * Math.cos(angle);
    const lensY = radius * Math.sin(angle);
    const sx = ((px + 0.5 + fx) / width - 0.5) * 2 * half * (width / height) * camera.focus - lensX;
    const sy = (0.5 - (py + 0.5 + fy) / height) * 2 * half * camera.focus - lensY;
    let dx = side[0] * sx + above[0] * sy - back[0] * camera.focus;
    let dy = side[1] * sx + above[1] * sy - back[1] * camera.focus;
    let dz = side[2] * sx + above[2] * sy - back[2] * camera.focus;
    const norm = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz);
    dx *= norm;
    dy *= norm;
    dz *= norm;
    for (let k = 4; k < 9; k++) path.even[k - 4] = spread(shift[k], i, EVEN_STEPS[k - 4]);
    follow(
      camera.from[0] + side[0] * lensX + above[0] * lensY,
      camera.from[1] + side[1] * lensX + above[1] * lensY,
      camera.from[2] + side[2] * lensX + above[2] * lensY,
      dx, dy, dz,
    );
    // Samples are averaged after a tone curve, as the eye will see them: bright specks weigh less, edges stay smooth.
    const bright = 0.2126 * path.light[0] + 0.7152 * path.light[1] + 0.0722 * path.light[2];
    const scale = 1 / (1 + bright);
    for (let k = 0; k < 3; k++) sums[at + 1 + k] += path.light[k] * scale;
    const delta = bright * scale - sums[at + 4];
    sums[at + 4] += delta / (i + 1);
    sums[at + 5] += delta * (bright * scale - sums[at + 4]);
  }
  sums[at] += samples;
  for (let k = 0; k < 6; k++) sums[at + 6 + k] += path.feature[k];
}

/** A tent around a pixel's middle, from an even number. */
function tent(u) {
  return u < 0.5 ? Math.sqrt(2 * u) - 1 : 1 - Math.sqrt(2 - 2 * u);
}
