import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

export interface EvaluateOptions extends TargetFlags {
  readonly formula?: string;
  readonly file?: string;
  readonly apply?: boolean;
  readonly json?: boolean;
}

/** What the service answers (docs/autoscale.md). Without a timestamp: the run has not come yet. */
interface Run {
  readonly formula: string;
  readonly timestamp?: string;
  readonly results?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly values?: readonly { readonly value: string }[] };
}

/** `linarite pool evaluate`. Exit code 1: the formula failed. @throws CommandError failure, notRunning, usage. */
export async function evaluate(poolId: string, { formula, file, apply, json, ...target }: EvaluateOptions): Promise<void> {
  const text = formula ?? (file === undefined ? undefined : read(file));
  const body = { ...(text === undefined ? {} : { formula: text }), ...(apply === true ? { apply: true } : {}) };
  const answer = await ask(targetOf(target), { method: 'POST', path: `/linarite/pools/${encodeURIComponent(poolId)}/evaluate`, body });
  const run = JSON.parse(answer) as Run;
  console.log(json === true ? answer : linesOf(run).join('\n'));
  if (run.error !== undefined) process.exitCode = EXIT.failure;
}

/** `linarite pool sample`. @throws CommandError failure, notRunning, usage. */
export async function sample(poolId: string, assignments: readonly string[], target: TargetFlags): Promise<void> {
  const samples = assignments.map(sampleOf);
  const answer = await ask(targetOf(target), { method: 'POST', path: `/linarite/pools/${encodeURIComponent(poolId)}/samples`, body: { samples } });
  const { variables } = JSON.parse(answer) as { readonly variables: readonly string[] };
  console.log(`formulas of ${poolId} read it as ${variables.join(', ')}`);
}

/** `queue=12.5`. @throws CommandError usage. */
export function sampleOf(assignment: string): { readonly name: string; readonly value: number } {
  const [, name = '', text = ''] = /^([^=]+)=\s*(\S.*)$/.exec(assignment) ?? [];
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new CommandError(EXIT.usage, `${assignment} is not NAME=NUMBER`);
  return { name, value };
}

/** A variable a line; of an error its places under the line of the formula that each is about. */
export function linesOf({ formula, timestamp, results = '', error }: Run): readonly string[] {
  if (timestamp === undefined) return ['the pool will run its formula in a moment'];
  const variables = results.split(/;(?=[$A-Za-z_]\w*=)/);
  if (error === undefined) return [`evaluated at ${timestamp}`, ...variables];
  const lines = formula.split(/\r?\n/);
  const problems = (error.values ?? []).flatMap(({ value }) => {
    const [, line = '', column = ''] = /^Line (\d+), Col (\d+):/.exec(value) ?? [];
    const shown = lines[Number(line) - 1];
    return shown === undefined ? [value] : [value, `  ${shown}`, `  ${' '.repeat(Number(column) - 1)}^`];
  });
  return [`failed at ${timestamp}: ${error.code}`, ...problems, 'targets stay:', ...variables];
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file} cannot be read: ${messageOf(error)}`);
  }
}
