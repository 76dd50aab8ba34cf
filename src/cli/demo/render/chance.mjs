// Chance: seeded per pixel and sample, so that a picture comes out the same wherever its tiles are rendered.

// Random numbers: PCG-like on 32 bits, seeded by pixel and sample.
const generator = new Int32Array(1);
export function seedRandom(pixel, sample) {
  generator[0] = Math.imul(pixel, 0x9e3779b1) ^ Math.imul(sample + 1, 0x85ebca77);
  random();
  random();
}
export function random() {
  const state = (Math.imul(generator[0], 747796405) + 2891336453) | 0;
  generator[0] = state;
  let word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737);
  word = (word >>> 22) ^ word;
  return (word >>> 0) * 2.3283064365386963e-10;
}
/**
 * The fraction of a pixel-wise shifted additive sequence: the first dimensions of a path, spread evenly over its
 * samples.
 */
export function spread(offset, sample, step) {
  const x = offset + sample * step;
  return x - Math.floor(x);
}

export const direction = new Float64Array(3);
/** A direction around (x, y, z): cosine-weighted for a power of 1, narrower above. */
export function scatter(x, y, z, cosine, turn) {
  const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
  const sign = z >= 0 ? 1 : -1;
  const a = -1 / (sign + z);
  const b = x * y * a;
  const p = sine * Math.cos(turn);
  const q = sine * Math.sin(turn);
  direction[0] = p * (1 + sign * x * x * a) + q * b + cosine * x;
  direction[1] = p * sign * b + q * (sign + y * y * a) + cosine * y;
  direction[2] = -p * sign * x - q * y + cosine * z;
}
