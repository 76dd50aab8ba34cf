/** Our own operation that looks at a formula, and tries it on samples (docs/own-operations.md). */
import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Instant } from '../../core/keys.ts';
import { compile, describeProblem, historyBeginMs, historyEndMs, lastSamples, lint, readSampleFile, runFormula, type PoolFacts, type SampleHistory } from '../../core/pool/formula.ts';
import { findPool } from '../../store/intents/pools.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import type { FormulaChecked, FormulaMoment } from '../../wire/own/formula.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { measuredOfPool } from '../data/pool/autoScale.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const formulaOperations: readonly OwnOperation[] = [{ method: 'POST', path: '/linarite/autoscale/evaluate', right: 'read', of: 'pools', body: true, run: checkFormula }];

/** Nothing changes. @throws BatchError PoolNotFound, InvalidPropertyValue. */
async function checkFormula(call: OwnCall, parts: Parts): Promise<Answer> {
  const { formula, samples, over } = readRequest(await call.json());
  const looked = looksOf(formula);
  if (samples === null) return json(200, looked);
  const measured = await measuredOf(samples, call, parts);
  const run = runFormula(formula, { samples: measured.history, now: measured.at, random: Math.random, facts: measured.facts });
  const evaluation = { timestamp: formatTimestamp(measured.at), results: run.results, ...(run.error === null ? {} : { error: run.error }) };
  return json(200, { ...looked, evaluation, ...(over === null || looked.problems.length > 0 ? {} : { over: await runOver(formula, measured, over, call.signal) }) } satisfies FormulaChecked);
}

/** What is wrong with a text as a formula, and what works and may not be meant. */
export function looksOf(formula: string): FormulaChecked {
  const compiled = compile(formula);
  if (!compiled.ok) return { problems: compiled.problems.map((problem) => ({ code: problem.code, line: problem.line, column: problem.column, message: describeProblem(problem) })), warnings: [] };
  return { problems: [], warnings: lint(compiled.program).map(({ rule, line, column, message, reason }) => ({ rule, line, column, message, reason })) };
}

type Samples = { readonly kind: 'pool'; readonly pool: string } | { readonly kind: 'csv'; readonly history: SampleHistory };

const MOST_MOMENTS = 200;

function readRequest(body: unknown): { readonly formula: string; readonly samples: Samples | null; readonly over: number | null } {
  const { formula, samples, over = null, ...more } = objectOf(body, 'The body');
  for (const [name, value] of Object.entries(more)) throw invalidProperty(name, JSON.stringify(value), 'There is no such property.');
  if (typeof formula !== 'string') throw invalidProperty('formula', JSON.stringify(formula), 'It must be a string.');
  if (over !== null && (typeof over !== 'number' || !Number.isInteger(over) || over < 2 || over > MOST_MOMENTS)) throw invalidProperty('over', JSON.stringify(over), `It must be a whole number from 2 to ${MOST_MOMENTS}.`);
  return { formula, samples: samples === undefined ? null : readSamples(samples), over };
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

interface Measured {
  readonly history: SampleHistory;
  readonly facts: PoolFacts;
  /** When the formula runs. */
  readonly at: Instant;
}

async function measuredOf(samples: Samples, { account, now }: OwnCall, parts: Parts): Promise<Measured> {
  if (samples.kind === 'csv') {
    const at = historyEndMs(samples.history);
    if (at === undefined) throw invalidProperty('samples.csv', '', 'It has no samples.');
    return { history: samples.history, facts: NO_NODES, at };
  }
  const pool = await findPool(parts.database, account, samples.pool);
  if (pool === null) throw new BatchError('PoolNotFound');
  return { ...(await measuredOfPool(pool, { account, parts, now })), at: now };
}

/** At equal distances from the first sample to the last; the pool has at each what was asked for at the one before. */
async function runOver(formula: string, { history, facts }: Measured, moments: number, signal: AbortSignal): Promise<readonly FormulaMoment[]> {
  const last = historyEndMs(history);
  if (last === undefined) return [];
  const first = Math.min(...[...history.series.keys()].flatMap((metric) => historyBeginMs(history, metric, last) ?? []));
  const found: FormulaMoment[] = [];
  let known = facts;
  for (let place = 0; place < moments; place += 1) {
    const now = Math.round(first + ((last - first) * place) / (moments - 1));
    const { targets } = runFormula(formula, { samples: history, now, random: Math.random, facts: known });
    if (targets !== null) known = { ...known, targetDedicatedNodes: targets.dedicated, targetLowPriorityNodes: targets.lowPriority, currentDedicatedNodes: targets.dedicated, currentLowPriorityNodes: targets.lowPriority };
    const measured = (metric: string): number | null => lastSamples(history, metric, 1, now)[0] ?? null;
    found.push({ time: formatTimestamp(now), ...(targets === null ? {} : { dedicated: targets.dedicated, lowPriority: targets.lowPriority }), waiting: measured('$ActiveTasks'), running: measured('$RunningTasks') });
    await setImmediate();
    signal.throwIfAborted();
  }
  return found;
}
