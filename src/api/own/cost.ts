/**
 * Our own operation that says what nodes cost (docs/cost.md): of the account, a pool, a job or a task.
 */
import type { UsageHour } from '../../core/decisions.ts';
import type { Instant } from '../../core/keys.ts';
import { findJob } from '../../store/intents/jobs.ts';
import { findTask } from '../../store/intents/tasks.ts';
import { usageOfJob, usageOfPools, usageOfTask } from '../../store/intents/usage.ts';
import { BatchError, invalidQuery } from '../../wire/errors.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { DEFAULT_REGION, hourlyPrice, hasPrices } from '../../wire/sizes/prices.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { costBy, type CostKey } from './costBy.ts';
import { lineOf, money, shareOf, type Line, type Share } from './costLines.ts';
import { json } from './json.ts';
import { readNames, readTime } from './queries.ts';

export const costOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/cost', right: 'read', of: 'account', jobInQuery: 'job', run: cost }];

/** What the cost is asked of: at most one of pool and job, and a task of a job. */
interface CostAsked {
  readonly pool: string | null;
  readonly job: string | null;
  readonly task: string | null;
  readonly since: Instant | null;
  readonly region: string;
  /** null: by pool, size and kind. */
  readonly by: CostKey | null;
  /** With `by` alone; null: now. */
  readonly to: Instant | null;
}

const NAMES = ['pool', 'job', 'task', 'since', 'region', 'by', 'from', 'to'] as const;
const KEYS: readonly CostKey[] = ['pool', 'job', 'day'];

/** @throws BatchError InvalidQueryParameterValue. */
function readQuery(query: URLSearchParams): CostAsked {
  const { pool, job, task, since, region, by, from, to } = readNames(query, NAMES);
  if (pool && job) throw invalidQuery('pool', pool, 'A pool and a job are not asked of together.');
  if (task && !job) throw invalidQuery('task', task, 'It needs its job.');
  if (since && job) throw invalidQuery('since', since, 'A job and its tasks are told of as a whole.');
  if (region && !hasPrices(region)) throw invalidQuery('region', region, 'No price of that region is known.');
  const key = KEYS.find((one) => one === by) ?? null;
  if (by && key === null) throw invalidQuery('by', by, `There are ${KEYS.join(', ')}.`);
  if (key === null && from) throw invalidQuery('from', from, 'It goes with by; without it there is since.');
  if (key === null && to) throw invalidQuery('to', to, 'It goes with by.');
  if (key !== null && job) throw invalidQuery('job', job, 'It does not go with by.');
  if (key !== null && since) throw invalidQuery('since', since, 'With by there are from and to.');
  if (key === 'job' && pool) throw invalidQuery('pool', pool, 'It does not go with by=job.');
  if (key === 'job' && (from || to)) throw invalidQuery(from ? 'from' : 'to', from || to, 'Jobs are told of as a whole.');
  return { pool: pool || null, job: job || null, task: task || null, since: readTime(from ? 'from' : 'since', from || since), region: region || DEFAULT_REGION, by: key, to: readTime('to', to) };
}

/** @throws BatchError JobNotFound, TaskNotFound, InvalidQueryParameterValue. */
async function cost({ account, now, query }: OwnCall, { database }: Parts): Promise<Answer> {
  const { pool, job, task, since, region, by, to } = readQuery(query);
  if (by !== null) return json(200, await costBy(database, account, { by, pool, from: since, to: to ?? now, now, region }));
  const told = (lines: readonly Share[], of: object, isOfNodes: boolean): Answer => json(200, { ...of, ...(since === null ? {} : { since: formatTimestamp(since) }), until: formatTimestamp(now), ...statementOf(lines, region, isOfNodes) });
  if (job === null) return told(byMachine(await usageOfPools(database, account, { since: since ?? 0, now, poolId: pool })), pool === null ? {} : { pool }, true);
  const found = await findJob(database, account, job);
  if (found === null) throw new BatchError('JobNotFound');
  if (task === null) return told((await usageOfJob(database, found.job, now)).map((share) => ({ ...share, nodeMs: share.ms, busyMs: share.ms })), { job: found.id }, false);
  const row = await findTask(database, found.job, task);
  if (row === null) throw new BatchError('TaskNotFound');
  return told((await usageOfTask(database, found.job, row.task, now)).map((share) => ({ ...share, nodeMs: share.ms, busyMs: share.ms })), { job: found.id, task: row.id }, false);
}

/** Of all hours, the larger first. */
function byMachine(hours: readonly UsageHour[]): readonly Share[] {
  const sums = new Map<string, Share>();
  for (const hour of hours) {
    const key = `${hour.poolId.toLowerCase()} ${hour.size} ${hour.lowPriority}`;
    const { nodeMs = 0, busyMs = 0, lostMs = 0 } = sums.get(key) ?? {};
    sums.set(key, { poolId: hour.poolId, size: hour.size, lowPriority: hour.lowPriority, nodeMs: nodeMs + hour.nodeMs, busyMs: busyMs + hour.busyMs, lostMs: lostMs + hour.lostMs });
  }
  return [...sums.values()].toSorted((a, b) => b.nodeMs - a.nodeMs);
}

/** `isOfNodes`: whole nodes are counted, which may be idle; else shares of tasks, which are not. */
function statementOf(shares: readonly Share[], region: string, isOfNodes: boolean): object {
  const lines = shares.map((share) => lineOf(share, region, isOfNodes));
  const sum = (of: (line: Line) => number): number => lines.reduce((all, line) => all + of(line), 0);
  const sizes = new Set([...shares.map(({ size }) => size), ...USUAL_SIZES].filter((size) => size !== ''));
  const prices = [...sizes].map((size) => priceOf(size, region));
  return {
    currency: 'USD',
    region,
    prices,
    lines,
    total: {
      nodeSeconds: sum(({ nodeSeconds }) => nodeSeconds),
      ...(isOfNodes ? { idleShare: shareOf(sum(({ idleSeconds = 0 }) => idleSeconds), sum(({ nodeSeconds }) => nodeSeconds)) } : {}),
      lostSeconds: sum(({ lostSeconds }) => lostSeconds),
      cost: money(sum((line) => line.cost ?? 0)),
      /** What the sum leaves out. */
      unknownPrices: [...new Set(lines.filter((line) => line.cost === null).map(({ size, kind }) => `${size || 'unknown size'} ${kind}`))],
    },
  };
}

/** Those that examples and `linarite run` take: their prices are told in any case. */
const USUAL_SIZES = ['standard_a1_v2', 'standard_d2s_v3'];

/** A plain virtual machine costs what a dedicated node does: Batch itself is free. */
function priceOf(size: string, region: string): object {
  const dedicated = hourlyPrice(size, 'dedicated', region);
  return { size, cores: findVmSize(size)?.cores ?? null, plain: dedicated, dedicated, low: hourlyPrice(size, 'low', region) };
}

