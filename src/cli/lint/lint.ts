import { extname } from 'node:path';
import { compile, lint as lintFormula, PROBLEM_KINDS } from '../../autoscale/index.ts';
import { type Place, readDocument, Unreadable } from './document.ts';
import { RULES } from './rules.ts';
import { readSubject } from './subject.ts';

/** What is wrong with a file (`error`: the service would refuse it), or probably not what was meant. */
export interface Finding extends Place {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly message: string;
  readonly reason: string;
}

/** Finds errors and probable mistakes in the text of a formula, or of pools, jobs and tasks; in the text's order. */
export function lint(fileName: string, text: string): Finding[] {
  return isFormula(fileName, text) ? lintOfFormula(text) : lintOfResources(text).sort((a, b) => a.span.start - b.span.start);
}

/** A formula never begins with a bracket, JSON always does; YAML is known by its name alone. */
function isFormula(fileName: string, text: string): boolean {
  return !['.yaml', '.yml', '.json'].includes(extname(fileName).toLowerCase()) && !/^\s*[[{]/.test(text);
}

function lintOfFormula(text: string): Finding[] {
  const compiled = compile(text);
  if (compiled.ok) return lintFormula(compiled.program).map((warning) => ({ severity: 'warning', ...warning }));
  return compiled.problems.map(({ code, line, column, span, expected, found }) => ({ severity: 'error', rule: code, line, column, span, message: PROBLEM_KINDS[code].title, reason: `expected ${expected}, found ${found}` }));
}

function lintOfResources(text: string): Finding[] {
  try {
    const { value, placeOf } = readDocument(text);
    const { subject, refusals } = readSubject(value);
    return [
      ...refusals.map(({ path, message, reason }): Finding => ({ severity: 'error', rule: 'refused', ...placeOf(path), message, reason })),
      ...RULES.flatMap(({ name, find }) => [...find(subject)].map(({ path, message, reason }): Finding => ({ severity: 'warning', rule: name, ...placeOf(path), message, reason }))),
    ];
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return [{ severity: 'error', rule: 'unreadable', ...error.place, message: 'this is neither JSON nor YAML', reason: error.message }];
  }
}
