// From filtered light to what a screen shows: exposure, a soft glow around what is very bright, a film-like curve,
// sRGB.

const EXPOSURE = 0.74;
/** How much of the light above white is spread, and how far: a fraction of the picture's width. */
const GLOW = 0.05;
const GLOW_REACH = 0.009;

function brightness(r, g, b) {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** `colour`: three planes of light mapped by c / (1 + brightness). Returns bytes, RGB, rows from the top. */
export function develop(width, height, colour) {
  const size = width * height;
  const [red, green, blue] = colour.map((plane) => Float32Array.from(plane));
  for (let i = 0; i < size; i++) {
    const scale = EXPOSURE / Math.max(0.02, 1 - brightness(red[i], green[i], blue[i]));
    red[i] *= scale;
    green[i] *= scale;
    blue[i] *= scale;
  }
  const reach = Math.max(1, Math.round(width * GLOW_REACH));
  const glows = [red, green, blue].map((plane) => blur(width, height, plane.map((x) => Math.max(0, x - 1)), reach));
  const out = new Uint8Array(size * 3);
  for (let i = 0; i < size; i++) {
    const x = (i % width) / width - 0.5;
    const y = (Math.floor(i / width) - height / 2) / width;
    const corner = 1 - 0.55 * (x * x + y * y);
    [red, green, blue].forEach((plane, k) => {
      out[i * 3 + k] = Math.round(255 * encode(curve((plane[i] + GLOW * glows[k][i]) * corner)));
    });
  }
  return out;
}

/** A film's response: straight in the middle, soft towards black and white (K. Narkowicz's fit of the ACES curve). */
function curve(x) {
  return Math.min(1, Math.max(0, (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)));
}

/** IEC 61966-2-1. */
function encode(x) {
  return x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
}

/** Three running means each way: nearly a Gaussian. */
function blur(width, height, plane, reach) {
  let out = plane;
  for (let pass = 0; pass < 3; pass++) {
    out = runningMean(out, height, width, width, 1, reach);
    out = runningMean(out, width, height, 1, width, reach);
  }
  return out;
}

function runningMean(plane, lines, length, lineStep, step, reach) {
  const out = new Float32Array(plane.length);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    const at = (k) => plane[start + Math.min(length - 1, Math.max(0, k)) * step];
    let sum = 0;
    for (let k = -reach; k <= reach; k++) sum += at(k);
    for (let k = 0; k < length; k++) {
      out[start + k * step] = sum / (2 * reach + 1);
      sum += at(k + reach + 1) - at(k - reach);
    }
  }
  return out;
}
