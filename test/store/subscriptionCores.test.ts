import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/store/connect.ts';
import { ensureAccount } from '../../src/store/intents/accounts.ts';
import { insertResource } from '../../src/store/intents/resources.ts';
import { grantSubscriptionCores } from '../../src/store/intents/subscriptionCores.ts';
import { migrate } from '../../src/store/migrate.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../support/postgres.ts';

let postgres: TemporaryPostgres;
let pool: Pool;
const accounts = new Map<string, number>();

beforeAll(async () => {
  postgres = await temporaryPostgres();
  pool = connect(postgres.connection, 'owner');
  await migrate(pool);
  const make = async (name: string, location: string, poolAllocationMode?: string): Promise<void> => {
    const account = await ensureAccount(pool, name, 0);
    accounts.set(name, account);
    await insertResource(pool, { id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/${name}`, type: 'Microsoft.Batch/batchAccounts', spec: { location, properties: { poolAllocationMode } }, account }, 1);
  };
  await make('one', 'eastus', 'UserSubscription');
  await make('two', 'eastus', 'UserSubscription');
  await make('far', 'westus', 'UserSubscription');
  await make('ours', 'eastus', 'BatchService');
});
beforeEach(async () => {
  await pool.query('delete from subscription_node; delete from node');
});
afterAll(async () => {
  await pool.end();
  await postgres.remove();
});

async function ask(name: string, node: number, cores: number): Promise<number | null> {
  const account = accounts.get(name) ?? 0;
  await pool.query(`insert into node (node, account, pool, id, id_key, status) values ($1, $2, 1, $3, $3, '{}') on conflict do nothing`, [node, account, `n${node}`]);
  return (await grantSubscriptionCores(pool, { account, node, cores }, 8))?.inUse ?? null;
}

describe('cores of a subscription', () => {
  test('count over its accounts in user subscription mode in a region, and over no others', async () => {
    expect([await ask('one', 1, 4), await ask('two', 2, 2), await ask('two', 3, 4), await ask('one', 4, 2)]).toEqual([null, null, 6, null]);
    expect([await ask('far', 5, 8), await ask('ours', 6, 64)]).toEqual([null, null]);
  });

  test('of a node count once, however often it is asked for, and not any more when it is gone', async () => {
    expect([await ask('one', 1, 8), await ask('one', 1, 8), await ask('two', 2, 8)]).toEqual([null, null, 8]);
    await pool.query('update node set gone_at = 1 where node = 1');
    expect(await ask('two', 2, 8)).toBe(null);
  });

  test('are given to one of two that ask at once', async () => {
    const answers = await Promise.all([ask('one', 1, 8), ask('two', 2, 8)]);
    expect(answers.toSorted()).toEqual([8, null]);
  });
});
