import type { Pool, PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { AccountNumber } from '../../core/keys.ts';

/** A connection, and how many statements on it have not been answered. */
interface Lane {
  readonly client: Promise<PoolClient>;
  waiting: number;
  hasFailed: boolean;
}

/**
 * Statements of an account one after another, in the order of the calls, each in a transaction of its own: while any is
 * under way the next goes over the same connection (one that pipelines), so it is carried out on what the one before it
 * has left, and without waiting for us. A connection on which one failed is not used again.
 */
export class Lanes {
  readonly #pool: Pool;
  readonly #lanes = new Map<AccountNumber, Lane>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async query<Row extends QueryResultRow>(account: AccountNumber, query: QueryConfig): Promise<QueryResult<Row>> {
    const lane = this.#lanes.get(account) ?? { client: this.#pool.connect(), waiting: 0, hasFailed: false };
    this.#lanes.set(account, lane);
    lane.waiting += 1;
    try {
      return await (await lane.client).query<Row>(query);
    } catch (error) {
      lane.hasFailed = true;
      this.#close(account, lane);
      throw error;
    } finally {
      lane.waiting -= 1;
      if (lane.waiting === 0) {
        this.#close(account, lane);
        await lane.client.then((client) => client.release(lane.hasFailed), () => undefined);
      }
    }
  }

  #close(account: AccountNumber, lane: Lane): void {
    if (this.#lanes.get(account) === lane) this.#lanes.delete(account);
  }
}
