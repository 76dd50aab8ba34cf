import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Candidate } from '../../api/own/simulations/answer.ts';
import { compile, drawProblem } from '../../autoscale/index.ts';
import { messageOf } from '../../base/errors.ts';
import type { PoolWithDefaults } from '../../wire/defaults.ts';
import { BatchError } from '../../wire/errors.ts';
import { NoPoolDefinition, readPoolDefinition } from '../../wire/poolDefinition.ts';
import { CommandError, EXIT } from '../errors.ts';

/** @throws CommandError for what cannot be read, is no definition, or would be refused, and for formulas with errors */
export function readCandidates(files: readonly string[], compare: string | undefined, ofJob: PoolWithDefaults | null): readonly Candidate[] {
  const candidates: Candidate[] = files.length === 0 && ofJob !== null ? [{ name: ofJob.id, form: 'job', pool: ofJob }] : files.map((file) => readCandidate(file, null));
  const [first] = candidates;
  if (first === undefined) throw new CommandError(EXIT.usage, 'give a pool definition, as JSON');
  const all = compare === undefined ? candidates : [...candidates, readCandidate(compare, first)];
  if (all.length > 2) throw new CommandError(EXIT.usage, 'two pools can be compared, not more');
  for (const { name, pool } of all) refuseBadFormula(name, pool);
  return namedApart(all, [...(files.length === 0 ? [''] : files), ...(compare === undefined ? [] : [compare])]);
}

/** `first`: whose formula is replaced where the file is one; null: it has to be a definition. */
function readCandidate(file: string, first: Candidate | null): Candidate {
  const text = readInput(file);
  if (first !== null && !text.trimStart().startsWith('{')) return { name: basename(file), form: 'formula', pool: { ...first.pool, enableAutoScale: true, autoScaleFormula: text, resizeTimeout: undefined } };
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\u{FEFF}/u, ''));
  } catch (cause) {
    throw new CommandError(EXIT.usage, `${file}: not JSON: ${messageOf(cause)}`);
  }
  try {
    const { form, pool } = readPoolDefinition(json, basename(file).replace(/\.[^.]*$/, '').replaceAll(/[^\w-]/g, '-').slice(0, 64) || 'pool');
    return { name: pool.id, form, pool };
  } catch (error) {
    if (error instanceof BatchError) throw new CommandError(EXIT.usage, `${file}: ${refusal(error)}`);
    throw error instanceof NoPoolDefinition ? new CommandError(EXIT.usage, `${file}: ${error.message}`) : error;
  }
}

/** `InvalidPropertyValue: vmSize standard_x: There is no such size …` */
function refusal({ code, message, values }: BatchError): string {
  const valueOf = (wanted: string): string | undefined => values.find(({ key }) => key === wanted)?.value;
  const property = [valueOf('PropertyName'), valueOf('PropertyValue')].filter(Boolean).join(' ');
  return `${code}: ${property === '' ? '' : `${property}: `}${valueOf('Reason') ?? message}`;
}

function refuseBadFormula(name: string, { enableAutoScale, autoScaleFormula: formula }: PoolWithDefaults): void {
  if (!enableAutoScale || formula === undefined) return;
  const compiled = compile(formula);
  if (!compiled.ok) throw new CommandError(EXIT.usage, `the formula of ${name} has errors:\n${compiled.problems.map((problem) => drawProblem(name, formula, problem)).join('')}`.trimEnd());
}

/** By their sizes where these alone differ, else by their files. */
function namedApart(candidates: readonly Candidate[], files: readonly string[]): readonly Candidate[] {
  const [first, second] = candidates;
  if (first === undefined || second === undefined || first.name !== second.name) return candidates;
  const bySize = first.pool.vmSize !== second.pool.vmSize;
  return candidates.map((candidate, index) => ({ ...candidate, name: bySize ? `${candidate.name} (${candidate.pool.vmSize})` : `${candidate.name} (${basename(files[index] ?? '') || String(index + 1)})` }));
}

function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${file}: ${messageOf(error)}`);
  }
}
