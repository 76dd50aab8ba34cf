import type { Span } from './problems.ts';

/**
 * Text to tokens. The tokeniser never fails: what it does not know becomes an `unknown` token, reported where it is
 * met.
 */
export type Token = Span & TokenBody;

type TokenBody =
  | { readonly kind: 'number'; readonly text: string; readonly value: number }
  | { readonly kind: 'string'; readonly text: string; readonly value: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'punctuation'; readonly text: Punctuation }
  | { readonly kind: 'unknown'; readonly text: string; readonly note: string }
  | { readonly kind: 'end'; readonly text: '' };

/** Longer ones first, so that the first match is the longest. */
const PUNCTUATION = ['&&', '||', '==', '!=', '<=', '>=', '<', '>', '=', '+', '-', '*', '/', '!', '?', ':', '(', ')', ',', '.', ';'] as const;
export type Punctuation = (typeof PUNCTUATION)[number];

// Blanks and `//` comments; a `$` inside a comment means nothing (autoscale article; nextflow's published formula).
const SKIPPED = /(?:[\s\uFEFF]+|\/\/[^\r\n]*)+/y;
const NAME = /\$?[A-Za-z_][A-Za-z0-9_]*/y;
// The article shows `4`, `0.7`, `600.0`; `.5`, `5.` and exponents are accepted too (docs/autoscale.md, decisions).
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const STRING = /"[^"\r\n]*"/y;

const NOTES: Readonly<Record<string, string>> = {
  '%': "an operator ('%' is none of the language; write a - b * floor(a / b))",
  '^': "an operator ('^' is none of the language; multiply instead)",
  '&': "'&&'",
  '|': "'||'",
  $: "a name after '$'",
  '"': "a closing '\"' on the same line",
  "'": "'\"' around the string",
  '“': "'\"' around the string",
  '”': "'\"' around the string",
  '–': "'-'",
  '—': "'-'",
  '−': "'-'",
  '#': "'//' (comments begin with two slashes)",
  '[': 'a value (vectors are not written out; GetSample() gives them)',
  '{': "an expression (there are no blocks; 'test ? a : b' decides)",
  '\\': 'the formula without escapes of a shell or template',
};

/** @returns the tokens in order; the last one is always `end`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  for (;;) {
    offset += matchAt(SKIPPED, text, offset).length;
    if (offset >= text.length) break;
    const token = tokenAt(text, offset, tokens.at(-1));
    tokens.push(token);
    offset = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length });
  return tokens;
}

function tokenAt(text: string, start: number, previous: Token | undefined): Token {
  const name = matchAt(NAME, text, start);
  if (name !== '') return { kind: 'name', text: name, start, end: start + name.length };
  // After a name or ')' a dot is member access, also before a digit.
  const mayBeNumber = text[start] !== '.' || (previous?.kind !== 'name' && previous?.text !== ')');
  const number = mayBeNumber ? matchAt(NUMBER, text, start) : '';
  if (number !== '') return { kind: 'number', text: number, value: Number(number), start, end: start + number.length };
  const string = matchAt(STRING, text, start);
  if (string !== '') return { kind: 'string', text: string, value: string.slice(1, -1), start, end: start + string.length };
  if (!text.startsWith('/*', start)) {
    const mark = PUNCTUATION.find((candidate) => text.startsWith(candidate, start));
    if (mark !== undefined) return { kind: 'punctuation', text: mark, start, end: start + mark.length };
  }
  return unknownAt(text, start);
}

function unknownAt(text: string, start: number): Token {
  const char = String.fromCodePoint(text.codePointAt(start) ?? 0xfffd);
  if (text.startsWith('/*', start)) return { kind: 'unknown', text: '/*', note: "'//' (comments run to the end of the line)", start, end: start + 2 };
  if (char === '"') {
    const rest = /^[^\r\n;]*/.exec(text.slice(start))?.[0] ?? char;
    return { kind: 'unknown', text: rest, note: NOTES['"'] ?? '', start, end: start + rest.length };
  }
  return { kind: 'unknown', text: char, note: NOTES[char] ?? otherNote(char), start, end: start + char.length };
}

function otherNote(char: string): string {
  return /\p{L}/u.test(char) ? "a letter from 'a' to 'z' (names have no others)" : 'a name, a number, an operator or a bracket';
}

function matchAt(pattern: RegExp, text: string, offset: number): string {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? '';
}
