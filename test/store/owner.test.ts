import { connect } from '../../src/store/connect.ts';
import { migrate } from '../../src/store/migrate.ts';
import { usageOfPools } from '../../src/store/intents/usage.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { readTransitions } from '../../src/store/transitions.ts';
import { temporaryPostgres } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';
import { ownerContract } from './ownerContract.ts';

ownerContract('PostgreSQL', async () => {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'owner');
  await migrate(pool);
  let accounts = 0;
  return {
    store: postgresOwnerStore(pool),
    intents: postgresIntents(pool),
    addAccount: async () => {
      accounts += 1;
      await pool.query('insert into account (account, name, created) values ($1, $2, 0)', [accounts, `account${accounts}`]);
      return accounts;
    },
    silence: async (process) => {
      await pool.query("update process set heartbeat = heartbeat - interval '1 minute' where process = $1", [process]);
    },
    transitions: async (account) => (await readTransitions(pool, account, { epoch: 1, tick: 0, place: 0, at: 0 }, 100)).rows,
    usage: async (account) => (await usageOfPools(pool, account, { since: 0, now: 0, poolId: null })),
    close: async () => {
      await pool.end();
      await postgres.remove();
    },
  };
});
