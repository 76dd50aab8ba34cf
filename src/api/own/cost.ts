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
}

const NAMES = ['pool', 'job', 'task', 'since', 'region'] as const;

/** @throws BatchError InvalidQueryParameterValue. */
function readQuery(query: URLSearchParams): CostAsked {
  const { pool, job, task, since, region } = readNames(query, NAMES);
  if (pool && job) throw invalidQuery('pool', pool, 'A pool and a job are not asked of together.');
  if (task && !job) throw invalidQuery('task', task, 'It needs its job.');
  if (since && job) throw invalidQuery('since', since, 'A job and its tasks are told of as a whole.');
  if (region && !hasPrices(region)) throw invalidQuery('region', region, 'No price of that region is known.');
  return { pool: pool || null, job: job || null, task: task || null, since: readTime('since', since), region: region || DEFAULT_REGION };
}

/** @throws BatchError JobNotFound, TaskNotFound, InvalidQueryParameterValue. */
async function cost({ account, now, query }: OwnCall, { database }: Parts): Promise<Answer> {
  const { pool, job, task, since, region } = readQuery(query);
  const told = (lines: readonly Share[], of: object, isOfNodes: boolean): Answer => json(200, { ...of, ...(since === null ? {} : { since: formatTimestamp(since) }), until: formatTimestamp(now), ...statementOf(lines, region, isOfNodes) });
  if (job === null) return told(byMachine(await usageOfPools(database, account, { since: since ?? 0, now, poolId: pool })), pool === null ? {} : { pool }, true);
  const found = await findJob(database, account, job);
  if (found === null) throw new BatchError('JobNotFound');
  if (task === null) return told((await usageOfJob(database, found.job, now)).map((share) => ({ ...share, nodeMs: share.ms, busyMs: share.ms })), { job: found.id }, false);
  const row = await findTask(database, found.job, task);
  if (row === null) throw new BatchError('TaskNotFound');
  return told((await usageOfTask(database, found.job, row.task, now)).map((share) => ({ ...share, nodeMs: share.ms, busyMs: share.ms })), { job: found.id, task: row.id }, false);
}

/** Time of nodes of one pool, size and kind. */
interface Share {
  readonly poolId: string;
  readonly size: string;
  readonly lowPriority: boolean;
  readonly nodeMs: number;
  readonly busyMs: number;
  readonly lostMs: number;
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

interface Line {
  readonly pool: string;
  readonly size: string;
  readonly kind: 'dedicated' | 'low';
  readonly nodeSeconds: number;
  readonly idleSeconds?: number;
  readonly idleShare?: number;
  readonly lostSeconds: number;
  /** null: nobody here knows the price. */
  readonly hourlyPrice: number | null;
  readonly cost: number | null;
}

const SECONDS_AN_HOUR = 3_600;

function lineOf({ poolId, size, lowPriority, nodeMs, busyMs, lostMs }: Share, region: string, isOfNodes: boolean): Line {
  const kind = lowPriority ? 'low' : 'dedicated';
  const price = hourlyPrice(size, kind, region);
  const nodeSeconds = nodeMs / 1000;
  // Tasks have their slots a moment longer than an agent says that they ran.
  const idleSeconds = Math.max(0, nodeMs - busyMs) / 1000;
  return {
    pool: poolId,
    size,
    kind,
    nodeSeconds,
    ...(isOfNodes ? { idleSeconds, idleShare: shareOf(idleSeconds, nodeSeconds) } : {}),
    lostSeconds: lostMs / 1000,
    hourlyPrice: price,
    cost: price === null ? null : money((nodeSeconds / SECONDS_AN_HOUR) * price),
  };
}

/** A plain virtual machine costs what a dedicated node does: Batch itself is free. */
function priceOf(size: string, region: string): object {
  const dedicated = hourlyPrice(size, 'dedicated', region);
  return { size, cores: findVmSize(size)?.cores ?? null, plain: dedicated, dedicated, low: hourlyPrice(size, 'low', region) };
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Number((part / whole).toFixed(4));
}

/** To a hundredth of a cent. */
function money(amount: number): number {
  return Number(amount.toFixed(4));
}
