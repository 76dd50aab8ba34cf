import type { LongFailure, LongOperation } from '../../../store/intents/longOperations.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { empty } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler } from '../call.ts';
import { existingGroup } from '../group/existing.ts';
import { existingOperation, underWay } from '../longOperation.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { accountAnswer, existingAccount } from './existing.ts';

/** What the long operations are called. */
export const CREATION = 'account.create';
export const DELETION = 'account.delete';

const GUID_LENGTH = 36;

/** Where the client of a creation polls (recorded 8.10). */
export function resultUrl(call: ManagementCall, operation: string): string {
  return `${call.baseUrl}${call.path}/operationResults/${operation}?api-version=${call.version.text}`;
}

/** 202 while it is under way, then the account. */
export const creationResult: ManagementHandler = async (call, parts) => {
  await existingGroup(call, parts);
  const operation = await existingOperation(param(call, 'operationId'), parts.data.database);
  if (operation.endedAt === null) return underWay(call);
  refuseFailed(operation);
  return accountAnswer(await existingAccount(call, parts), call, parts);
};

/** 202 while it is under way, then 200 and no body. */
export const deletionResult: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  // `{account}-{guid}`
  const operation = await existingOperation(param(call, 'operationId').slice(-GUID_LENGTH), parts.data.database);
  if (operation.endedAt === null) return underWay(call);
  refuseFailed(operation);
  return empty(200);
};

/** What went wrong after the 202 is the answer of the poll (recorded). */
function refuseFailed({ failure }: LongOperation): void {
  if (failure === null) return;
  const { code, message } = JSON.parse(failure) as LongFailure;
  throw new ManagementError(code === 'SubscriptionQuotaExceeded' ? code : 'Conflict', message, { target: 'BatchAccount' });
}
