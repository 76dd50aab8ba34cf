import { findResource, holdResource } from '../../../store/intents/resources.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import type { ManagementParts } from '../call.ts';
import { requireSubscription } from '../subscription/handlers.ts';

const BELOW_SUBSCRIPTION = /^\/subscriptions\/([^/]+)(\/.+)?$/i;

/** `asked`: an id; empty: all. @throws ManagementError NotFound, SubscriptionNotFound, ResourceNotFound (404). */
export async function requireScope(asked: string, parts: ManagementParts): Promise<void> {
  if (asked === '') return;
  const [, subscription, below] = BELOW_SUBSCRIPTION.exec(asked.replace(/\/$/, '')) ?? [];
  if (subscription === undefined) throw new ManagementError('NotFound', `The scope '${asked.slice(0, 256)}' is neither a subscription nor below one.`);
  requireSubscription({ params: { subscriptionId: subscription } }, parts);
  if (below !== undefined && (await findResource(parts.data.database, asked.replace(/\/$/, ''))) === null) throw noScope(asked);
}

/** Nobody takes the scope away until the transaction ends. `asked`: as `requireScope` has found it. @throws as that. */
export async function holdScope(tx: Transaction, asked: string): Promise<void> {
  const below = BELOW_SUBSCRIPTION.exec(asked)?.[2];
  if (below === undefined) return;
  const held = await holdResource(tx, asked);
  if (held === null || held.state === 'Deleting') throw noScope(asked);
}

function noScope(asked: string): ManagementError {
  return new ManagementError('ResourceNotFound', `The scope '${asked.slice(0, 256)}' was not found.`);
}
