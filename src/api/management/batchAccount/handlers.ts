import { listResources } from '../../../store/intents/resources.ts';
import { groupId, subscriptionId } from '../../../wire/management/resourceId.ts';
import type { Answer } from '../../answer.ts';
import { json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { existingGroup } from '../group/handlers.ts';
import { nextLink, pageOf } from '../paging.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { changeAccount, createAccount } from './creation.ts';
import { deleteAccount } from './deletion.ts';
import { listKeys, regenerateKey } from './keyHandlers.ts';
import { accountAnswer, existingAccount, shownAccount } from './existing.ts';
import { creationResult, deletionResult } from './results.ts';
import { ACCOUNT_TYPE } from './view.ts';

export const batchAccountHandlers = {
  BatchAccount_List: (call, parts) => {
    requireSubscription(call, parts);
    return list(`${subscriptionId(param(call, 'subscriptionId'))}/`, call, parts);
  },
  BatchAccount_ListByResourceGroup: async (call, parts) => {
    await existingGroup(call, parts);
    return list(`${groupId(param(call, 'subscriptionId'), param(call, 'resourceGroupName'))}/`, call, parts);
  },
  BatchAccount_Get: async (call, parts) => accountAnswer(await existingAccount(call, parts), call, parts),
  BatchAccount_Create: createAccount,
  BatchAccount_Update: changeAccount,
  BatchAccount_Delete: deleteAccount,
  BatchAccount_GetKeys: listKeys,
  BatchAccount_RegenerateKey: regenerateKey,
  BatchAccount_OperationResult: creationResult,
  BatchAccount_DeletionResult: deletionResult,
} satisfies Record<string, ManagementHandler>;

async function list(prefix: string, call: ManagementCall, parts: ManagementParts): Promise<Answer> {
  const page = pageOf(call, 'maxresults');
  const found = await listResources(parts.data.database, { type: ACCOUNT_TYPE, prefix, after: page.after, limit: page.limit + 1 });
  const value = await Promise.all(found.slice(0, page.limit).map((row) => shownAccount(row, call, parts)));
  return json(200, { value, ...nextLink(call, page, found.map(({ id }) => id)) });
}
