import { LIMITS, type Limits } from './limits.ts';
import { Failure, locate, quote, type Finding, type Problem, type Span } from './problems.ts';
import { PRECEDENCE, type BinaryOperator, type BrokenStatement, type Expression, type Statement } from './syntax.ts';
import { tokenize, type Punctuation, type Token } from './tokens.ts';

/**
 * Tokens to tree, by recursive descent with precedence climbing.
 *
 *     formula    := statement? (';' statement?)*
 *     statement  := [name '='] expression
 *     expression := binary ['?' expression ':' expression]
 *     binary     := unary (operator unary)*          operators and their strength: syntax.ts
 *     unary      := ('-' | '!') unary | postfix
 *     postfix    := primary ('.' name ['(' arguments ')'])*
 *     primary    := number | string | name | name '(' arguments ')' | '(' expression ')'
 *
 * A statement that does not parse is reported once and skipped to its ';', or to an assignment that begins a line, so
 * that one reading finds the errors of all statements. Each level of recursion is counted against `limits.depth`.
 */
export function parse(text: string, limits: Limits = LIMITS): Parsed {
  if (text.length > limits.characters) return { statements: [], outline: [], problems: [tooLong(text, limits)] };
  const parser = new Parser(text, limits);
  const outline = parser.outline();
  return { statements: outline.filter((part) => part.kind !== 'broken'), outline, problems: parser.findings.map((finding) => locate(text, finding)) };
}

interface Parsed {
  readonly statements: Statement[];
  /** The statements, and among them those that did not parse, in order. */
  readonly outline: readonly (Statement | BrokenStatement)[];
  readonly problems: Problem[];
}

function tooLong(text: string, limits: Limits): Problem {
  const span = { start: limits.characters, end: text.length };
  return locate(text, { code: 'FormulaTooLong', span, expected: `at most ${limits.characters} characters`, found: `${text.length} characters` });
}

/** One method for each rule of the grammar. A rule that does not find what it needs throws; `outline` catches. */
class Parser {
  readonly findings: Finding[] = [];
  readonly #text: string;
  readonly #limits: Limits;
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #position = 0;
  #depth = 0;

  constructor(text: string, limits: Limits) {
    this.#text = text;
    this.#limits = limits;
    this.#tokens = tokenize(text);
    this.#end = { kind: 'end', text: '', start: text.length, end: text.length };
  }

  outline(): (Statement | BrokenStatement)[] {
    const parsed: (Statement | BrokenStatement)[] = [];
    let count = 0;
    while (this.#peek().kind !== 'end' && this.findings.length < this.#limits.problems) {
      if (this.#at(';')) {
        this.#next();
        continue;
      }
      if (++count > this.#limits.statements) {
        this.findings.push(tooMany(this.#peek(), count, this.#limits));
        break;
      }
      const name = this.#atAssignment() ? this.#peek().text : undefined;
      try {
        parsed.push(this.#statement());
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.findings.push(error.finding);
        parsed.push({ kind: 'broken', name }, ...this.#skip());
      }
    }
    return parsed;
  }

  /**
   * To where the next statement seems to begin: in a formula that lacks a ';' that is at an assignment on a new line.
   * @returns what is assigned on the way, so that nobody misses it further down
   */
  #skip(): BrokenStatement[] {
    const skipped: BrokenStatement[] = [];
    while (this.#peek().kind !== 'end' && !this.#at(';')) {
      if (this.#atAssignment()) {
        if (this.#beginsLine()) break;
        skipped.push({ kind: 'broken', name: this.#peek().text });
      }
      this.#next();
    }
    return skipped;
  }

  #beginsLine(): boolean {
    return /[\r\n]/.test(this.#text.slice(this.#lastEnd(), this.#peek().start));
  }

  #atAssignment(): boolean {
    const second = this.#tokens[this.#position + 1];
    return this.#peek().kind === 'name' && second?.kind === 'punctuation' && second.text === '=';
  }

  #statement(): Statement {
    this.#depth = 0;
    const first = this.#peek();
    const assigns = this.#atAssignment();
    if (assigns) this.#position += 2;
    const value = this.#expression();
    if (this.#peek().kind !== 'end' && !this.#at(';')) throw this.#unexpected(this.#whatEndsAStatement());
    const span = spanOf(first, value.span);
    return assigns ? { kind: 'assignment', span, name: first.text, nameSpan: plain(first), value } : { kind: 'expression', span, value };
  }

  #whatEndsAStatement(): string {
    if (this.#atAssignment()) return "';' before the next assignment";
    return this.#at('=') ? "'==' to compare, or ';' before the next assignment" : "an operator, ';' or the end";
  }

  #expression(): Expression {
    this.#enter();
    const test = this.#binary(1);
    const result = this.#at('?') ? this.#conditional(test) : test;
    this.#depth--;
    return result;
  }

  #conditional(test: Expression): Expression {
    this.#next();
    const whenTrue = this.#expression();
    this.#expect(':', "an operator or ':'");
    const whenFalse = this.#expression();
    const span = spanOf(test.span, whenFalse.span);
    return this.#checked({ kind: 'conditional', test, whenTrue, whenFalse, span, height: above(test, whenTrue, whenFalse) });
  }

  /**
   * Operators that bind at least as tight as `strength`; on the right of one only tighter ones, so that equals group to
   * the left.
   */
  #binary(strength: number): Expression {
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      const operator = binaryOperator(token);
      if (operator === undefined || PRECEDENCE[operator] < strength) return left;
      this.#next();
      const right = this.#binary(PRECEDENCE[operator] + 1);
      const span = spanOf(left.span, right.span);
      left = this.#checked({ kind: 'binary', operator, operatorSpan: plain(token), left, right, span, height: above(left, right) });
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token.kind !== 'punctuation' || (token.text !== '-' && token.text !== '!')) return this.#postfix();
    this.#enter();
    this.#next();
    const operand = this.#unary();
    this.#depth--;
    return this.#checked({ kind: 'unary', operator: token.text, operand, span: spanOf(token, operand.span), height: above(operand) });
  }

  #postfix(): Expression {
    let object = this.#primary();
    while (this.#at('.')) {
      this.#next();
      const token = this.#peek();
      if (token.kind !== 'name') throw this.#unexpected("the name of a member or method after '.'");
      this.#next();
      const args = this.#at('(') ? this.#argumentList() : undefined;
      const span = { start: object.span.start, end: this.#lastEnd() };
      object = this.#checked(
        args === undefined
          ? { kind: 'member', object, member: token.text, memberSpan: plain(token), span, height: above(object) }
          : { kind: 'method', object, method: token.text, methodSpan: plain(token), args, span, height: above(object, ...args) },
      );
    }
    return object;
  }

  #primary(): Expression {
    const token = this.#peek();
    const span = plain(token);
    switch (token.kind) {
      case 'number':
        this.#next();
        return { kind: 'number', value: token.value, span, height: 1 };
      case 'string':
        this.#next();
        return { kind: 'string', value: token.value, span, height: 1 };
      case 'name': {
        this.#next();
        if (!this.#at('(')) return { kind: 'name', name: token.text, span, height: 1 };
        const args = this.#argumentList();
        const whole = { start: token.start, end: this.#lastEnd() };
        return this.#checked({ kind: 'call', callee: token.text, calleeSpan: span, args, span: whole, height: above(...args) });
      }
      case 'punctuation':
      case 'unknown':
      case 'end':
        return this.#parenthesized();
    }
  }

  #parenthesized(): Expression {
    this.#expect('(', "a value (a number, a name, a call or '(')");
    const inner = this.#expression();
    this.#expect(')', "an operator or ')'");
    return inner;
  }

  #argumentList(): Expression[] {
    this.#next();
    const args: Expression[] = [];
    if (!this.#at(')')) {
      do args.push(this.#expression());
      while (this.#at(',') && this.#next());
    }
    this.#expect(')', args.length === 0 ? "an argument or ')'" : "an operator, ',' or ')'");
    return args;
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? this.#end;
  }

  #at(mark: Punctuation): boolean {
    const token = this.#peek();
    return token.kind === 'punctuation' && token.text === mark;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#position++;
    return token;
  }

  #lastEnd(): number {
    return (this.#tokens[this.#position - 1] ?? this.#end).end;
  }

  #expect(mark: Punctuation, expected: string): void {
    if (!this.#at(mark)) throw this.#unexpected(expected);
    this.#next();
  }

  #unexpected(expected: string): Failure {
    const token = this.#peek();
    return new Failure('UnexpectedText', plain(token), token.kind === 'unknown' ? token.note : expected, describe(token));
  }

  /** Bounds the recursion of the rules themselves ... */
  #enter(): void {
    if (++this.#depth > this.#limits.depth) throw tooDeep(this.#peek(), this.#limits);
  }

  /** ... and the height of the tree, which a long chain of operators makes without recursion. */
  #checked<T extends Expression>(node: T): T {
    if (node.height > this.#limits.depth) throw tooDeep(node.span, this.#limits);
    return node;
  }
}

function tooMany(token: Token, count: number, limits: Limits): Finding {
  return { code: 'TooManyStatements', span: plain(token), expected: `at most ${limits.statements} statements`, found: `statement ${count}` };
}

function tooDeep(span: Span, limits: Limits): Failure {
  return new Failure('TooDeep', plain(span), `at most ${limits.depth} levels`, 'more');
}

function above(...nodes: readonly Expression[]): number {
  return 1 + nodes.reduce((height, node) => Math.max(height, node.height), 0);
}

function binaryOperator(token: Token): BinaryOperator | undefined {
  return token.kind === 'punctuation' && isBinaryOperator(token.text) ? token.text : undefined;
}

function isBinaryOperator(text: string): text is BinaryOperator {
  return Object.hasOwn(PRECEDENCE, text);
}

function spanOf(first: Span, last: Span): Span {
  return { start: first.start, end: last.end };
}

function plain(span: Span): Span {
  return { start: span.start, end: span.end };
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end of the formula' : quote(token.text);
}
