import { drawRemark } from '../../autoscale/index.ts';
import { counted } from '../../base/words.ts';
import { type Finding, lint as findingsOf } from '../lint/lint.ts';
import { readInput, type Terminal } from './autoscale.ts';

export interface LintOptions {
  readonly strict?: boolean;
  readonly format: 'table' | 'json';
}

/**
 * `linarite lint FILE`. Fails where there is an error, with `strict` also where there is a warning.
 * @throws CommandError if the file cannot be read
 */
export function lint(file: string, { strict = false, format }: LintOptions, terminal: Terminal): void {
  const text = readInput(file, terminal);
  const findings = findingsOf(file, text);
  const [errors, warnings] = (['error', 'warning'] as const).map((severity) => findings.filter((each) => each.severity === severity).length) as [number, number];
  if (errors > 0 || (strict && warnings > 0)) terminal.fail();
  if (format === 'json') return terminal.write(`${JSON.stringify({ ok: errors === 0, findings: findings.map(plain) }, undefined, 2)}\n`);
  for (const finding of findings) terminal.write(drawn(file, text, finding));
  terminal.write(`${file}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}\n`);
}

function drawn(file: string, text: string, finding: Finding): string {
  const { severity, line, column, message, rule, reason } = finding;
  return drawRemark(`${file}:${line}:${column}: ${severity}: ${message} (${rule})`, text, finding, reason);
}

function plain({ severity, rule, line, column, message, reason }: Finding): Omit<Finding, 'span'> {
  return { severity, rule, line, column, message, reason };
}
