import type { AccountNumber, NodeNumber, PoolNumber } from '../../core/keys.ts';
import { ASKED_STATES } from '../../core/wireState.ts';
import { nodeStateSql } from '../status/nodeActivity.ts';
import { row, statement, type Database } from './statement.ts';

/** The nodes of a pool, in the order in which they joined it, one array a column. */
export interface NodeColumns {
  readonly node: readonly NodeNumber[];
  /** Words of the wire, as a client reads them now. */
  readonly state: readonly string[];
  readonly slots: readonly number[];
  readonly since: readonly number[];
  /** 1: low-priority. */
  readonly low: readonly number[];
  /** 1: no tasks may come. */
  readonly disabled: readonly number[];
}

/** What was asked of the node and has not been taken in (`nodeState` in core/wireState.ts). */
const IS_ASKED = `nr.restart is not null and nr.restart_sequence > coalesce((n.status ->> 'restartSequence')::int, 0) and ${nodeStateSql('a')} <> 'leavingpool'`;
const ASKED = `case nr.restart ->> 'kind' ${Object.entries(ASKED_STATES).map(([kind, state]) => `when '${kind}' then '${state}'`).join(' ')} end`;
const DISABLED = `case when nr.node is null then n.status ->> 'scheduling' = 'disabled' else nr.scheduling_disabled is not null end`;

const columns = statement<NodeColumns>(
  'node.columns',
  `select coalesce(array_agg(w.node), '{}') as node, coalesce(array_agg(w.state), '{}') as state, coalesce(array_agg(w.slots::bigint), '{}') as slots, coalesce(array_agg(w.since), '{}') as since,
     coalesce(array_agg(w.low::int::bigint), '{}') as low, coalesce(array_agg(w.disabled::int::bigint), '{}') as disabled
   from (
     select n.node, case when ${IS_ASKED} then ${ASKED} else ${nodeStateSql('a')} end as state, a.running_slots as slots,
       case when ${IS_ASKED} then (nr.restart ->> 'at')::bigint else a.since end as since, not (n.status ->> 'dedicated')::boolean as low, ${DISABLED} as disabled
     from (select * from node where account = $1 and pool = $2 and gone_at is null) n join node_activity a on a.node = n.node left join node_request nr on nr.node = n.node order by n.node
   ) w`,
);

export async function nodeColumns(database: Database, account: AccountNumber, pool: PoolNumber): Promise<NodeColumns> {
  const found = await row(database, columns, [account, pool]);
  if (found === null) throw new Error('an aggregate returned no row');
  return found;
}
