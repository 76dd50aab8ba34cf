import { quotasOf } from '../../../store/intents/accounts.ts';
import { findResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { formatResourceId } from '../../../wire/management/resourceId.ts';
import type { Answer } from '../../answer.ts';
import { json, strongly } from '../answers.ts';
import { param, type ManagementCall, type ManagementParts } from '../call.ts';
import { existingGroup } from '../group/existing.ts';
import { accountEndpoint } from './endpoint.ts';
import { ACCOUNT_TYPE, accountName, accountSpec, accountView } from './view.ts';

/** The id that the path of an operation on an account names. */
export function accountId(call: Pick<ManagementCall, 'params'>): string {
  return formatResourceId({ subscriptionId: param(call, 'subscriptionId'), resourceGroup: param(call, 'resourceGroupName'), type: ACCOUNT_TYPE, names: [param(call, 'accountName')] });
}

/** @throws ManagementError SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound (404). */
export async function existingAccount(call: Pick<ManagementCall, 'params'>, parts: ManagementParts): Promise<ResourceRow> {
  await existingGroup(call, parts);
  const found = await findResource(parts.data.database, accountId(call));
  if (found === null) throw noAccount(call);
  return found;
}

export function noAccount(call: Pick<ManagementCall, 'params'>): ManagementError {
  return new ManagementError('ResourceNotFound', `The Resource '${ACCOUNT_TYPE}/${param(call, 'accountName')}' under resource group '${param(call, 'resourceGroupName')}' was not found.`);
}

export async function accountAnswer(row: ResourceRow, call: ManagementCall, parts: ManagementParts): Promise<Answer> {
  return json(200, await shownAccount(row, call, parts), strongly(row.modifiedAt));
}

/** An account as it is answered to this call. */
export async function shownAccount(row: ResourceRow, call: ManagementCall, parts: ManagementParts): Promise<object> {
  const set = row.account === null ? {} : await quotasOf(parts.data.database, row.account);
  return accountView(row, { set, parts: parts.data, endpoint: accountEndpoint({ number: row.account, name: accountName(row), location: accountSpec(row).location }, call, parts), version: call.version });
}
