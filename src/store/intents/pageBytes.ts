/** Text of specifications in one page, in bytes: a thousand resources of a megabyte each would be a gigabyte in this process. */
const pageBytes = 8 * 1024 * 1024;

/** A row of a bounded statement. */
export interface Bounded {
  /** Bytes of the specifications up to and with this row's. */
  readonly bytes: number;
}

/** `select` (which has a column `spec`) with its rows in the order of `key`, up to the one that passes the bound of a page: there is always a first. */
export const bounded = (select: string, key: string): string =>
  `select * from (select x.*, sum(octet_length(x.spec::text)) over (order by x.${key}) as bytes from (${select}) x) y
   where y.bytes - octet_length(y.spec::text) < ${pageBytes} order by y.${key}`;

/** Whether the database may have left out what comes after these rows. */
export const isFull = (rows: readonly Bounded[]): boolean => (rows.at(-1)?.bytes ?? 0) >= pageBytes;

/** Whether rows found in several statements have reached the bound together. */
export const areFull = (rows: readonly { readonly spec: string }[]): boolean => rows.reduce((sum, { spec }) => sum + spec.length, 0) >= pageBytes;
