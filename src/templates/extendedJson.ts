import type { Json } from './json.ts';

/** A string, which may go over several lines, a comment, or a name without quotes. */
const EXTENDED = /"[^"\\]*(?:\\[^][^"\\]*)*"|\/\/[^\r\n]*|\/\*[^]*?\*\/|[A-Za-z_$][\w$]*(?=\s*:)/g;
// oxlint-disable-next-line no-control-regex -- what JSON lets stand in a string only escaped
const CONTROL = /[\u0000-\u001F]/g;

/**
 * Reads JSON as Resource Manager takes it: comments may stand in it, strings may have line ends, and names need no
 * quotes. `az` sends templates as their files have them, behind the name `template` without quotes.
 *
 * @throws SyntaxError
 */
export function readExtendedJson(text: string): Json {
  const value: Json = JSON.parse(text.replaceAll(EXTENDED, plain));
  return value;
}

function plain(found: string): string {
  if (found.startsWith('/')) return ' ';
  return found.startsWith('"') ? found.replaceAll(CONTROL, escaped) : `"${found}"`;
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}
