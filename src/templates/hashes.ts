/**
 * MurmurHash3 in the variant of Resource Manager: two 32-bit lanes, 64 bits in all. The constants are those of the
 * public package Microsoft.PowerPlatform.ResourceStack (`ComputeHash.MurmurHash64`).
 */
export function murmurHash64(text: string): bigint {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lanes = { low: 0, high: 0 };
  let index = 0;
  for (; index + 8 <= bytes.length; index += 8) {
    lanes.low = add(Math.imul(add(rotate(lanes.low ^ mixLow(view.getUint32(index, true)), 19), lanes.high), 5), 0x561ccd1b);
    lanes.high = add(Math.imul(add(rotate(lanes.high ^ mixHigh(view.getUint32(index + 4, true)), 13), lanes.low), 5), 0x0bcaa747);
  }
  const rest = bytes.subarray(index);
  if (rest.length > 0) lanes.low ^= mixLow(littleEndian(rest.subarray(0, 4)));
  if (rest.length > 4) lanes.high ^= mixHigh(littleEndian(rest.subarray(4)));
  lanes.low = (lanes.low ^ bytes.length) >>> 0;
  lanes.high = (lanes.high ^ bytes.length) >>> 0;
  mixLanes(lanes);
  lanes.low = avalanche(lanes.low);
  lanes.high = avalanche(lanes.high);
  mixLanes(lanes);
  return (BigInt(lanes.high) << 32n) | BigInt(lanes.low);
}

function mixLow(word: number): number {
  return Math.imul(rotate(Math.imul(word, LOW_FACTOR), 15), HIGH_FACTOR);
}

function mixHigh(word: number): number {
  return Math.imul(rotate(Math.imul(word, HIGH_FACTOR), 17), LOW_FACTOR);
}

const LOW_FACTOR = 0x239b961b;
const HIGH_FACTOR = 0xab0e9789;

function mixLanes(lanes: { low: number; high: number }): void {
  lanes.low = add(lanes.low, lanes.high);
  lanes.high = add(lanes.high, lanes.low);
}

function avalanche(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduce((word, byte, index) => word | (byte << (8 * index)), 0);
}

/** SHA-1 (RFC 3174), which version 5 of a UUID is made with. */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((((message.length + 8) >> 6) + 1) << 6);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let block = 0; block < padded.length; block += 64) addBlock(state, view, block);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(4 * index, word));
  return new Uint8Array(digest.buffer);
}

function addBlock(state: Uint32Array, view: DataView, block: number): void {
  const words = new Uint32Array(80);
  for (let index = 0; index < 80; index++)
    words[index] = index < 16 ? view.getUint32(block + 4 * index) : rotate(word(words, index - 3) ^ word(words, index - 8) ^ word(words, index - 14) ^ word(words, index - 16), 1);
  let [a, b, c, d, e] = [word(state, 0), word(state, 1), word(state, 2), word(state, 3), word(state, 4)];
  for (let index = 0; index < 80; index++) {
    const [mixed, constant] = sha1Round(index, b, c, d);
    [a, b, c, d, e] = [(rotate(a, 5) + mixed + e + constant + word(words, index)) >>> 0, a, rotate(b, 30), c, d];
  }
  [a, b, c, d, e].forEach((value, index) => {
    state[index] = add(word(state, index), value);
  });
}

function sha1Round(index: number, b: number, c: number, d: number): readonly [mixed: number, constant: number] {
  if (index < 20) return [((b & c) | (~b & d)) >>> 0, 0x5a827999];
  if (index < 40) return [(b ^ c ^ d) >>> 0, 0x6ed9eba1];
  if (index < 60) return [((b & c) | (b & d) | (c & d)) >>> 0, 0x8f1bbcdc];
  return [(b ^ c ^ d) >>> 0, 0xca62c1d6];
}

function word(words: Uint32Array, index: number): number {
  const found = words[index];
  if (found === undefined) throw new Error(`no word ${index} of ${words.length}`);
  return found;
}

function rotate(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}

function add(a: number, b: number): number {
  return (a + b) >>> 0;
}
