import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import { row, rows, statement, transaction, type Database } from './statement.ts';

/** One after the other, in all processes: no two see the last cores free. */
const lock = statement('subscriptionCores.lock', `select pg_advisory_xact_lock(hashtext('linarite.subscription-cores'))`);
/** A node stands in its table before it is asked for. */
const forgetGone = statement('subscriptionCores.forget-gone', 'delete from subscription_node s where not exists (select from node n where n.node = s.node and n.gone_at is null)');
const place = statement<{ region: string | null; isUsers: boolean }>(
  'subscriptionCores.place',
  `select spec ->> 'location' as region, coalesce(spec -> 'properties' ->> 'poolAllocationMode', '') = 'UserSubscription' as "isUsers" from resource where account = $1`,
);
const inUse = statement<{ cores: number }>('subscriptionCores.in-use', 'select coalesce(sum(cores), 0)::int as cores from subscription_node where region = $1 and node <> $2');
const grant = statement('subscriptionCores.grant', 'insert into subscription_node (node, region, cores) values ($1, $2, $3) on conflict (node) do nothing');

export interface CoresAsked {
  readonly account: AccountNumber;
  readonly node: NodeNumber;
  readonly cores: number;
}

/** Why cores are not granted. */
export interface CoresRefused {
  readonly region: string;
  /** Of the other nodes that count. */
  readonly inUse: number;
}

/**
 * Counts the cores of a node of an account in user subscription mode against the subscription, until the node is gone.
 * Null: there is room, or the account is in another mode.
 */
export function grantSubscriptionCores(database: Database, { account, node, cores }: CoresAsked, most: number): Promise<CoresRefused | null> {
  return transaction(database, async (tx) => {
    const { region = null, isUsers = false } = (await row(tx, place, [account])) ?? {};
    if (region === null || !isUsers) return null;
    await rows(tx, lock, []);
    await rows(tx, forgetGone, []);
    const others = (await row(tx, inUse, [region, node]))?.cores ?? 0;
    if (others + cores > most) return { region, inUse: others };
    await rows(tx, grant, [node, region, cores]);
    return null;
  });
}
