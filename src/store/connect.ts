import { Pool, type PoolConfig, types } from 'pg';

/** Where a PostgreSQL is: what `startPostgres` gives, or a URL. */
export type Connection =
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string; readonly password?: string }
  | { readonly connectionString: string };

/**
 * `owner`: few connections, for statements that touch rows by key and nothing else. `api`: everything that handlers
 * ask. `migration`: statements that take as long as they take.
 */
export type Purpose = 'owner' | 'api' | 'migration';

const CONNECT_TIMEOUT_MS = 10_000;
/**
 * A statement that runs longer is ended by the server; what waits on the socket longer than that is given up by us. 0:
 * never.
 */
const STATEMENT_TIMEOUT_MS: Readonly<Record<Purpose, number>> = { owner: 120_000, api: 30_000, migration: 0 };
const SOCKET_MARGIN_MS = 5_000;
const MAX_CONNECTIONS: Readonly<Record<Purpose, number>> = { owner: 6, api: 24, migration: 1 };
/**
 * So many stay open without work: where a disk is full, PostgreSQL may not be able to take new ones (it writes a file
 * at the first one after some changes).
 */
const MIN_CONNECTIONS = 2;

/**
 * The owner's statements are prepared once and touch rows by primary key. A plan made while a table was empty would
 * scan it for as long as the statistics are old, and planning a tick anew costs more than running it: so the plan is
 * made once, and only by key. Handlers ask for pages in the order of an index: without statistics a bitmap of all that
 * comes after, sorted, looks as cheap (46 ms instead of 4 for a page of 1,000 tasks of 100,000).
 */
const SETTINGS: Readonly<Record<Purpose, readonly string[]>> = {
  owner: ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'enable_hashjoin=off', 'enable_material=off', 'jit=off'],
  api: ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'enable_bitmapscan=off', 'jit=off'],
  migration: [],
};

const INT8 = types.builtins.INT8;
/** pg_type.oid of bigint[]; the driver names no array types. */
export const INT8_ARRAY = 1016;

/** Milliseconds, row numbers and counts all stay below 2^53: bigint columns are read as numbers. */
const parsers = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return parseInt8;
    if (oid === INT8_ARRAY) return parseInt8Array;
    return types.getTypeParser(oid, format);
  },
};

/**
 * A bounded pool of connections to our database. `end()` it. Connections that break are dropped in silence, but for the
 * errors of the queries on them: the next query opens another.
 */
export function connect(connection: Connection, purpose: Purpose, overrides: { readonly maxConnections?: number } = {}): Pool {
  const timeoutMs = STATEMENT_TIMEOUT_MS[purpose];
  const settings = [...SETTINGS[purpose], `statement_timeout=${timeoutMs}`, 'idle_in_transaction_session_timeout=60000'];
  const config: PoolConfig = {
    ...connection,
    application_name: `linarite ${purpose}`,
    max: overrides.maxConnections ?? MAX_CONNECTIONS[purpose],
    min: MIN_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: timeoutMs === 0 ? 0 : timeoutMs + SOCKET_MARGIN_MS,
    keepAlive: true,
    // For `transaction` and `Lanes`: a statement is sent while the one before it is under way.
    pipeline: true,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    types: parsers,
  };
  const pool = new Pool(config);
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`bigint beyond 2^53: ${text}`);
  return value;
}

/** Of one dimension, without nulls. */
export function parseInt8Array(text: string): number[] {
  return (text === '{}' ? [] : text.slice(1, -1).split(',').map(parseInt8));
}
