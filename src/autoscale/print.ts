import { PRECEDENCE, type Expression, type Statement } from './syntax.ts';

/** Tree back to text, with as few brackets as the grammar needs: parsing the result gives the same tree. */
export function printFormula(statements: readonly Statement[]): string {
  return statements.map((statement) => `${printStatement(statement)};\n`).join('');
}

function printStatement(statement: Statement): string {
  const value = printExpression(statement.value);
  return statement.kind === 'assignment' ? `${statement.name} = ${value}` : value;
}

export function printExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return Number.isFinite(expression.value) ? String(expression.value) : '1e999'; // written too large, it is infinite again
    case 'string':
      return `"${expression.value}"`;
    case 'name':
      return expression.name;
    case 'call':
      return `${expression.callee}(${expression.args.map(printExpression).join(', ')})`;
    case 'method':
      return `${bracketed(expression.object, POSTFIX)}.${expression.method}(${expression.args.map(printExpression).join(', ')})`;
    case 'member':
      return `${bracketed(expression.object, POSTFIX)}.${expression.member}`;
    case 'unary':
      return `${expression.operator}${bracketed(expression.operand, UNARY)}`;
    case 'binary': {
      const strength = PRECEDENCE[expression.operator];
      return `${bracketed(expression.left, strength)} ${expression.operator} ${bracketed(expression.right, strength + 1)}`;
    }
    case 'conditional':
      return `${bracketed(expression.test, 1)} ? ${printExpression(expression.whenTrue)} : ${printExpression(expression.whenFalse)}`;
  }
}

const UNARY = 7;
const POSTFIX = 8;
const PRIMARY = 9;

function bracketed(expression: Expression, needed: number): string {
  const text = printExpression(expression);
  return strengthOf(expression) < needed ? `(${text})` : text;
}

function strengthOf(expression: Expression): number {
  switch (expression.kind) {
    case 'conditional':
      return 0;
    case 'binary':
      return PRECEDENCE[expression.operator];
    case 'unary':
      return UNARY;
    case 'method':
    case 'member':
      return POSTFIX;
    case 'number': // "4.weekday" would read as the number "4." and a name
      return POSTFIX - 1;
    case 'string':
    case 'name':
    case 'call':
      return PRIMARY;
  }
}
