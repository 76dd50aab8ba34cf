import type { Pool, PoolClient } from 'pg';
import type { AccountNumber } from '../../core/keys.ts';
import { AccountOwned, OWNER_DEAD_AFTER_MS, PLACE_FENCE_MS } from '../ownerStore.ts';
import { inTransaction } from './transaction.ts';

/** Processes that died without resigning are forgotten after a day. */
const FORGET_PROCESS = `delete from process p where heartbeat < clock_timestamp() - interval '1 day'
  and not exists (select from ownership o where o.process = p.process)`;

const BEAT = `insert into process (process, url, heartbeat) values ($1, $2, clock_timestamp())
  on conflict (process) do update set url = excluded.url, heartbeat = excluded.heartbeat`;

/**
 * Two steps, so that the second sees with a new snapshot what the first has waited for: a rival's claim, and the
 * commits of the owner before (they write the row).
 */
const LOCK = 'select process from ownership where account = $1 for update';
const RIVAL = `select url from process where process = $1 and process <> $2
  and heartbeat > clock_timestamp() - ${OWNER_DEAD_AFTER_MS} * interval '1 millisecond'`;
/** Its nodes lie at a place of which a process has lately been heard, and this one is not there. */
const BOUND = `select p.url from ownership o join process p on p.place = o.place
  where o.account = $1 and o.place is distinct from (select place from process where process = $2)
    and p.heartbeat > clock_timestamp() - ${PLACE_FENCE_MS} * interval '1 millisecond'
    and exists (select from node n where n.account = o.account and n.gone_at is null) limit 1`;
const TAKE = 'update ownership set process = $2, place = (select place from process where process = $2), epoch = epoch + 1, tick = 0 where account = $1 returning epoch';

export function claim(pool: Pool, account: AccountNumber, process: string, url: string): Promise<{ readonly epoch: number }> {
  return inTransaction(pool, 'begin', async (client) => {
    await client.query(FORGET_PROCESS);
    await client.query(BEAT, [process, url]);
    await client.query('insert into ownership (account) values ($1) on conflict do nothing', [account]);
    await refuseIfOwned(client, account, process);
    const taken = await client.query<{ epoch: number }>(TAKE, [account, process]);
    const epoch = taken.rows[0]?.epoch;
    if (epoch === undefined) throw new Error(`The ownership of account ${account} vanished while it was locked.`);
    return { epoch };
  });
}

async function refuseIfOwned(client: PoolClient, account: AccountNumber, process: string): Promise<void> {
  const locked = await client.query<{ process: string | null }>(LOCK, [account]);
  const owner = locked.rows[0]?.process ?? null;
  const bound = await client.query<{ url: string }>(BOUND, [account, process]);
  if (bound.rows[0] !== undefined) throw new AccountOwned(bound.rows[0].url);
  if (owner === null) return;
  const rival = await client.query<{ url: string }>(RIVAL, [owner, process]);
  if (rival.rows[0] !== undefined) throw new AccountOwned(rival.rows[0].url);
}

const HEARTBEAT = `with beat as (update process set heartbeat = clock_timestamp() where process = $1 returning process)
  select o.account, o.epoch from ownership o join beat on beat.process = o.process`;

export async function heartbeat(pool: Pool, process: string): Promise<readonly { account: AccountNumber; epoch: number }[]> {
  return (await pool.query<{ account: AccountNumber; epoch: number }>({ name: 'heartbeat', text: HEARTBEAT, values: [process] })).rows;
}

/** A process that has no account left is forgotten with the last one, unless it is one of several. */
const FORGET_RESIGNED = 'delete from process where process = $1 and not is_joined and not exists (select from ownership where process = $1)';

export function resign(pool: Pool, account: AccountNumber, process: string): Promise<void> {
  return inTransaction(pool, 'begin', async (client) => {
    await client.query('update ownership set process = null where account = $1 and process = $2', [account, process]);
    await client.query(FORGET_RESIGNED, [process]);
  });
}

/**
 * Only where nobody else can reach the database and our own former processes are known to be dead: whoever is
 * registered has lost its accounts at once.
 */
export async function forgetProcesses(pool: Pool): Promise<void> {
  await pool.query('update ownership set process = null');
  await pool.query('delete from process');
}
