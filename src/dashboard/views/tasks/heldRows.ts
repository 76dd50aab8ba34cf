/** Rows under somebody's eyes: they keep their places while newer ones are known, and are told what became of them. */
import type { TaskRow } from '../../../wire/own/tasks.ts';

export interface HeldRows {
  /** In their places; what is known anew of them stands in them. */
  readonly rows: readonly TaskRow[];
  /** Of rows that an answer has no more. */
  readonly gone: ReadonlySet<string>;
  /** Ids that it has and that stand nowhere yet. */
  readonly added: ReadonlySet<string>;
}

/** `fresh`: the same part of the list as it would be now. */
export function heldRows(shown: readonly TaskRow[], fresh: readonly TaskRow[]): HeldRows {
  const byId = new Map(fresh.map((row) => [row.id, row]));
  const known = new Set(shown.map(({ id }) => id));
  return {
    rows: shown.map((row) => byId.get(row.id) ?? row),
    gone: new Set(shown.filter(({ id }) => !byId.has(id)).map(({ id }) => id)),
    added: new Set(fresh.filter(({ id }) => !known.has(id)).map(({ id }) => id)),
  };
}
