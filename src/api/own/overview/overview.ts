/**
 * Our own operation that shows an account on one screen: what somebody should see to, counts, quotas and cost
 * (docs/own-operations.md).
 */
import { hourOf } from '../../../core/cost/meter.ts';
import type { AccountNumber, Instant } from '../../../core/keys.ts';
import { machinesInUse, quotasOf } from '../../../store/intents/accounts.ts';
import { failuresSince, openJobs, troubledNodes } from '../../../store/intents/overview.ts';
import { listPools } from '../../../store/intents/pools.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { usageOfPools } from '../../../store/intents/usage.ts';
import type { Overview, OverviewCost, QuotaUse } from '../../../wire/own/overview.ts';
import { hourlyPrice } from '../../../wire/sizes/prices.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { viewOfPool } from '../../data/pool/view.ts';
import { inUse, shownQuotas } from '../account.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';
import { attentionOf } from './attention.ts';

export const overviewOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/overview', right: 'read', of: 'account', run: overview }];

const DAY_MS = 86_400_000;

async function overview({ account, now, query }: OwnCall, parts: Parts): Promise<Answer> {
  readNames(query, []);
  const { database } = parts;
  const rev = await revOf(database, account);
  const [pools, jobs, nodes, failures, machines, cost, quotas] = await Promise.all([
    listPools(database, account, ''),
    openJobs(database, account),
    troubledNodes(database, account),
    failuresSince(database, account, now - DAY_MS),
    machinesInUse(database, account),
    costOf(parts, account, now),
    quotasInUse(parts, account),
  ]);
  const targets = pools.filter(({ deletedAt }) => deletedAt === null).map(viewOfPool);
  return json(200, {
    rev,
    attention: await attentionOf({ account, pools, jobs, nodes, failures, now }, parts),
    counts: {
      pools: pools.length,
      nodes: sumOf(machines, (of) => of.nodes),
      targetNodes: sumOf(targets, ({ targetDedicated, targetLowPriority }) => targetDedicated + targetLowPriority),
      activeJobs: jobs.length,
      running: sumOf(jobs, ({ running }) => running),
      waiting: sumOf(jobs, ({ waiting }) => waiting),
      failed24h: sumOf(failures, ({ tasks }) => tasks),
    },
    quotas,
    cost,
  } satisfies Overview);
}

async function quotasInUse(parts: Parts, account: AccountNumber): Promise<readonly QuotaUse[]> {
  const [set, used] = await Promise.all([quotasOf(parts.database, account), inUse(account, parts)]);
  const limits = shownQuotas(parts, set);
  return (['dedicatedCores', 'lowPriorityCores', 'pools', 'activeJobs'] as const).flatMap((name): QuotaUse[] => {
    const limit = limits[name];
    return limit === null ? [] : [{ name, used: used[name], limit }];
  });
}

async function costOf({ database }: Parts, account: AccountNumber, now: Instant): Promise<OverviewCost> {
  const time = new Date(now);
  const since = Date.UTC(time.getUTCFullYear(), time.getUTCMonth());
  const [hours, machines] = await Promise.all([usageOfPools(database, account, { since, now, poolId: null }), machinesInUse(database, account)]);
  const month = sumOf(hours.filter(({ hour }) => hour >= hourOf(since)), ({ size, lowPriority, nodeMs }) => (nodeMs / HOUR_MS) * priceOf(size, lowPriority));
  const perHour = sumOf(machines, ({ size, dedicated, nodes }) => nodes * priceOf(size ?? '', !dedicated));
  return { perHour: money(perHour), month: money(month), currency: 'USD', estimated: true };
}

const HOUR_MS = 3_600_000;

/** 0: nobody here knows it. */
function priceOf(size: string, lowPriority: boolean): number {
  return hourlyPrice(size, lowPriority ? 'low' : 'dedicated') ?? 0;
}

/** To a hundredth of a cent. */
function money(amount: number): number {
  return Number(amount.toFixed(4));
}

function sumOf<Of>(all: readonly Of[], valueOf: (one: Of) => number): number {
  return all.reduce((sum, one) => sum + valueOf(one), 0);
}
