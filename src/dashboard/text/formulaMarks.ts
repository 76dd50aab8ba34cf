/** Where in a formula something stands that is to be looked at, as a place on a grid of equally wide letters. */

interface Place {
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Mark {
  /** Counted from 0. */
  readonly row: number;
  readonly column: number;
  readonly width: number;
}

/** Letters that a tabulator reaches to; as `tab-size` in the styles. */
const TAB_SIZE = 4;

/** A name or a number is marked whole, of all else one letter; what stands at the end of a line is marked behind it. */
export function markOf(text: string, { line, column }: Place): Mark {
  const letters = text.split('\n')[line - 1] ?? '';
  const word = /^[$\w.]+/.exec(letters.slice(column - 1))?.[0].length ?? 1;
  const from = widthOf(letters.slice(0, column - 1));
  return { row: line - 1, column: from, width: word };
}

/** Where in the whole text it stands, in letters from its begin. */
export function offsetOf(text: string, { line, column }: Place): number {
  const before = text.split('\n').slice(0, line - 1);
  return Math.min(text.length, before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1);
}

function widthOf(letters: string): number {
  let width = 0;
  for (const letter of letters) width += letter === '\t' ? TAB_SIZE - (width % TAB_SIZE) : 1;
  return width;
}
