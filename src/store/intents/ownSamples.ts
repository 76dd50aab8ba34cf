import type { AccountNumber, Instant, PoolNumber } from '../../core/keys.ts';
import { halfMinuteOf, type OwnSample } from '../../core/pool/samples.ts';
import { SAMPLES_KEPT_MS } from '../../core/tunables.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

const forget = statement('ownSamples.forget', 'delete from own_sample where pool = $1 and at < $2');
const count = statement<{ names: number }>('ownSamples.count', 'select count(*)::int as names from (select name from own_sample where pool = $1 union select unnest($2::text[])) as n');
const upsert = statement(
  'ownSamples.upsert',
  `insert into own_sample as o (pool, name, half_minute, at, value) select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[])
   on conflict (pool, name, half_minute) do update set at = excluded.at, value = excluded.value where excluded.at >= o.at`,
);
const tell = statement('ownSamples.tell', "insert into inbox (account, kind, subject, samples) values ($1, 'samples', $2, $3)");
const list = statement<{ name: string; at: Instant; value: number }>('ownSamples.list', 'select name, at, value from own_sample where pool = $1 and at >= $2 order by at');

/** How many names the pool has samples of, with these. What is older than a day is removed. */
export async function countOwnNames(tx: Transaction, pool: PoolNumber, names: readonly string[], now: Instant): Promise<number> {
  await row(tx, forget, [pool, now - SAMPLES_KEPT_MS]);
  return (await row(tx, count, [pool, names]))?.names ?? 0;
}

/** Of a half minute the newest is kept. `samples`: one a name and half minute. */
export async function keepOwnSamples(tx: Transaction, pool: PoolNumber, samples: readonly OwnSample[]): Promise<void> {
  const columns = [samples.map(([name]) => name), samples.map(([, at]) => halfMinuteOf(at)), samples.map(([, at]) => at), samples.map(([, , value]) => value)];
  await rows(tx, upsert, [pool, ...columns]);
}

/** To be called in the transaction that keeps them. */
export async function tellOfOwnSamples(tx: Transaction, account: AccountNumber, pool: PoolNumber, samples: readonly OwnSample[]): Promise<void> {
  await rows(tx, tell, [account, pool, JSON.stringify(samples)]);
}

/** Those of the last day, oldest first. */
export async function ownSamples(database: Database, pool: PoolNumber, now: Instant): Promise<readonly OwnSample[]> {
  return (await rows(database, list, [pool, now - SAMPLES_KEPT_MS])).map(({ name, at, value }) => [name, at, value]);
}
