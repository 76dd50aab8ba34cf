import { expect, test } from 'vitest';
import { connect } from '../../src/store/connect.ts';
import { ensureAccount } from '../../src/store/intents/accounts.ts';
import { countWebhooks } from '../../src/store/intents/totals.ts';
import { migrate } from '../../src/store/migrate.ts';
import { temporaryPostgres } from '../support/postgres.ts';

test('webhooks are counted by how they do, with the ticks that they have not been told of', async () => {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'api');
  try {
    await migrate(pool);
    const account = await ensureAccount(pool, 'a', 0);
    expect(await countWebhooks(pool)).toEqual({ working: 0, failing: 0, disabled: 0, queued: 0 });
    const hook = (tick: number, failingSince: number | null, disabledAt: number | null) => pool.query('insert into webhook (account, url, selection, secret, created, epoch, tick, place, at, failing_since, disabled_at) values ($1, $2, $3, $4, 0, 1, $5, 0, 1000, $6, $7)', [account, 'https://x', '{}', 's', tick, failingSince, disabledAt]);
    for (const tick of [1, 2, 3, 4]) await pool.query('insert into transition (account, epoch, tick, first, at, data) values ($1, 1, $2, 0, $3, $4)', [account, tick, 1_000 + tick, Buffer.alloc(0)]);
    await hook(3, null, null);
    await hook(2, 5, null);
    await hook(0, 5, 6);
    expect(await countWebhooks(pool)).toEqual({ working: 1, failing: 1, disabled: 1, queued: 3 });
  } finally {
    await pool.end();
    await postgres.remove();
  }
});
