// A PNG writer for 8-bit RGB, on Node's zlib.
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bytes a pixel: red, green, blue. */
const STEP = 3;

/** Encodes `pixels` (width * height * 3 bytes, rows from the top) as a PNG file (PNG specification, third edition). */
export function encodePng(width, height, pixels) {
  const stride = width * STEP;
  if (pixels.length !== stride * height) throw new Error(`${pixels.length} bytes are not ${width} x ${height} pixels`);
  const lines = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) filterLine(lines, y * (stride + 1), pixels, y, stride);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('sRGB', Buffer.from([0])),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

// The filters of the specification, by number: none, left, up, average, Paeth.
const filters = [
  (x) => x,
  (x, a) => x - a,
  (x, _a, b) => x - b,
  (x, a, b) => x - ((a + b) >> 1),
  (x, a, b, c) => x - paeth(a, b, c),
];

function paeth(a, b, c) {
  const p = a + b - c;
  const pa = Math.abs(p - a);
  const pb = Math.abs(p - b);
  const pc = Math.abs(p - c);
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

/** Writes one line with the filter whose differences are smallest: the rule of thumb of the specification. */
function filterLine(out, at, pixels, y, stride) {
  let best = Infinity;
  const row = y * stride;
  const candidate = new Uint8Array(stride);
  filters.forEach((filter, number) => {
    let sum = 0;
    for (let i = 0; i < stride; i++) {
      const left = i >= STEP ? pixels[row + i - STEP] : 0;
      const up = y > 0 ? pixels[row + i - stride] : 0;
      const corner = y > 0 && i >= STEP ? pixels[row + i - stride - STEP] : 0;
      const value = filter(pixels[row + i], left, up, corner) & 255;
      candidate[i] = value;
      sum += value < 128 ? value : 256 - value;
    }
    if (sum >= best) return;
    best = sum;
    out[at] = number;
    out.set(candidate, at + 1);
  });
}
