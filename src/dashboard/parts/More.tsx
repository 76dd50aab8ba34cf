import { useState } from 'preact/hooks';
import { nextPage, type Page } from '../client/batch.ts';
import { count } from '../text/format.ts';
import { sayError } from './toasts.tsx';

/** Rows of a list of which the service gives a page at a time. */
export interface MoreRows<Row> {
  readonly rows: readonly Row[];
  /** undefined: these are all. */
  readonly more: (() => void) | undefined;
}

/** `first`: the first page, as new as it is; further ones come as they are asked for, and stay as they were then. */
export function useMore<Row>({ value, 'odata.nextLink': next }: Page<Row>, idOf: (row: Row) => string): MoreRows<Row> {
  const [further, setFurther] = useState<Page<Row>>();
  const ids = new Set(value.map(idOf));
  const link = further === undefined ? next : further['odata.nextLink'];
  const take = (page: Page<Row>): void => setFurther((before) => ({ ...page, value: [...(before?.value ?? []), ...page.value] }));
  return { rows: [...value, ...(further?.value ?? []).filter((row) => !ids.has(idOf(row)))], more: link === undefined ? undefined : () => void nextPage<Row>(link).then(take, sayError) };
}

export function More({ of: { rows, more } }: { readonly of: MoreRows<never> | MoreRows<unknown> }) {
  return more === undefined ? null : <div class="card-pad"><button type="button" class="btn s" onClick={more}>More than these {count(rows.length)}</button></div>;
}
