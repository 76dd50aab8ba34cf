import { findNode, type NodeRow } from '../../../store/intents/nodes.ts';
import { findPool, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { BatchError } from '../../../wire/errors.ts';
import { param, type Call, type Parts } from '../../call.ts';

/** The pool that the path names. @throws BatchError PoolNotFound */
export async function existingPool(call: Call, parts: Parts): Promise<PoolWithStatus> {
  const pool = await findPool(parts.database, call.principal.account.number, param(call, 'poolId'));
  if (pool === null) throw new BatchError('PoolNotFound');
  return pool;
}

/** The node that the path names. @throws BatchError PoolNotFound, NodeNotFound */
export async function existingNode(call: Call, parts: Parts): Promise<{ readonly pool: PoolWithStatus; readonly row: NodeRow }> {
  const pool = await existingPool(call, parts);
  const row = await findNode(parts.database, call.principal.account.number, pool.pool, param(call, 'nodeId'));
  if (row === null) throw new BatchError('NodeNotFound');
  return { pool, row };
}
