/** Our own operation that looks at a formula, and tries it on samples (docs/own-operations.md). */
import { messageOf } from '../../base/errors.ts';
import type { Instant } from '../../core/keys.ts';
import { compile, describeProblem, historyEndMs, lint, readSampleFile, runFormula, type FormulaRun, type PoolFacts, type SampleHistory } from '../../core/pool/formula.ts';
import { findPool } from '../../store/intents/pools.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import type { FormulaChecked } from '../../wire/own/formula.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { evaluateOn } from '../data/pool/autoScale.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const formulaOperations: readonly OwnOperation[] = [{ method: 'POST', path: '/linarite/autoscale/evaluate', right: 'read', of: 'pools', body: true, run: checkFormula }];

/** Nothing changes. @throws BatchError PoolNotFound, InvalidPropertyValue. */
async function checkFormula(call: OwnCall, parts: Parts): Promise<Answer> {
  const { formula, samples } = readRequest(await call.json());
  const looked = looksOf(formula);
  if (samples === null) return json(200, looked);
  const { at, run } = await runOn(samples, formula, call, parts);
  const evaluation = { timestamp: formatTimestamp(at), results: run.results, ...(run.error === null ? {} : { error: run.error }) };
  return json(200, { ...looked, evaluation } satisfies FormulaChecked);
}

/** What is wrong with a text as a formula, and what works and may not be meant. */
export function looksOf(formula: string): FormulaChecked {
  const compiled = compile(formula);
  if (!compiled.ok) return { problems: compiled.problems.map((problem) => ({ code: problem.code, line: problem.line, column: problem.column, message: describeProblem(problem) })), warnings: [] };
  return { problems: [], warnings: lint(compiled.program).map(({ rule, line, column, message, reason }) => ({ rule, line, column, message, reason })) };
}

type Samples = { readonly kind: 'pool'; readonly pool: string } | { readonly kind: 'csv'; readonly history: SampleHistory };

function readRequest(body: unknown): { readonly formula: string; readonly samples: Samples | null } {
  const { formula, samples, ...more } = objectOf(body, 'The body');
  for (const [name, value] of Object.entries(more)) throw invalidProperty(name, JSON.stringify(value), 'There is no such property.');
  if (typeof formula !== 'string') throw invalidProperty('formula', JSON.stringify(formula), 'It must be a string.');
  return { formula, samples: samples === undefined ? null : readSamples(samples) };
}

function readSamples(value: unknown): Samples {
  const { pool, csv, ...more } = objectOf(value, 'samples');
  for (const [name, other] of Object.entries(more)) throw invalidProperty(`samples.${name}`, JSON.stringify(other), 'There is no such property.');
  if (typeof pool === 'string' && csv === undefined) return { kind: 'pool', pool };
  if (typeof csv !== 'string' || pool !== undefined) throw invalidProperty('samples', JSON.stringify(value), 'It must be {"pool": "ID"} or {"csv": "time,$ActiveTasks…"}.');
  return { kind: 'csv', history: readCsv(csv) };
}

function readCsv(csv: string): SampleHistory {
  try {
    return readSampleFile(csv);
  } catch (error) {
    throw invalidProperty('samples.csv', csv.slice(0, 100), messageOf(error));
  }
}

/** Of samples alone no more is known. */
const NO_NODES: PoolFacts = { targetDedicatedNodes: 0, targetLowPriorityNodes: 0, currentDedicatedNodes: 0, currentLowPriorityNodes: 0, preemptedNodes: 0, usableNodes: 0, taskSlotsPerNode: 1 };

async function runOn(samples: Samples, formula: string, { account, now }: OwnCall, parts: Parts): Promise<{ readonly at: Instant; readonly run: FormulaRun }> {
  if (samples.kind === 'csv') {
    const at = historyEndMs(samples.history);
    if (at === undefined) throw invalidProperty('samples.csv', '', 'It has no samples.');
    return { at, run: runFormula(formula, { samples: samples.history, now: at, random: Math.random, facts: NO_NODES }) };
  }
  const pool = await findPool(parts.database, account, samples.pool);
  if (pool === null) throw new BatchError('PoolNotFound');
  return { at: now, run: await evaluateOn(pool, formula, { account, parts, now }) };
}
