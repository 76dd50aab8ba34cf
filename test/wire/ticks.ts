/** Ticks (100 ns) between year 1 and 1970: the service's clock is .NET's. */
const EPOCH_TICKS = 621_355_968_000_000_000n;

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
  return EPOCH_TICKS + BigInt(Math.floor(epochMs)) * 10_000n;
}

/** Milliseconds since 1970 of .NET ticks; what is below the millisecond is cut. */
export function msOfTicks(ticks: bigint): number {
  return Number(ticks / 10_000n - EPOCH_TICKS / 10_000n);
}
