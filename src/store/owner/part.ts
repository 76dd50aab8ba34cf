import type { TickCommit } from '../ownerStore.ts';

/** One kind of row that a tick may write: a data-modifying `with` query that does nothing unless `go` has a row. */
export interface Part {
  readonly name: string;
  applies(tick: TickCommit): boolean;
  /** `next()` names the next parameter; as many as `values` gives. $1 is the account, $2 the epoch, $3 the tick. */
  sql(next: () => string): string;
  values(tick: TickCommit): readonly unknown[];
}

export const GO = 'exists (select from go)';

/** `on conflict (key) do update` of all other columns. */
export function overwrite(key: string, columns: readonly string[]): string {
  return `on conflict (${key}) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`;
}
