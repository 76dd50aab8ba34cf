import { findPool, listPools } from '../../../store/intents/pools.ts';
import { BatchError } from '../../../wire/errors.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { POOL_FILTERS, poolLiteral } from '../../../wire/management/pool/filters.ts';
import { askWithin } from '../../data/within.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { empty } from '../answers.ts';
import { openAccount } from '../batchAccount/opened.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { begun, underWay } from '../longOperation.ts';
import { listed } from '../listed.ts';
import { patchPool, putPool, shown } from './changes.ts';
import { poolView } from './view.ts';

const DELETION = 'delete-';

export const poolHandlers = {
  Pool_ListByBatchAccount: async (call, parts) => {
    const { account, id } = await openAccount(call, parts);
    const rows = await listPools(parts.data.database, account.number, '');
    return listed(call, rows.map((row) => ({ key: row.id.toLowerCase(), view: poolView(row, id, call.version, call.baseUrl) })), { table: POOL_FILTERS, literal: poolLiteral });
  },
  Pool_Get: async (call, parts) => {
    const { account, id } = await openAccount(call, parts);
    return shown(account, id, call, parts);
  },
  Pool_Create: putPool,
  Pool_Update: patchPool,
  /** 202 with where to poll, and 204 where there is none. */
  Pool_Delete: async (call, parts) => {
    const { account } = await openAccount(call, parts);
    const name = param(call, 'poolName');
    if ((await findPool(parts.data.database, account.number, name)) === null) return empty(204);
    await acted(call, parts, 'Pool_Delete').catch((error: unknown) => {
      // Who asks twice polls the same deletion.
      if (!(error instanceof BatchError) || error.code !== 'PoolBeingDeleted') throw error;
    });
    const { pathname } = new URL(`${call.baseUrl}${call.path}`);
    const accountPath = pathname.split('/').slice(0, -2).join('/');
    return begun(`${call.baseUrl}${accountPath}/poolOperationResults/${DELETION}${encodeURIComponent(name)}?api-version=${call.version.text}`);
  },
  /** 202 while the pool goes, then 200 and no body (recorded 8.10). */
  Pool_OperationResult: async (call, parts) => {
    const { account } = await openAccount(call, parts);
    const operation = param(call, 'operationId');
    if (!operation.startsWith(DELETION)) throw new ManagementError('NotFound', `The operation '${operation.slice(0, 128)}' is not known.`);
    const pool = await findPool(parts.data.database, account.number, operation.slice(DELETION.length));
    if (pool === null || pool.deletedAt === null) return empty(200);
    return underWay(call);
  },
  Pool_DisableAutoScale: async (call, parts) => {
    const { account, id } = await acted(call, parts, 'Pool_DisableAutoScale');
    return shown(account, id, call, parts);
  },
  Pool_StopResize: async (call, parts) => {
    const { account, id } = await acted(call, parts, 'Pool_StopResize');
    return shown(account, id, call, parts);
  },
} satisfies Record<string, ManagementHandler>;

/** Does what the data plane has an operation for. */
async function acted(call: ManagementCall, parts: ManagementParts, operation: OperationId) {
  const opened = await openAccount(call, parts);
  const { version, now, requestId, baseUrl, signal, headers } = call;
  const condition = operation === 'Pool_Delete' && headers['if-match'] !== undefined ? { 'if-match': headers['if-match'] } : {};
  await askWithin(opened.account, parts.data, { operation, params: { poolId: param(call, 'poolName') }, headers: condition, version, now, requestId, baseUrl, signal });
  return opened;
}
