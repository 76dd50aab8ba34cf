import { findResource, holdResource, type ResourceRow } from '../../../store/intents/resources.ts';
import type { Transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { groupId } from '../../../wire/management/resourceId.ts';
import { param, type ManagementCall, type ManagementParts } from '../call.ts';
import { requireSubscription } from '../subscription/handlers.ts';

export const GROUP_TYPE = 'Microsoft.Resources/resourceGroups';

/** @throws ManagementError SubscriptionNotFound, ResourceGroupNotFound (404). */
export async function existingGroup(call: Pick<ManagementCall, 'params'>, parts: ManagementParts): Promise<ResourceRow> {
  requireSubscription(call, parts);
  const found = await findResource(parts.data.database, groupOf(call));
  if (found === null) throw noGroup(param(call, 'resourceGroupName'));
  return found;
}

/**
 * As `existingGroup`, for what is to be made in it: it is refused before its body is read. What makes it holds the
 * group as well (`holdGroup`). @throws ManagementError ResourceGroupBeingDeleted (409).
 */
export async function openGroup(call: Pick<ManagementCall, 'params'>, parts: ManagementParts): Promise<ResourceRow> {
  return open(await existingGroup(call, parts), param(call, 'resourceGroupName'));
}

/**
 * Nobody begins to delete the group until the transaction ends, and so its deletion takes along what is made in that.
 * The first lock of the transaction. @throws ManagementError as `openGroup`.
 */
export async function holdGroup(tx: Transaction, call: Pick<ManagementCall, 'params'>): Promise<void> {
  const name = param(call, 'resourceGroupName');
  open(await holdResource(tx, groupOf(call)), name);
}

function open(group: ResourceRow | null, name: string): ResourceRow {
  if (group === null) throw noGroup(name);
  if (group.state === 'Deleting') throw beingDeleted(name);
  return group;
}

export function groupOf(call: Pick<ManagementCall, 'params'>): string {
  return groupId(param(call, 'subscriptionId'), param(call, 'resourceGroupName'));
}

export function noGroup(name: string): ManagementError {
  return new ManagementError('ResourceGroupNotFound', `Resource group '${name}' could not be found.`);
}

export function beingDeleted(name: string): ManagementError {
  return new ManagementError('ResourceGroupBeingDeleted', `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`);
}
