import { ExpressionError } from '../errors.ts';
import { TEMPLATE_LIMITS } from '../limits.ts';
import type { Expression } from './syntax.ts';
import { type Token, type TokenKind, tokensOf } from './tokens.ts';

/** The largest number that an expression may hold: 32 bits with a sign, as in the real service. */
const LARGEST = 2_147_483_647;

/**
 * What a text of a template stands for: itself, or an expression in brackets. `[[` at the beginning is a text that
 * begins with one bracket.
 */
export function readText(text: string): string | Expression {
  if (!text.startsWith('[') || !text.endsWith(']')) return text;
  return text.startsWith('[[') ? text.slice(1) : parse(text.slice(1, -1));
}

/** @throws ExpressionError */
function parse(text: string): Expression {
  if (text.length > TEMPLATE_LIMITS.expressionCharacters)
    throw new ExpressionError(`The template language expression limit exceeded. Limit: '${TEMPLATE_LIMITS.expressionCharacters}' and actual: '${text.length}'`);
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): Expression {
    const expression = this.#expression();
    this.#take('EndOfData');
    return expression;
  }

  #expression(): Expression {
    if (++this.#depth > TEMPLATE_LIMITS.expressionDepth)
      throw new ExpressionError(`The language expression is nested deeper than '${TEMPLATE_LIMITS.expressionDepth}' levels`);
    let expression = this.#operand();
    for (;;) {
      if (this.#is('Dot')) expression = { kind: 'member', of: expression, name: this.#take('Identifier').text };
      else if (this.#is('LeftSquareBracket')) {
        expression = { kind: 'index', of: expression, index: this.#expression() };
        this.#take('RightSquareBracket');
      } else break;
    }
    this.#depth--;
    return expression;
  }

  #operand(): Expression {
    const token = this.#token();
    this.#next++;
    switch (token.kind) {
      case 'String':
        return { kind: 'text', value: token.text.slice(1, -1).replaceAll("''", "'") };
      case 'Integer':
        if (Math.abs(Number(token.text)) > LARGEST)
          throw new ExpressionError(`The language expression '${this.#text}' is not valid: the value '${token.text}' at position '${token.at}' cannot be converted to number`);
        return { kind: 'number', value: Number(token.text) };
      case 'Identifier':
        return this.#call(token);
      default:
        throw this.#unexpected('Identifier', token);
    }
  }

  /** Functions that a template defines itself have the name of a namespace before theirs. */
  #call(first: Token): Expression {
    let name = first.text;
    while (this.#is('Dot')) name += `.${this.#take('Identifier').text}`;
    this.#take('LeftParenthesis');
    const args: Expression[] = [];
    if (!this.#is('RightParenthesis')) {
      do args.push(this.#expression());
      while (this.#is('Comma'));
      this.#take('RightParenthesis');
    }
    return { kind: 'call', name, args, at: first.at };
  }

  #is(kind: TokenKind): boolean {
    if (this.#token().kind !== kind) return false;
    this.#next++;
    return true;
  }

  #take(kind: TokenKind): Token {
    const token = this.#token();
    if (token.kind !== kind) throw this.#unexpected(kind, token);
    this.#next++;
    return token;
  }

  #token(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error('an expression has no last token');
    return token;
  }

  #unexpected(expected: TokenKind, { kind, at }: Token): ExpressionError {
    return new ExpressionError(`Unable to parse language expression '${this.#text}': expected token '${expected}' and actual '${kind}' at position '${at}'`);
  }
}
