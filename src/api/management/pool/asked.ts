import type { OperationId } from '../../../wire/operations.ts';
import type { Account } from '../../accounts.ts';
import type { Call } from '../../call.ts';
import { callWithin } from '../../data/within.ts';
import { param, type ManagementCall } from '../call.ts';

/** The request of the data plane that one of the management plane on a pool comes to; its conditions hold there. */
export function dataCall(call: ManagementCall, account: Account, operation: OperationId): Call {
  const { version, now, requestId, baseUrl, signal, headers } = call;
  const conditions = Object.fromEntries(CONDITIONS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
  return callWithin(account, { operation, params: { poolId: param(call, 'poolName') }, headers: conditions, version, now, requestId, baseUrl, signal });
}

/** If-None-Match has been looked at before. */
const CONDITIONS = ['if-match'] as const;
