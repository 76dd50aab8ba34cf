import { groupId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { param, type ManagementHandler } from '../call.ts';
import { existingGroup } from '../group/existing.ts';
import { listOfType } from '../list.ts';
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
    return listOfType(ACCOUNT_TYPE, `${subscriptionId(param(call, 'subscriptionId'))}/`, call, parts, (row) => shownAccount(row, call, parts));
  },
  BatchAccount_ListByResourceGroup: async (call, parts) => {
    await existingGroup(call, parts);
    return listOfType(ACCOUNT_TYPE, `${groupId(param(call, 'subscriptionId'), param(call, 'resourceGroupName'))}/`, call, parts, (row) => shownAccount(row, call, parts));
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
