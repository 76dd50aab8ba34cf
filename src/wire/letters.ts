/**
 * A text with the letters A to Z in lower case and all else as it is: for names and ids, which are ASCII. The lower
 * case of all of Unicode would make two of what only looks alike: the sign of the unit kelvin (U+212A) lowers to `k`.
 */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Stands in an id for a letter that no id has. */
const NO_LETTER = '\u{FFFD}';

/**
 * An id that is compared by the lower case of Unicode, with its look-alikes of ASCII letters taken out: they are in no
 * id.
 */
export function withoutLookAlikes(id: string): string {
  return id.replaceAll('\u{212A}', NO_LETTER);
}
