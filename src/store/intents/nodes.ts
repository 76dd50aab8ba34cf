import { idKey, type AccountNumber, type NodeNumber, type PoolNumber } from '../../core/keys.ts';
import type { NodeState } from '../../core/status.ts';
import { NODE_STATUS_COLUMNS, type NodeStatusRow, nodeStateSql } from '../status/nodeActivity.ts';
import type { NodeIntent } from '../../core/intent.ts';
import { NODE_REQUEST_COLUMNS, type NodeRequestRow } from '../nodeRequest.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A node that has not left its pool. */
export interface NodeRow extends NodeStatusRow, NodeRequestRow {
  readonly id: string;
}

const find = statement<NodeRow>(
  'node.find',
  `select n.id, ${NODE_STATUS_COLUMNS}, ${NODE_REQUEST_COLUMNS} from node n join node_activity a using (node) left join node_request nr using (node) where n.account = $1 and n.pool = $2 and n.id_key = $3 and n.gone_at is null`,
);
const list = statement<NodeRow>(
  'node.list',
  `select n.id, ${NODE_STATUS_COLUMNS}, ${NODE_REQUEST_COLUMNS} from (
     select * from node where account = $1 and pool = $2 and gone_at is null and id_key > $3 order by id_key limit $4
   ) n join node_activity a using (node) left join node_request nr using (node) order by n.id_key`,
);
const several = statement<NodeOfPool>(
  'node.several',
  `select node, id_key as "idKey", (status ->> 'dedicated')::boolean as dedicated from node where account = $1 and pool = $2 and id_key = any($3::text[]) and gone_at is null`,
);
const names = statement<NodeName>(
  'node.names',
  'select n.node, n.id, p.id as "poolId", n.gone_at is not null as gone from node n left join pool p using (pool) where n.node = any($1::bigint[])',
);
const counts = statement<NodeCountRow>(
  'node.counts',
  `select p.id as "poolId", p.id_key as "poolKey", (n.status ->> 'dedicated')::boolean as dedicated, ${nodeStateSql('a')} as state, count(n.node)::int as nodes
   from (select pool, id, id_key, account from pool where account = $1 and id_key > $2 and ($4::text is null or id_key = $4) order by id_key limit $3) p
   left join node n on n.account = p.account and n.pool = p.pool and n.gone_at is null
   left join node_activity a on a.node = n.node
   group by 1, 2, 3, 4 order by 2`,
);

export function findNode(database: Database | Transaction, account: AccountNumber, pool: PoolNumber, id: string): Promise<NodeRow | null> {
  return row(database, find, [account, pool, idKey(id)]);
}

export interface NodeOfPool {
  readonly node: NodeNumber;
  readonly idKey: string;
  readonly dedicated: boolean;
}

/** Those of these nodes that the pool has, each once. */
export function findNodes(database: Database | Transaction, account: AccountNumber, pool: PoolNumber, ids: readonly string[]): Promise<readonly NodeOfPool[]> {
  return rows(database, several, [account, pool, ids.map(idKey)]);
}

const lock = statement('node.lock', 'insert into node_request (node) values ($1) on conflict (node) do update set node = excluded.node');
const ask = statement('node.ask', 'update node_request set scheduling_disabled = $2, restart = $3, restart_sequence = $4 where node = $1');

/** As `findNode`, with what was asked of it locked: who asks one thing of it twice at once is told apart. */
export async function lockNode(tx: Transaction, account: AccountNumber, pool: PoolNumber, id: string): Promise<NodeRow | null> {
  const found = await findNode(tx, account, pool, id);
  if (found === null) return null;
  await rows(tx, lock, [found.n_node]);
  return findNode(tx, account, pool, id);
}

/** Writes what is asked of a locked node. */
export async function askNode(tx: Transaction, { node, schedulingDisabled, restart, restartSequence }: NodeIntent): Promise<void> {
  await rows(tx, ask, [node, schedulingDisabled, restart === null ? null : JSON.stringify(restart), restartSequence]);
}

/** Nodes of a pool in the order of their ids, above the key `after`. */
export function listNodes(database: Database, account: AccountNumber, pool: PoolNumber, after: string, limit: number): Promise<readonly NodeRow[]> {
  return rows(database, list, [account, pool, after, limit]);
}

/** A node as its tasks name it, also one that has left. */
export interface NodeName {
  readonly node: NodeNumber;
  readonly id: string;
  /** null: the pool is gone. */
  readonly poolId: string | null;
  readonly gone: boolean;
}

export async function nodeNames(database: Database, nodes: readonly NodeNumber[]): Promise<ReadonlyMap<NodeNumber, NodeName>> {
  if (nodes.length === 0) return new Map();
  const found = await rows(database, names, [[...new Set(nodes)]]);
  return new Map(found.map((name) => [name.node, name]));
}

/**
 * Id and pool of a node never change, and every page of tasks asks for the same few: the names of living pools' nodes
 * are remembered.
 */
const remembered = new WeakMap<Database, Map<NodeNumber, TaskNodeName>>();
const REMEMBERED_NODES = 20_000;

export type TaskNodeName = Pick<NodeName, 'id' | 'poolId'>;

/** As `nodeNames`, without asking the database for what is known. */
export async function taskNodeNames(database: Database, nodes: readonly NodeNumber[]): Promise<ReadonlyMap<NodeNumber, TaskNodeName>> {
  const known = remembered.get(database) ?? new Map<NodeNumber, TaskNodeName>();
  remembered.set(database, known);
  const missing = [...new Set(nodes)].filter((node) => !known.has(node));
  if (missing.length === 0) return known;
  const found = await nodeNames(database, missing);
  if (known.size > REMEMBERED_NODES) known.clear();
  for (const [node, { id, poolId }] of found) if (poolId !== null) known.set(node, { id, poolId });
  return new Map([...known, ...found]);
}

export interface NodeCountRow {
  readonly poolId: string;
  readonly poolKey: string;
  /** null: the pool has no nodes. */
  readonly dedicated: boolean | null;
  readonly state: NodeState | null;
  readonly nodes: number;
}

/**
 * Nodes by state of up to `limit` pools above the key `after`, in the order of pool ids; `only`: of the pool of this
 * id.
 */
export function countNodes(
  database: Database,
  account: AccountNumber,
  { after, limit, only }: { readonly after: string; readonly limit: number | null; readonly only: string | null },
): Promise<readonly NodeCountRow[]> {
  return rows(database, counts, [account, after, limit, only === null ? null : idKey(only)]);
}
