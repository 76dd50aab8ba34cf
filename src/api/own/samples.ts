/**
 * Our own operations on a pool's samples: a program posts what it measured, which the pool's formula reads as
 * `$Own_NAME` (docs/autoscale.md), and takes all of them as a file, to try formulas on.
 */
import type { Instant } from '../../core/keys.ts';
import { isOwnName, ownVariable, writeSampleFile } from '../../core/pool/formula.ts';
import { halfMinuteOf, historyIn, type OwnSample, samplesOf } from '../../core/pool/samples.ts';
import { SAMPLES_KEPT_MS } from '../../core/tunables.ts';
import { countOwnNames, keepOwnSamples, ownSamples, tellOfOwnSamples } from '../../store/intents/ownSamples.ts';
import { lockPool, poolSamples } from '../../store/intents/pools.ts';
import { transaction } from '../../store/intents/statement.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { parseTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { poolOf } from './existing.ts';
import { json, objectOf } from './json.ts';
import { readNames } from './queries.ts';

export const sampleOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/pools/{poolId}/samples', right: 'read', of: 'pools', run: file },
  { method: 'POST', path: '/linarite/pools/{poolId}/samples', right: 'write', of: 'pools', body: true, run: post },
];

/** What the pool's formula can read now. @throws BatchError PoolNotFound. */
async function file(call: OwnCall, { database }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const { pool } = await poolOf(call, database);
  const samples = samplesOf(await poolSamples(database, pool), await ownSamples(database, pool, call.now));
  return { status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' }, body: writeSampleFile(historyIn(samples)) };
}

const MOST_SAMPLES = 100;
const MOST_NAMES = 50;
/** Clocks differ. */
const MOST_AHEAD_MS = 60_000;

/** Answered when it is durable, with the variables that formulas read. */
async function post(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account, now } = call;
  const samples = newestOf(readSamples(await call.json(), now));
  const names = [...new Set(samples.map(([name]) => name))];
  await transaction(parts.database, async (tx, last) => {
    const pool = await lockPool(tx, account, param(call, 'poolId'));
    if (pool === null) throw new BatchError('PoolNotFound');
    if (pool.deletedAt !== null) throw new BatchError('PoolBeingDeleted');
    const inAll = await countOwnNames(tx, pool.pool, names, now);
    if (inAll > MOST_NAMES) throw invalidProperty('name', names.join(', '), `A pool has samples of at most ${MOST_NAMES} names a day; with these it would be ${inAll}.`);
    await keepOwnSamples(tx, pool.pool, samples);
    last(tellOfOwnSamples(tx, account, pool.pool, samples));
  });
  parts.wake.sweep(account);
  return json(200, { variables: names.map(ownVariable) });
}

/** `{samples: [{name, value, time?}]}`. */
function readSamples(body: unknown, now: Instant): readonly OwnSample[] {
  const { samples, ...more } = objectOf(body, 'The body');
  refuseOthers(more, '');
  if (samples === undefined) throw invalidProperty('samples', undefined, LIST_FORM, 'MissingRequiredProperty');
  if (!Array.isArray(samples) || samples.length === 0 || samples.length > MOST_SAMPLES) throw invalidProperty('samples', samples, LIST_FORM);
  return samples.map((sample: unknown, index) => readSample(sample, `samples[${index}]`, now));
}

const LIST_FORM = `The value must be a list of 1 to ${MOST_SAMPLES} samples.`;

function readSample(sample: unknown, place: string, now: Instant): OwnSample {
  const { name, value, time, ...more } = objectOf(sample, place);
  refuseOthers(more, `${place}.`);
  if (typeof name !== 'string' || !isOwnName(name)) throw invalidProperty(`${place}.name`, name, 'The value must be 1 to 64 letters, digits and _, a letter first.', codeOf(name));
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidProperty(`${place}.value`, value, 'The value must be a finite number.', codeOf(value));
  return [name, time === undefined ? now : readTime(time, `${place}.time`, now), value];
}

function readTime(time: unknown, property: string, now: Instant): Instant {
  const at = typeof time === 'string' ? parseTimestamp(time) : undefined;
  if (at === undefined) throw invalidProperty(property, time, 'The value must be a time like 2026-11-20T12:00:00Z.');
  if (at > now + MOST_AHEAD_MS) throw invalidProperty(property, time, 'The value lies in the future.');
  if (at < now - SAMPLES_KEPT_MS) throw invalidProperty(property, time, 'The value is older than a day: samples are kept no longer.');
  return at;
}

function codeOf(value: unknown): 'MissingRequiredProperty' | 'InvalidPropertyValue' {
  return value === undefined ? 'MissingRequiredProperty' : 'InvalidPropertyValue';
}

function refuseOthers(more: Readonly<Record<string, unknown>>, place: string): void {
  for (const [name, value] of Object.entries(more)) throw invalidProperty(place + name, value, 'There is no such property.');
}

/** One a name and half minute: the newest, of equal ones the last. */
function newestOf(samples: readonly OwnSample[]): readonly OwnSample[] {
  const newest = new Map<string, OwnSample>();
  for (const sample of samples.toSorted(([, one], [, other]) => one - other)) newest.set(`${sample[0]} ${halfMinuteOf(sample[1])}`, sample);
  return [...newest.values()];
}
