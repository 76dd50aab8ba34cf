import { findResource, type ResourceRow } from '../../../store/intents/resources.ts';
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

/** As `existingGroup`, for what is to be made in it. @throws ManagementError ResourceGroupBeingDeleted (409). */
export async function openGroup(call: Pick<ManagementCall, 'params'>, parts: ManagementParts): Promise<ResourceRow> {
  const group = await existingGroup(call, parts);
  if (group.state === 'Deleting') throw beingDeleted(param(call, 'resourceGroupName'));
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
