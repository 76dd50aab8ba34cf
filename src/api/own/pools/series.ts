/** What a pool was in time: its sizes and loads, and the runs of its formula (docs/own-operations.md). */
import type { Instant } from '../../../core/keys.ts';
import type { PoolTransition } from '../../../core/transitions/transition.ts';
import { poolSamplesBetween, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { keptSince, readBackwards } from '../../../store/transitions.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import { SERIES, type PoolEvaluations, type PoolSeries, type SeriesName } from '../../../wire/own/series.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { viewOfPool } from '../../data/pool/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { poolOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readSpan, readWhole, type Span } from '../queries.ts';
import { pointsOf, thinned, type Level } from './points.ts';

export const seriesOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/pools/{poolId}/series', right: 'read', of: 'pools', run: series },
  { method: 'GET', path: '/linarite/pools/{poolId}/evaluations', right: 'read', of: 'pools', run: evaluations },
];

const USUAL_MS = { series: 3 * 3_600_000, evaluations: 24 * 3_600_000 };
/** How long transitions of the account are looked through: those of tasks stand between those of pools. */
const BUDGET_MS = 1_000;

/** @throws BatchError PoolNotFound, InvalidQueryParameterValue. */
async function series(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { names: namesText, points: pointsText, ...span } = readNames(call.query, ['names', 'from', 'to', 'points']);
  const names = readSeriesNames(namesText);
  const points = readWhole('points', pointsText, { least: 4, most: 5_000, usual: 600 });
  const { from, to } = readSpan(span, { now: call.now, usualMs: USUAL_MS.series });
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const [{ found, since }, samples] = await Promise.all([transitionsOf(call, database, pool, { from, to, most: Number.POSITIVE_INFINITY }), poolSamplesBetween(database, pool.pool, { from, to })]);
  const resizes = found.filter(({ kind }) => kind === 'pool.resizing' || kind === 'pool.resized');
  const all = pointsOf([...resizes, ...presentOf(pool, { now: call.now, since, to, isUnchanged: resizes.length === 0 })], samples);
  const told = names.map((name) => [name, thinned(all.get(name) ?? [], points)] as const);
  const missing = told.filter(([, { length }]) => length === 0).map(([name]) => [name, whyNot(name, samples.length > 0)]);
  return json(200, { rev, from, to, since, series: Object.fromEntries(told), missing: Object.fromEntries(missing) as PoolSeries['missing'] } satisfies PoolSeries);
}

/** @throws BatchError PoolNotFound, InvalidQueryParameterValue. */
async function evaluations(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { count, ...span } = readNames(call.query, ['from', 'to', 'count']);
  const most = readWhole('count', count, { least: 1, most: 1_000, usual: 100 });
  const { from, to } = readSpan(span, { now: call.now, usualMs: USUAL_MS.evaluations });
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const { found, since } = await transitionsOf(call, database, pool, { from, to, most, kind: 'pool.evaluated' });
  return json(200, {
    rev,
    from: formatTimestamp(from),
    to: formatTimestamp(to),
    since: formatTimestamp(since),
    evaluations: found.map(({ at, results = '', errors = [] }) => ({ time: formatTimestamp(at), results, errors: errors.map(({ code, message }) => ({ code, message })) })),
  } satisfies PoolEvaluations);
}

/** @throws BatchError InvalidQueryParameterValue. */
function readSeriesNames(text: string): readonly SeriesName[] {
  if (text === '') return SERIES;
  return text.split(',').map((word) => {
    const name = SERIES.find((one) => one.toLowerCase() === word.trim().toLowerCase());
    if (name === undefined) throw invalidQuery('names', word, `There are ${SERIES.join(', ')}.`);
    return name;
  });
}

interface Asked extends Span {
  readonly most: number;
  readonly kind?: PoolTransition['kind'];
}

/** The pool's transitions, the newest first, as far back as is kept and can be looked through; `since`: so far. */
async function transitionsOf({ account, now, signal }: OwnCall, database: Parts['database'], { pool }: PoolWithStatus, { from, to, most, kind }: Asked): Promise<{ readonly found: readonly PoolTransition[]; readonly since: Instant }> {
  const until = performance.now() + BUDGET_MS;
  const found: PoolTransition[] = [];
  for await (const rows of readBackwards(database, account, { from, to: to + 1 })) {
    for (const { at, transitions } of rows) {
      found.push(...transitions.filter((one): one is PoolTransition => one.kind.startsWith('pool.') && 'pool' in one && one.pool === pool && (kind === undefined || one.kind === kind)).toReversed());
      if (found.length >= most) return { found: found.slice(0, most), since: at };
      if (performance.now() > until) return { found, since: at };
    }
    signal.throwIfAborted();
  }
  return { found, since: Math.max(from, await keptSince(database, account, now)) };
}

/** What it is now; where nothing is on record since a time, its targets were the same then. */
function presentOf(pool: PoolWithStatus, { now, since, to, isUnchanged }: { readonly now: Instant; readonly since: Instant; readonly to: Instant; readonly isUnchanged: boolean }): readonly Level[] {
  if (to < now) return [];
  const { targetDedicated, targetLowPriority } = viewOfPool(pool);
  const targets = { targetDedicatedNodes: targetDedicated, targetLowPriorityNodes: targetLowPriority };
  const present = { at: now, ...targets, currentDedicatedNodes: pool.currentDedicated ?? 0, currentLowPriorityNodes: pool.currentLowPriority ?? 0 };
  return isUnchanged ? [{ at: Math.max(since, pool.createdAt), ...targets }, present] : [present];
}

function whyNot(name: SeriesName, isSampled: boolean): string {
  if (name.startsWith('target') || name.startsWith('current')) return 'No resize began or ended in that time.';
  return isSampled ? 'No node of the pool has measured it in that time.' : 'It is sampled of pools whose size a formula decides, and kept for a day.';
}
