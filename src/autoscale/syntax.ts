import type { Span } from './problems.ts';

/** The tree of a formula: what the grammar builds and every later walk reads. */

export type UnaryOperator = '-' | '!';
export type BinaryOperator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/';

/**
 * Binding strength, as in C: a higher number binds tighter; all of them associate to the left. The ternary binds looser
 * than any.
 */
export const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
};

interface Node {
  readonly span: Span;
  /** Levels from here down to the deepest leaf; at most `LIMITS.depth`, so that walks may recurse. */
  readonly height: number;
}

export type Expression =
  | (Node & { readonly kind: 'number'; readonly value: number })
  | (Node & { readonly kind: 'string'; readonly value: string })
  /** A variable, a `TimeInterval_` constant or a deallocation option, told apart by the checker. */
  | (Node & { readonly kind: 'name'; readonly name: string })
  | (Node & { readonly kind: 'call'; readonly callee: string; readonly calleeSpan: Span; readonly args: readonly Expression[] })
  | (Node & { readonly kind: 'method'; readonly object: Expression; readonly method: string; readonly methodSpan: Span; readonly args: readonly Expression[] })
  | (Node & { readonly kind: 'member'; readonly object: Expression; readonly member: string; readonly memberSpan: Span })
  | (Node & { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression })
  | (Node & { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly operatorSpan: Span; readonly left: Expression; readonly right: Expression })
  | (Node & { readonly kind: 'conditional'; readonly test: Expression; readonly whenTrue: Expression; readonly whenFalse: Expression });

export type Statement =
  | { readonly kind: 'assignment'; readonly span: Span; readonly name: string; readonly nameSpan: Span; readonly value: Expression }
  | { readonly kind: 'expression'; readonly span: Span; readonly value: Expression };

/** A statement that did not parse. The name it assigns, if it got that far, has a value that nothing is known of. */
export interface BrokenStatement {
  readonly kind: 'broken';
  readonly name: string | undefined;
}

/** The direct parts of an expression, in the order they are written. */
function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'name':
      return [];
    case 'call':
      return expression.args;
    case 'method':
      return [expression.object, ...expression.args];
    case 'member':
      return [expression.object];
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'conditional':
      return [expression.test, expression.whenTrue, expression.whenFalse];
  }
}

/** The expression and everything below it, outermost first. */
export function* walk(expression: Expression): Generator<Expression> {
  yield expression;
  for (const part of partsOf(expression)) yield* walk(part);
}
