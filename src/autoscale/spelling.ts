/** "Did you mean": the known name that is most like what was written. */

/** @returns one that differs in case alone, else one that is a letter or two away; undefined if none is that close */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  if (written.length > LONGEST) return undefined;
  const lower = written.toLowerCase();
  const mostChanges = written.length < 3 ? 0 : written.length < 6 ? 1 : 2; // in short names a letter makes another word
  let best: { readonly name: string; readonly changes: number } | undefined;
  for (const name of names) {
    if (Math.abs(name.length - written.length) > mostChanges) continue;
    const changes = distance(lower, name.toLowerCase());
    if (changes <= mostChanges && changes < (best?.changes ?? Number.POSITIVE_INFINITY)) best = { name, changes };
  }
  return best?.name;
}

/** No name of the service comes near it; a formula of 8 KB could hold a name as long as itself. */
const LONGEST = 64;

/** Letters to insert, drop or replace (Levenshtein), row by row of the usual table. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...a].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (row[column - 1] ?? 0) + Number(letter !== b[column - 1]);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
