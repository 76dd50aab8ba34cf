import type { Json } from './json.ts';

/** A string, which may go over several lines, or a comment. */
const STRING_OR_COMMENT = /"[^"\\]*(?:\\[^][^"\\]*)*"|\/\/[^\r\n]*|\/\*[^]*?\*\//g;
// oxlint-disable-next-line no-control-regex -- what JSON lets stand in a string only escaped
const CONTROL = /[\u0000-\u001F]/g;

/**
 * Reads JSON as Resource Manager takes it: comments may stand in it, and strings may have line ends. `az` sends
 * templates as their files have them.
 *
 * @throws SyntaxError
 */
export function readExtendedJson(text: string): Json {
  const value: Json = JSON.parse(text.replaceAll(STRING_OR_COMMENT, (found) => (found.startsWith('"') ? found.replaceAll(CONTROL, escaped) : ' ')));
  return value;
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}
