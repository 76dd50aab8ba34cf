/** Statistics over lists of doubles. `undefined` is "there is no answer for so few elements". */

type Numbers = readonly number[];

export function sum(list: Numbers): number {
  let total = 0;
  for (const element of list) total += element;
  return total;
}

export function avg(list: Numbers): number | undefined {
  return list.length === 0 ? undefined : sum(list) / list.length;
}

/** NaN wins, so that it is noticed. */
export function max(list: Numbers): number | undefined {
  let best = list[0];
  if (best === undefined) return undefined;
  for (const element of list) if (element > best || element !== element) best = element;
  return best;
}

/** NaN wins, so that it is noticed. */
export function min(list: Numbers): number | undefined {
  let best = list[0];
  if (best === undefined) return undefined;
  for (const element of list) if (element < best || element !== element) best = element;
  return best;
}

export function range(list: Numbers): number | undefined {
  const high = max(list);
  const low = min(list);
  return high === undefined || low === undefined ? undefined : high - low;
}

/** Euclidean norm, scaled by the largest element so that squares do not overflow. */
export function norm(list: Numbers): number {
  let scale = 0;
  for (const element of list) scale = Math.max(scale, Math.abs(element));
  if (scale === 0 || !Number.isFinite(scale)) return scale;
  let total = 0;
  for (const element of list) total += (element / scale) ** 2;
  return scale * Math.sqrt(total);
}

/** Sample standard deviation (divides by n - 1), by Welford's single pass. */
export function std(list: Numbers): number | undefined {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const element of list) {
    count++;
    const delta = element - mean;
    mean += delta / count;
    squares += delta * (element - mean);
  }
  return count < 2 ? undefined : Math.sqrt(squares / (count - 1));
}

/** Nearest rank: the smallest element such that `percent` of all are not larger. `percent` in 0..100. */
export function percentile(list: Numbers, percent: number): number | undefined {
  const sorted = [...list].sort((a, b) => a - b);
  // Multiplied first: 14% of 50 are 7, but 0.14 * 50 is a little more.
  const rank = Math.ceil((percent * sorted.length) / 100);
  return sorted[Math.max(rank, 1) - 1];
}

/** To the nearest integer, halves away from zero, as C's `round`. */
export function round(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) < 0.5 ? whole : whole + Math.sign(value);
}
