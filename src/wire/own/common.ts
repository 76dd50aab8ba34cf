/**
 * What answers of several of our own operations have (docs/own-operations.md). The service writes these shapes, and the
 * page reads them.
 */

/**
 * How far the account was when an answer was read, opaque: the answer shows all that was committed by then. A stream of
 * events that begins at it misses nothing that the answer does not show.
 */
export type Rev = string;

/** An object of the account, by its ids. */
export type Ref =
  | { readonly kind: 'account' }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'node'; readonly pool: string; readonly node: string }
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'task'; readonly job: string; readonly task: string };

/** A request that would mend what an answer tells of: whoever may write can send it as it stands. */
export interface Fix {
  readonly label: string;
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** null: none. */
  readonly body: object | null;
}
