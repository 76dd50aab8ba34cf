import { PROBLEM_KINDS, visible, type Problem, type Span } from './problems.ts';
import type { Warning } from './lint/lint.ts';

/** Problems and warnings under the line they stand in, for a terminal of fixed width. */

/**
 *     formula.txt:2:6: error: there is no such function
 *       2 | $x = foo(3);
 *         |      ^^^ expected one of avg, len ..., found 'foo'
 */
export function drawProblem(fileName: string, text: string, problem: Problem): string {
  const { title } = PROBLEM_KINDS[problem.code];
  return drawRemark(`${fileName}:${problem.line}:${problem.column}: error: ${title}`, text, problem, `expected ${problem.expected}, found ${problem.found}`);
}

export function drawWarning(fileName: string, text: string, warning: Warning): string {
  return drawRemark(`${fileName}:${warning.line}:${warning.column}: warning: ${warning.message} (${warning.rule})`, text, warning, warning.reason);
}

/** Any remark on a place of a text. */
export function drawRemark(headline: string, text: string, place: { span: Span; line: number; column: number }, note: string): string {
  const { span, line, column } = place;
  const lineStart = span.start - (column - 1);
  const source = visible(/^[^\r\n]*/.exec(text.slice(lineStart))?.[0] ?? '');
  const { shown, before } = pieceOf(source, column - 1);
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  // Tabs stay tabs, so that the mark stands under its text at any tab width.
  const indent = shown.slice(0, before).replaceAll(/[^\t]/g, ' ');
  const marks = '^'.repeat(Math.max(1, Math.min(span.end - span.start, shown.length - before)));
  return `${headline}\n  ${number} | ${shown}\n  ${gutter} | ${indent}${marks} ${note}\n`;
}

/**
 * The part of a line that is shown: whole formulas come as one line, which a terminal would wrap away from its mark.
 */
function pieceOf(source: string, offset: number): { readonly shown: string; readonly before: number } {
  if (source.length <= WIDTH) return { shown: source, before: offset };
  const start = Math.max(0, Math.min(offset - CONTEXT, source.length - WIDTH));
  const end = start + WIDTH;
  const head = start > 0 ? ELLIPSIS : '';
  return { shown: `${head}${source.slice(start, end)}${end < source.length ? ELLIPSIS : ''}`, before: head.length + offset - start };
}

const WIDTH = 120;
const CONTEXT = 40;
const ELLIPSIS = '...';
