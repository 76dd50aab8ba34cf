import type { Pool, PoolClient } from 'pg';

/**
 * Runs `work` between `begin` (as given, with its isolation) and commit; anything thrown rolls back, and a connection
 * that threw is not used again.
 */
export async function inTransaction<T>(pool: Pool, begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    failed = false;
    return result;
  } finally {
    client.release(failed);
  }
}
