/** Hexadecimal digits of ticks are made in two parts, each an exact number. */
const LOW_DIGITS = 6;
const LOW_RANGE = 16 ** LOW_DIGITS;
/** Milliseconds between year 1 and 1970. */
const EPOCH_TICK_MS = 62_135_596_800_000;

/**
 * The ETag of a resource last modified at these milliseconds since 1970: `0x8DA9061B2F7BB2F`, unquoted, equal to the
 * `eTag` body property. It is the .NET tick count (100 ns since year 1) of `lastModified` in hexadecimal (recorded:
 * 2022-09-06T23:44:11.5153711Z), here without the cost of big integers: pages of a thousand resources carry a thousand.
 */
export function etagOfMs(modifiedMs: number): string {
  const ms = EPOCH_TICK_MS + modifiedMs;
  const low = (ms % LOW_RANGE) * 10_000;
  const high = Math.floor(ms / LOW_RANGE) * 10_000 + Math.floor(low / LOW_RANGE);
  const digits = high.toString(16) + (low % LOW_RANGE).toString(16).padStart(LOW_DIGITS, '0');
  return `0x${digits.toUpperCase()}`;
}
