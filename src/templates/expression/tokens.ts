import { ExpressionError } from '../errors.ts';

export type TokenKind = keyof typeof PATTERNS | 'EndOfData';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** The kinds of words, by the names that Resource Manager's messages give them. */
const PATTERNS = {
  Identifier: /[A-Za-z_][A-Za-z0-9_]*/y,
  Integer: /-?\d+/y,
  String: /'(?:[^']|'')*'/y,
  LeftParenthesis: /\(/y,
  RightParenthesis: /\)/y,
  LeftSquareBracket: /\[/y,
  RightSquareBracket: /\]/y,
  Comma: /,/y,
  Dot: /\./y,
} as const;
const KINDS = Object.entries(PATTERNS).map(([kind, pattern]) => ({ kind: kind as keyof typeof PATTERNS, pattern }));
const BLANKS = /\s*/y;

/** @returns the words in order, of which the last one is `EndOfData`. @throws ExpressionError */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = matchAt(BLANKS, text, 0).length;
  while (at < text.length) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.text.length;
    at += matchAt(BLANKS, text, at).length;
  }
  return [...tokens, { kind: 'EndOfData', text: '', at: text.length }];
}

function tokenAt(text: string, at: number): Token {
  for (const { kind, pattern } of KINDS) {
    const found = matchAt(pattern, text, at);
    if (found !== '') return { kind, text: found, at };
  }
  const reason = text.charAt(at) === "'" ? `the string constant at position '${at}' is not terminated` : `the string character '${text.charAt(at)}' at position '${at}' is not expected`;
  throw new ExpressionError(`The language expression '${text}' is not valid: ${reason}`);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
