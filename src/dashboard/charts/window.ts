/**
 * Which rows of a long list are on the screen. Browsers end a page at 17 to 33 million pixels, so that a list beyond
 * `MOST_PX` is scrolled by a height of its own: places are scaled, rows are not.
 */

const MOST_PX = 8_000_000;

export interface ListSize {
  readonly rows: number;
  readonly rowPx: number;
  /** Of what shows them. */
  readonly viewPx: number;
}

export interface Window {
  /** The first row drawn, and the one after the last. */
  readonly from: number;
  readonly until: number;
  /** Where the first one stands, from the top of what scrolls. */
  readonly topPx: number;
}

/** The height of what scrolls. */
export function scrollHeight({ rows, rowPx }: Pick<ListSize, 'rows' | 'rowPx'>, mostPx = MOST_PX): number {
  return Math.min(rows * rowPx, mostPx);
}

/** `overscan`: rows beyond each edge. */
export function windowAt(scrollTop: number, size: ListSize, { overscan = 8, mostPx = MOST_PX } = {}): Window {
  const { rows, rowPx, viewPx } = size;
  const offsetPx = offsetAt(scrollTop, size, mostPx);
  const from = Math.max(0, Math.floor(offsetPx / rowPx) - overscan);
  const until = Math.min(rows, Math.ceil((offsetPx + viewPx) / rowPx) + overscan);
  return { from, until: Math.max(from, until), topPx: scrollTop + (from * rowPx - offsetPx) };
}

/** How far the list is scrolled, in its own pixels. */
function offsetAt(scrollTop: number, { rows, rowPx, viewPx }: ListSize, mostPx: number): number {
  const whole = Math.max(0, rows * rowPx - viewPx);
  const height = scrollHeight({ rows, rowPx }, mostPx);
  const room = Math.max(1, height - viewPx);
  const top = Math.min(Math.max(scrollTop, 0), room);
  return height < rows * rowPx ? (top / room) * whole : Math.min(top, whole);
}

/** Where to scroll so that a row is on the screen, if it is not. */
export function scrollTo(row: number, scrollTop: number, size: ListSize, mostPx = MOST_PX): number {
  const { rows, rowPx, viewPx } = size;
  const offsetPx = offsetAt(scrollTop, size, mostPx);
  const wanted = row * rowPx < offsetPx ? row * rowPx : (row + 1) * rowPx > offsetPx + viewPx ? (row + 1) * rowPx - viewPx : offsetPx;
  const whole = Math.max(1, rows * rowPx - viewPx);
  const room = Math.max(1, scrollHeight({ rows, rowPx }, mostPx) - viewPx);
  return scrollHeight({ rows, rowPx }, mostPx) < rows * rowPx ? (wanted / whole) * room : wanted;
}
