/**
 * Our own operations on drills, in which low-priority nodes are taken back (docs/low-priority.md).
 */
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { lockAccount } from '../../store/intents/accounts.ts';
import { type DrillRow, findDrill, insertDrill, listDrills, stopDrill } from '../../store/intents/drills.ts';
import { tellOwner } from '../../store/intents/inbox.ts';
import { findPool } from '../../store/intents/pools.ts';
import { transaction, type Transaction } from '../../store/intents/statement.ts';
import type { DrillRules } from '../../store/rules.ts';
import { formatDuration, parseDuration } from '../../wire/durations.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const drillOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/drills', right: 'read', of: 'pools', run: list },
  { method: 'POST', path: '/linarite/drills', right: 'write', of: 'pools', body: true, run: add },
  { method: 'GET', path: '/linarite/drills/{drillId}', right: 'read', of: 'pools', run: show },
  { method: 'POST', path: '/linarite/drills/{drillId}/stop', right: 'write', of: 'pools', run: stop },
];

async function list({ account, now }: OwnCall, { database }: Parts): Promise<Answer> {
  return json(200, { value: (await listDrills(database, account)).map((drill) => shown(drill, now)) });
}

async function show(call: OwnCall, { database }: Parts): Promise<Answer> {
  return json(200, shown(known(await findDrill(database, call.account, numberOf(param(call, 'drillId')))), call.now));
}

/** Answers when it is durable; the account's owner begins with it in its next turn. */
async function add(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account, now } = call;
  const rules = readDrill(await call.json(), parts.preemptionGraceMs, now);
  const drill = await transaction(parts.database, async (tx, last) => {
    await lockAccount(tx, account);
    await refuseUnlessPossible(tx, account, rules, now);
    const inserted = await insertDrill(tx, account, rules, now);
    last(tellOwner(tx, account, { kind: 'account', account }));
    return inserted;
  });
  parts.wake.sweep(account);
  return json(201, shown(drill, now));
}

async function stop(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account, now } = call;
  const drill = await transaction(parts.database, async (tx, last) => {
    const stopped = known(await stopDrill(tx, account, numberOf(param(call, 'drillId')), now));
    last(tellOwner(tx, account, { kind: 'account', account }));
    return stopped;
  });
  parts.wake.sweep(account);
  return json(200, shown(drill, now));
}

/** An owner goes through each of them every second. */
const MOST_ACTIVE = 16;

async function refuseUnlessPossible(tx: Transaction, account: AccountNumber, { pools }: DrillRules, now: Instant): Promise<void> {
  for (const id of pools ?? []) if ((await findPool(tx, account, id)) === null) throw new BatchError('PoolNotFound', [{ key: 'Reason', value: `There is no pool ${id}.` }]);
  const active = (await listDrills(tx, account)).filter((drill) => stateOf(drill, now) === 'active');
  if (active.length >= MOST_ACTIVE) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: `${MOST_ACTIVE} drills run already.` }]);
}

function known(drill: DrillRow | null): DrillRow {
  if (drill === null) throw new BatchError('ResourceNotFound', [{ key: 'Reason', value: 'There is no such drill.' }]);
  return drill;
}

function numberOf(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : 0;
}

function stateOf({ stoppedAt, rules: { until } }: DrillRow, now: Instant): 'active' | 'stopped' | 'completed' {
  if (stoppedAt !== null) return until !== null && until < stoppedAt ? 'completed' : 'stopped';
  return until !== null && until < now ? 'completed' : 'active';
}

function shown(drill: DrillRow, now: Instant): object {
  const { rules: { pools, share, perMs, seed, graceMs, until }, createdAt, stoppedAt } = drill;
  const state = stateOf(drill, now);
  const end = state === 'stopped' ? stoppedAt : until;
  return {
    id: String(drill.drill),
    state,
    ...(pools === null ? {} : { pools }),
    rate: rateText(share, perMs),
    seed,
    grace: formatDuration(graceMs),
    creationTime: formatTimestamp(createdAt),
    ...(end === null ? {} : { endTime: formatTimestamp(end) }),
  };
}

const PROPERTIES = ['pools', 'rate', 'seed', 'duration', 'grace'];
const DEFAULT_SEED = 1;
const MOST_POOLS = 100;
const MOST_SEED = 2 ** 32 - 1;
const LEAST_DURATION_MS = 1_000;
const MOST_DURATION_MS = 30 * 86_400_000;
const MOST_GRACE_MS = 3_600_000;

/** `{rate, pools?, seed?, duration?, grace?}`. */
function readDrill(body: unknown, graceMs: number, now: Instant): DrillRules {
  const given = objectOf(body, 'the body');
  const unknown = Object.keys(given).find((name) => !PROPERTIES.includes(name));
  if (unknown !== undefined) throw invalidProperty(unknown, given[unknown], 'There is no such property.');
  if (given['rate'] === undefined) throw invalidProperty('rate', undefined, RATE_FORM, 'MissingRequiredProperty');
  const durationMs = readDuration('duration', given['duration'], LEAST_DURATION_MS, MOST_DURATION_MS);
  return {
    pools: readPools(given['pools']),
    ...readRate(given['rate']),
    seed: readSeed(given['seed']),
    graceMs: readDuration('grace', given['grace'], 0, MOST_GRACE_MS) ?? graceMs,
    until: durationMs === null ? null : now + durationMs,
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const RATE_FORM = 'The value must be a share of the nodes in a time, like 10%/min, of more than 0 and at most 100%/s; the time is s, min, h or d.';

function readRate(value: unknown): Pick<DrillRules, 'share' | 'perMs'> {
  const [, percent = '', unit = ''] = typeof value === 'string' ? (/^(\d{1,6}(?:\.\d{1,6})?)\s*%\s*\/\s*(s|min|h|d)$/.exec(value.trim()) ?? []) : [];
  const [share, perMs] = [Number(percent) / 100, UNITS[unit] ?? 0];
  if (perMs === 0 || share <= 0 || (share * 1_000) / perMs > 1) throw invalidProperty('rate', value, RATE_FORM);
  return { share, perMs };
}

function rateText(share: number, perMs: number): string {
  const unit = Object.entries(UNITS).find(([, ms]) => ms === perMs)?.[0] ?? '';
  return `${Number((share * 100).toPrecision(12))}%/${unit}`;
}

function readPools(value: unknown): DrillRules['pools'] {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_POOLS || !value.every((id): id is string => typeof id === 'string' && id !== '')) {
    throw invalidProperty('pools', value, `The value must be a list of 1 to ${MOST_POOLS} ids of pools.`);
  }
  return [...new Set(value.map(lowerAscii))];
}

function readSeed(value: unknown = DEFAULT_SEED): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_SEED) return value;
  throw invalidProperty('seed', value, `The value must be a whole number from 0 to ${MOST_SEED}.`);
}

/** null: it is not given. */
function readDuration(name: string, value: unknown, leastMs: number, mostMs: number): number | null {
  if (value === undefined) return null;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
  throw invalidProperty(name, value, `The value must be a duration from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}.`);
}
