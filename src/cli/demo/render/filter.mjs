// Takes the noise out of a path-traced picture: a non-local means filter. Each pixel becomes the weighted mean of the
// pixels around it whose neighbourhoods look the same, given how noisy both are known to be (after F. Rousselle,
// C. Knaus, M. Zwicker: Adaptive rendering with non-local means filtering, 2012), and whose first surfaces are alike.

/** How far the filter looks, pixels. */
const REACH = 5;
/** Smaller keeps more detail and more noise. */
const STRENGTH = 0.5;
const ALBEDO_SCALE = 1 / 0.012;
const NORMAL_SCALE = 1 / 0.09;

/**
 * @param planes width * height numbers each: `colour` (3, tone-mapped), `variance` of the brightness' mean,
 * `albedo` (3), `normal` (3).
 * @returns the three filtered colour planes.
 */
export function filterNoise(width, height, { colour: given, variance, albedo, normal }) {
  const size = width * height;
  const colour = given.map((plane) => withoutSpecks(width, height, plane));
  const noise = boxMean(width, height, boxMean(width, height, variance));
  const sums = colour.map((plane) => Float32Array.from(plane));
  const weights = new Float32Array(size).fill(1);
  const distance = new Float32Array(size);
  // Half of the window: the weight of (p, q) is the weight of (q, p).
  for (let dy = 0; dy <= REACH; dy++) {
    for (let dx = -REACH; dx <= REACH; dx++) {
      if ((dy === 0 && dx <= 0) || dx * dx + dy * dy > REACH * REACH + 1) continue;
      compare(width, height, dx, dy, colour, noise, distance);
      const near = boxMean(width, height, distance);
      gather(width, height, dx, dy, { near, colour, albedo, normal, sums, weights });
    }
  }
  for (const plane of sums) for (let i = 0; i < size; i++) plane[i] /= weights[i];
  return sums;
}

/** No pixel brighter than the second brightest of its eight neighbours, nor darker than the second darkest. */
function withoutSpecks(width, height, plane) {
  const out = Float32Array.from(plane);
  const around = new Float32Array(8);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const p = y * width + x;
      for (let k = 0, v = -1; v <= 1; v++) {
        for (let u = -1; u <= 1; u++) if (u !== 0 || v !== 0) around[k++] = plane[p + v * width + u];
      }
      around.sort();
      out[p] = Math.min(around[6], Math.max(around[1], plane[p]));
    }
  }
  return out;
}

/** How different each pixel is from the one (dx, dy) away, in units of what their noise explains. */
function compare(width, height, dx, dy, [red, green, blue], noise, distance) {
  for (let y = 0; y < height - dy; y++) {
    const from = Math.max(0, -dx);
    const to = Math.min(width, width - dx);
    for (let x = from; x < to; x++) {
      const p = y * width + x;
      const q = p + dy * width + dx;
      const r = red[p] - red[q];
      const g = green[p] - green[q];
      const b = blue[p] - blue[q];
      const own = noise[p];
      const other = noise[q];
      const explained = own + (own < other ? own : other);
      distance[p] = ((r * r + g * g + b * b) / 3 - explained) / (1e-6 + STRENGTH * STRENGTH * (own + other));
    }
  }
}

function gather(width, height, dx, dy, { near, colour, albedo, normal, sums, weights }) {
  const [red, green, blue] = colour;
  for (let y = 0; y < height - dy; y++) {
    const from = Math.max(0, -dx);
    const to = Math.min(width, width - dx);
    for (let x = from; x < to; x++) {
      const p = y * width + x;
      if (near[p] > 6) continue;
      const q = p + dy * width + dx;
      const surface = squared(albedo, p, q) * ALBEDO_SCALE + squared(normal, p, q) * NORMAL_SCALE;
      if (surface > 6) continue;
      const weight = Math.exp(-Math.max(0, near[p], surface));
      weights[p] += weight;
      weights[q] += weight;
      sums[0][p] += weight * red[q];
      sums[1][p] += weight * green[q];
      sums[2][p] += weight * blue[q];
      sums[0][q] += weight * red[p];
      sums[1][q] += weight * green[p];
      sums[2][q] += weight * blue[p];
    }
  }
}

function squared([a, b, c], p, q) {
  return (a[p] - a[q]) ** 2 + (b[p] - b[q]) ** 2 + (c[p] - c[q]) ** 2;
}

/** The mean of each pixel and its eight neighbours. */
function boxMean(width, height, plane) {
  const across = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      across[row + x] = (plane[row + (x > 0 ? x - 1 : x)] + plane[row + x] + plane[row + (x < width - 1 ? x + 1 : x)]) / 3;
    }
  }
  const out = new Float32Array(plane.length);
  for (let y = 0; y < height; y++) {
    const up = (y > 0 ? y - 1 : y) * width;
    const down = (y < height - 1 ? y + 1 : y) * width;
    for (let x = 0; x < width; x++) out[y * width + x] = (across[up + x] + across[y * width + x] + across[down + x]) / 3;
  }
  return out;
}
