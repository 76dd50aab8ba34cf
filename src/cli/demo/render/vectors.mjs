// Vectors of three numbers, for set-up code; hot code spells its sums out.

export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
export function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
export function unit(a) {
  return a.map((x) => x / Math.hypot(...a));
}
/** a + s b */
export function along(a, s, b) {
  return [a[0] + s * b[0], a[1] + s * b[1], a[2] + s * b[2]];
}
