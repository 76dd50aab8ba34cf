import { check } from '../check.ts';
import { placeOf } from '../problems.ts';
import type { Program } from '../program.ts';
import { analyze } from './analysis.ts';
import { RULES, type Remark } from './rules.ts';

/** A warning: the formula is legal, but will probably not do what was meant. */
export interface Warning extends Remark {
  readonly rule: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** @returns all warnings in the order of their places */
export function lint(program: Program): Warning[] {
  const { text, statements } = program;
  const { types } = check(statements);
  const subject = { text, statements, types, analysis: analyze(statements, types) };
  const warnings = RULES.flatMap((rule) => [...rule.find(subject)].map((remark) => ({ ...remark, rule: rule.name, ...placeOf(text, remark.span.start) })));
  return warnings.sort((a, b) => a.span.start - b.span.start || a.rule.localeCompare(b.rule));
}
