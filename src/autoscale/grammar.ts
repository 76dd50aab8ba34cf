import { LIMITS, type Limits } from './limits.ts';
import { Failure, locate, quote, type Finding, type Problem, type Span } from './problems.ts';
import { PRECEDENCE, type BinaryOperator, type Expression, type Statement } from './syntax.ts';
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
 * A statement that does not parse is reported once and skipped to its ';', so that one reading finds the errors of all
 * statements. Each level of recursion is counted against `limits.depth`.
 */
export function parse(text: string, limits: Limits = LIMITS): { statements: Statement[]; problems: Problem[] } {
  if (text.length > limits.characters) return { statements: [], problems: [tooLong(text, limits)] };
  const parser = parserOf(text, limits);
  return { statements: parser.statements(), problems: parser.findings.map((finding) => locate(text, finding)) };
}

function tooLong(text: string, limits: Limits): Problem {
  const span = { start: limits.characters, end: text.length };
  return locate(text, { code: 'FormulaTooLong', span, expected: `at most ${limits.characters} characters`, found: `${text.length} characters` });
}

function parserOf(text: string, limits: Limits) {
  const tokens = tokenize(text);
  const findings: Finding[] = [];
  let position = 0;
  let depth = 0;

  const peek = (): Token => tokens[position] ?? endOf(text);
  const at = (mark: Punctuation): boolean => peek().kind === 'punctuation' && peek().text === mark;

  function next(): Token {
    const token = peek();
    if (token.kind !== 'end') position++;
    return token;
  }

  function unexpected(expected: string, hint?: string): Failure {
    const token = peek();
    const wanted = token.kind === 'unknown' ? token.note : (hint ?? expected);
    return new Failure('UnexpectedText', token, wanted, describe(token));
  }

  function expect(mark: Punctuation, expected: string): Token {
    if (!at(mark)) throw unexpected(expected);
    return next();
  }

  function statements(): Statement[] {
    const parsed: Statement[] = [];
    let count = 0;
    while (peek().kind !== 'end' && findings.length < limits.problems) {
      if (at(';')) {
        next();
        continue;
      }
      if (++count > limits.statements) {
        findings.push({ code: 'TooManyStatements', span: peek(), expected: `at most ${limits.statements} statements`, found: `statement ${count}` });
        break;
      }
      try {
        parsed.push(statement());
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        findings.push(error.finding);
        while (peek().kind !== 'end' && !at(';')) next();
      }
    }
    return parsed;
  }

  function statement(): Statement {
    depth = 0;
    const first = peek();
    const second = tokens[position + 1];
    const assigns = first.kind === 'name' && second?.kind === 'punctuation' && second.text === '=';
    if (assigns) position += 2;
    const value = expression();
    if (peek().kind !== 'end' && !at(';')) {
      throw unexpected("an operator, ';' or the end", at('=') ? "'==' to compare, or ';' before the next assignment" : undefined);
    }
    const span = spanOf(first, value.span);
    return assigns ? { kind: 'assignment', span, name: first.text, nameSpan: plain(first), value } : { kind: 'expression', span, value };
  }

  function expression(): Expression {
    enter();
    const test = binary(1);
    let result = test;
    if (at('?')) {
      next();
      const whenTrue = expression();
      expect(':', "an operator or ':'");
      const whenFalse = expression();
      const span = spanOf(test.span, whenFalse.span);
      result = checked({ kind: 'conditional', test, whenTrue, whenFalse, span, height: above(test, whenTrue, whenFalse) });
    }
    depth--;
    return result;
  }

  function binary(strength: number): Expression {
    let left = unary();
    for (;;) {
      const token = peek();
      const operator = binaryOperator(token);
      if (operator === undefined || PRECEDENCE[operator] < strength) return left;
      next();
      const right = binary(PRECEDENCE[operator] + 1);
      const span = spanOf(left.span, right.span);
      left = checked({ kind: 'binary', operator, operatorSpan: plain(token), left, right, span, height: above(left, right) });
    }
  }

  function unary(): Expression {
    const token = peek();
    if (token.kind !== 'punctuation' || (token.text !== '-' && token.text !== '!')) return postfix();
    enter();
    next();
    const operand = unary();
    depth--;
    return checked({ kind: 'unary', operator: token.text, operand, span: spanOf(token, operand.span), height: above(operand) });
  }

  function postfix(): Expression {
    let object = primary();
    while (at('.')) {
      next();
      const token = peek();
      if (token.kind !== 'name') throw unexpected("the name of a member or method after '.'");
      next();
      const args = at('(') ? argumentList() : undefined;
      const span = { start: object.span.start, end: tokens[position - 1]?.end ?? token.end };
      object = checked(
        args === undefined
          ? { kind: 'member', object, member: token.text, memberSpan: plain(token), span, height: above(object) }
          : { kind: 'method', object, method: token.text, methodSpan: plain(token), args, span, height: above(object, ...args) },
      );
    }
    return object;
  }

  function primary(): Expression {
    const token = peek();
    switch (token.kind) {
      case 'number':
        next();
        return { kind: 'number', value: token.value, span: plain(token), height: 1 };
      case 'string':
        next();
        return { kind: 'string', value: token.value, span: plain(token), height: 1 };
      case 'name': {
        next();
        if (!at('(')) return { kind: 'name', name: token.text, span: plain(token), height: 1 };
        const args = argumentList();
        const span = { start: token.start, end: tokens[position - 1]?.end ?? token.end };
        return checked({ kind: 'call', callee: token.text, calleeSpan: plain(token), args, span, height: above(...args) });
      }
      case 'punctuation':
      case 'unknown':
      case 'end':
        if (!at('(')) throw unexpected("a value (a number, a name, a call or '(')");
        next();
        return parenthesized();
    }
  }

  function parenthesized(): Expression {
    const inner = expression();
    expect(')', "an operator or ')'");
    return inner;
  }

  function argumentList(): Expression[] {
    next();
    const args: Expression[] = [];
    if (!at(')')) {
      do args.push(expression());
      while (at(',') && next());
    }
    expect(')', args.length === 0 ? "an argument or ')'" : "an operator, ',' or ')'");
    return args;
  }

  function enter(): void {
    if (++depth > limits.depth) throw tooDeep(peek(), limits);
  }

  function checked<T extends Expression>(node: T): T {
    if (node.height > limits.depth) throw tooDeep(node.span, limits);
    return node;
  }

  return { statements, findings };
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

function endOf(text: string): Token {
  return { kind: 'end', text: '', start: text.length, end: text.length };
}

function describe(token: Token): string {
  return token.kind === 'end' ? 'the end of the formula' : quote(token.text);
}
