/** From 0 to below 1, evenly spread: the same for the same three whole numbers. */
export function chanceOf(seed: number, step: number, place: number): number {
  let mixed = 0;
  for (const part of [seed, step, place]) mixed = mix(mixed ^ mix(part >>> 0) ^ Math.floor(part / 0x1_0000_0000));
  return mixed / 0x1_0000_0000;
}

/** The finaliser of MurmurHash3: each bit of the result depends on each of `value`. */
function mix(value: number): number {
  let mixed = (value + 0x9e37_79b9) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
