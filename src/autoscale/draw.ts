import { PROBLEM_KINDS, type Problem, type Span } from './problems.ts';
import type { Warning } from './lint/lint.ts';

/** Problems and warnings under the line they stand in, for a terminal of fixed width. */

/**
 *     formula.txt:2:6: error: there is no such function
 *       2 | $x = foo(3);
 *         |      ^^^ expected one of avg, len ..., found 'foo'
 */
export function drawProblem(fileName: string, text: string, problem: Problem): string {
  const { title } = PROBLEM_KINDS[problem.code];
  return draw(`${fileName}:${problem.line}:${problem.column}: error: ${title}`, text, problem, `expected ${problem.expected}, found ${problem.found}`);
}

export function drawWarning(fileName: string, text: string, warning: Warning): string {
  return draw(`${fileName}:${warning.line}:${warning.column}: warning: ${warning.message} (${warning.rule})`, text, warning, warning.reason);
}

function draw(headline: string, text: string, place: { span: Span; line: number; column: number }, note: string): string {
  const { span, line, column } = place;
  const lineStart = span.start - (column - 1);
  const source = /^[^\r\n]*/.exec(text.slice(lineStart))?.[0] ?? '';
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  // Tabs stay tabs, so that the mark stands under its text at any tab width.
  const indent = source.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  const marks = '^'.repeat(Math.max(1, Math.min(span.end - span.start, source.length - column + 1)));
  return `${headline}\n  ${number} | ${source}\n  ${gutter} | ${indent}${marks} ${note}\n`;
}
