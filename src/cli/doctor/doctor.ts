import { EXIT } from '../errors.ts';
import { examine, type Finding } from './checks.ts';

/** `linarite doctor`. Exit code 1: something is missing without which nothing works. */
export async function doctor({ json = false }: { readonly json?: boolean }): Promise<void> {
  const findings = await examine();
  console.log(json ? JSON.stringify(findings, undefined, 2) : linesOf(findings).join('\n'));
  if (findings.some(({ state }) => state === 'missing')) process.exitCode = EXIT.failure;
}

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', lacking: '-', missing: 'MISSING' };

export function linesOf(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ feature }) => feature.length));
  return findings.map(({ feature, state, what, mend }) => `${MARKS[state].padEnd(8)}${feature.padEnd(width)}  ${what}${mend === undefined ? '' : `; ${mend}`}`);
}
