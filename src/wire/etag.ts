/** Ticks (100 ns) between year 1 and 1970: the service's clock is .NET's. */
const epochTicks = 621_355_968_000_000_000n;

/**
 * The ETag of a resource last modified at `modifiedTicks`: `0x8DA9061B2F7BB2F`, unquoted, equal to the `eTag` body
 * property. It is the .NET tick count of `lastModified` in hexadecimal (recorded: 2022-09-06T23:44:11.5153711Z), so two
 * changes within a millisecond must differ in their ticks.
 */
export function etagOf(modifiedTicks: bigint): string {
  return `0x${modifiedTicks.toString(16).toUpperCase()}`;
}

/** .NET ticks of milliseconds since 1970. */
export function ticksOfMs(epochMs: number): bigint {
  return epochTicks + BigInt(Math.floor(epochMs)) * 10_000n;
}

/** Milliseconds since 1970 of .NET ticks; what is below the millisecond is cut. */
export function msOfTicks(ticks: bigint): number {
  return Number(ticks / 10_000n - epochTicks / 10_000n);
}

/** Hexadecimal digits of ticks are made in two parts, each an exact number. */
const lowDigits = 6;
const lowRange = 16 ** lowDigits;
const epochTickMs = 62_135_596_800_000;

/** `etagOf` of whole milliseconds, without the cost of big integers: pages of a thousand resources carry a thousand. */
export function etagOfMs(modifiedMs: number): string {
  const ms = epochTickMs + modifiedMs;
  const low = (ms % lowRange) * 10_000;
  const high = Math.floor(ms / lowRange) * 10_000 + Math.floor(low / lowRange);
  const digits = high.toString(16) + (low % lowRange).toString(16).padStart(lowDigits, '0');
  return `0x${digits.toUpperCase()}`;
}
