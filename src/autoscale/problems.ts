/** Each problem that a formula can have, with its place: one row a kind, used by all phases. */

/** A piece of the text: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where a kind of problem shows up. `text` and `meaning` refuse the formula; `evaluation` fails one evaluation. */
type Phase = 'text' | 'meaning' | 'evaluation';

export const PROBLEM_KINDS = {
  FormulaTooLong: { phase: 'text', title: 'the formula is too long' },
  TooManyStatements: { phase: 'text', title: 'the formula has too many statements' },
  TooDeep: { phase: 'text', title: 'the expression is nested too deeply' },
  UnexpectedText: { phase: 'text', title: 'this does not fit here' },
  UnknownFunction: { phase: 'meaning', title: 'there is no such function' },
  UnknownMethod: { phase: 'meaning', title: 'there is no such method' },
  UnknownMember: { phase: 'meaning', title: 'there is no such member' },
  UndefinedVariable: { phase: 'meaning', title: 'the variable has no value here' },
  ReadOnlyVariable: { phase: 'meaning', title: 'this cannot be assigned' },
  WrongArguments: { phase: 'meaning', title: 'the arguments do not fit' },
  WrongType: { phase: 'meaning', title: 'the type does not fit' },
  InvalidTime: { phase: 'meaning', title: 'this is not a time' },
  InsufficientSampleData: { phase: 'evaluation', title: 'too few samples in the window' },
  NoValue: { phase: 'evaluation', title: 'a number is needed and there is none' },
  LengthMismatch: { phase: 'evaluation', title: 'the vectors differ in length' },
  OutOfRange: { phase: 'evaluation', title: 'the number is out of range' },
  VectorTooLong: { phase: 'evaluation', title: 'the vector is too long' },
  TooManySteps: { phase: 'evaluation', title: 'the evaluation takes too many steps' },
} as const satisfies Record<string, { phase: Phase; title: string }>;

export type ProblemCode = keyof typeof PROBLEM_KINDS;

export interface Problem {
  readonly code: ProblemCode;
  readonly span: Span;
  /** 1-based, as the service counts in its own messages. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** What stands there. */
  readonly found: string;
  /** What was expected instead. */
  readonly expected: string;
  /** How the service itself puts it, where that is known; `locate` puts its place in front. */
  readonly inServiceWords?: string;
}

/** A problem before its offsets are turned into line and column. */
export type Finding = Omit<Problem, 'line' | 'column'>;

export function locate(text: string, finding: Finding): Problem {
  const problem = { ...finding, ...placeOf(text, finding.span.start) };
  const { inServiceWords, span, code } = finding;
  if (inServiceWords === undefined) return problem;
  const place = code === 'UndefinedVariable' ? `Line ${problem.line}, Col ${problem.column}` : bracketOf(text, span);
  return { ...problem, inServiceWords: `${place}: ${inServiceWords}` };
}

/**
 * The service counts to the bracket of the call that failed: `Col 43` of batch-shipyard issue 138, `Col 24` of a test
 * of the .NET SDK.
 */
function bracketOf(text: string, span: Span): string {
  const { line, column } = placeOf(text, Math.max(span.start, text.indexOf('(', span.start)));
  return `Line ${line}, Col ${column}`;
}

/** One line for people: `Line 2, Col 7: there is no such function: expected ..., found ...`. */
export function describeProblem(problem: Problem): string {
  const { title } = PROBLEM_KINDS[problem.code];
  return `Line ${problem.line}, Col ${problem.column}: ${title}: expected ${problem.expected}, found ${problem.found}`;
}

/** Line ends are LF, CRLF or a lone CR; CR and LF of a pair belong to the line they end. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < offset && index < text.length; index++) {
    const char = text[index];
    if (char === '\n' || (char === '\r' && text[index + 1] !== '\n')) {
      line++;
      lineStart = index + 1;
    }
  }
  return { line, column: offset - lineStart + 1 };
}

/** Text without control characters other than blanks: a terminal would obey them. The length stays. */
export function visible(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n\r]/gu, '\uFFFD');
}

/** A piece of source as it is quoted in a message: one line, bounded. */
export function quote(text: string): string {
  const flat = visible(text).replaceAll(/\s+/g, ' ');
  return `'${flat.length > 40 ? `${flat.slice(0, 37)}...` : flat}'`;
}

/** Thrown inside the walks and caught at their door (`parse`, `evaluate`); never leaves this folder. */
export class Failure extends Error {
  readonly finding: Finding;

  constructor(code: ProblemCode, span: Span, expected: string, found: string, inServiceWords?: string) {
    super(code);
    this.finding = { code, span, expected, found, ...(inServiceWords === undefined ? {} : { inServiceWords }) };
  }
}
