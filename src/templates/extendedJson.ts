import type { Json } from './json.ts';

/**
 * A string, which may go over several lines, a comment, or a word, with the colon that makes it a name. The beginning
 * of a string or comment without an end is found as well.
 */
const EXTENDED = /"[^"\\]*(?:\\[^][^"\\]*)*"|\/\/[^\r\n]*|\/\*[^]*?\*\/|[A-Za-z_$][\w$]*(?:\s*:)?|"|\/\*/g;
// oxlint-disable-next-line no-control-regex -- what JSON lets stand in a string only escaped
const CONTROL = /[\u0000-\u001F]/g;

/**
 * Reads JSON as Resource Manager takes it: comments may stand in it, strings may have line ends, and names need no
 * quotes. `az` sends templates as their files have them, behind the name `template` without quotes.
 *
 * @throws SyntaxError
 */
export function readExtendedJson(text: string): Json {
  const parts: string[] = [];
  let read = 0;
  // One after the other, unlike `replaceAll`: the end of each of many that have none is not looked for.
  for (const { 0: found, index } of text.matchAll(EXTENDED)) {
    parts.push(text.slice(read, index), plain(found));
    read = index + found.length;
  }
  const value: Json = JSON.parse(parts.join('') + text.slice(read));
  return value;
}

function plain(found: string): string {
  if (found === '"' || found === '/*') throw new SyntaxError('a string or a comment has no end');
  if (found.startsWith('/')) return ' ';
  if (found.startsWith('"')) return found.replaceAll(CONTROL, escaped);
  return found.endsWith(':') ? `"${found.slice(0, -1).trimEnd()}":` : found;
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1);
}
