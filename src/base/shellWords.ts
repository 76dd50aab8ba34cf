/** Words of these characters alone mean themselves, to a shell and to Batch's splitter of command lines. */
export const PLAIN_WORD = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** A word that a POSIX shell reads as itself, whatever is in it. */
export function quoteForShell(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
