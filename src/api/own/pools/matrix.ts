import { Readable } from 'node:stream';
import type { NodeNumber, PoolNumber } from '../../../core/keys.ts';
import { nodeColumns, type NodeColumns } from '../../../store/intents/nodeMatrix.ts';
import { nodeNames } from '../../../store/intents/nodes.ts';
import { revOf } from '../../../store/intents/rev.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { MATRIX_HEADER, MATRIX_LOW_PRIORITY, MATRIX_MAGIC, MATRIX_SCHEDULING_DISABLED, MATRIX_STATES, type MatrixIds } from '../../../wire/own/matrix.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { storedPool } from '../../data/pool/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { poolOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readWhole } from '../queries.ts';

export const matrixOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/pools/{poolId}/matrix', right: 'read', of: 'pools', run: matrix },
  { method: 'GET', path: '/linarite/pools/{poolId}/matrix/ids', right: 'read', of: 'pools', run: ids },
];

/** @throws BatchError PoolNotFound. */
async function matrix(call: OwnCall, { database }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const columns = await nodeColumns(database, call.account, pool.pool);
  const { epoch } = orderOf(database, pool.pool, columns.node, call.now);
  const [revEpoch = 0, revTick = 0] = rev.split('-').map(Number);
  const bytes = asBytes(columns, { slotsPerNode: storedPool(pool).taskSlotsPerNode, epoch, revEpoch, revTick });
  return { status: 200, headers: { 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) }, body: Readable.from([bytes]) };
}

/** All nodes that a pool may have. */
const MOST_IDS = 100_000;

/** @throws BatchError PoolNotFound, InvalidQueryParameterValue. */
async function ids(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { from: fromText, to: toText } = readNames(call.query, ['from', 'to']);
  const from = readWhole('from', fromText, { least: 0, most: MOST_IDS, usual: 0 });
  const to = readWhole('to', toText, { least: from, most: MOST_IDS, usual: MOST_IDS });
  const pool = await poolOf(call, database);
  const { node } = await nodeColumns(database, call.account, pool.pool);
  const { epoch } = orderOf(database, pool.pool, node, call.now);
  const asked = node.slice(from, to);
  const names = await nodeNames(database, asked);
  return json(200, { epoch, from, ids: asked.map((number) => names.get(number)?.id ?? '') } satisfies MatrixIds);
}

/** Which nodes a pool had when it was asked about last, in their order. */
interface Order {
  readonly epoch: number;
  readonly nodes: readonly NodeNumber[];
}

const byDatabase = new WeakMap<Database, Map<PoolNumber, Order>>();
const MOST_POOLS = 1_000;

/**
 * The nodes' order: those that join come last, and leave the epoch; one that leaves begins another, as places move up.
 * After a restart of the service there is another one in any case.
 */
export function orderOf(database: Database, pool: PoolNumber, nodes: readonly NodeNumber[], now: number): Order {
  const orders = byDatabase.get(database) ?? new Map<PoolNumber, Order>();
  byDatabase.set(database, orders);
  const known = orders.get(pool) ?? { epoch: Math.floor(now / 1_000), nodes: [] };
  const isLonger = known.nodes.every((node, place) => nodes[place] === node);
  const next = { epoch: isLonger ? known.epoch : known.epoch + 1, nodes };
  orders.delete(pool);
  orders.set(pool, next);
  const [oldest] = orders.keys();
  if (orders.size > MOST_POOLS && oldest !== undefined) orders.delete(oldest);
  return next;
}

interface Header {
  readonly slotsPerNode: number;
  readonly epoch: number;
  readonly revEpoch: number;
  readonly revTick: number;
}

const STATE_NUMBERS: ReadonlyMap<string, number> = new Map(MATRIX_STATES.map((state, number) => [state, number]));

function asBytes({ state, slots, since, low, disabled }: NodeColumns, { slotsPerNode, epoch, revEpoch, revTick }: Header): Buffer {
  const count = state.length;
  const column = Math.ceil(count / 4) * 4;
  const bytes = Buffer.alloc(MATRIX_HEADER.bytes + 2 * column + 4 * count);
  const header = { magic: MATRIX_MAGIC, count, slotsPerNode, epoch, revEpoch, revTick };
  for (const [name, value] of Object.entries(header)) bytes.writeUInt32LE(value >>> 0, MATRIX_HEADER[name as keyof typeof header]);
  for (let place = 0; place < count; place += 1) {
    const flags = (low[place] === 1 ? MATRIX_LOW_PRIORITY : 0) | (disabled[place] === 1 ? MATRIX_SCHEDULING_DISABLED : 0);
    bytes[MATRIX_HEADER.bytes + place] = (STATE_NUMBERS.get(state[place] ?? '') ?? 0) | flags;
    bytes[MATRIX_HEADER.bytes + column + place] = Math.min(255, slots[place] ?? 0);
    bytes.writeUInt32LE(Math.floor((since[place] ?? 0) / 1_000) >>> 0, MATRIX_HEADER.bytes + 2 * column + 4 * place);
  }
  return bytes;
}
