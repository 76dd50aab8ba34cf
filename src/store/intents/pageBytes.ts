/**
 * Text of specifications in one page, in bytes: a thousand resources of a megabyte each would be a gigabyte in this
 * process.
 */
const PAGE_BYTES = 8 * 1024 * 1024;

/** A row of a bounded statement. */
export interface Bounded {
  /** Bytes of the specifications up to and with this row's. */
  readonly bytes: number;
}

/**
 * `select` (which has a column `spec`) with its rows in the order of `key`, up to the one that passes the bound of a
 * page: there is always a first.
 */
export function bounded(select: string, key: string): string {
  return `select * from (select x.*, sum(octet_length(x.spec::text)) over (order by x.${key}) as bytes from (${select}) x) y
   where y.bytes - octet_length(y.spec::text) < ${PAGE_BYTES} order by y.${key}`;
}

/** Whether the database may have left out what comes after these rows. */
export function isFull(rows: readonly Bounded[]): boolean {
  return (rows.at(-1)?.bytes ?? 0) >= PAGE_BYTES;
}

/** Whether rows found in several statements have reached the bound together. */
export function areFull(rows: readonly { readonly spec: string }[]): boolean {
  return rows.reduce((sum, { spec }) => sum + spec.length, 0) >= PAGE_BYTES;
}
