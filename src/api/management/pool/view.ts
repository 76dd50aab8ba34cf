import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { formatDuration } from '../../../wire/durations.ts';
import { etagOfMs } from '../../../wire/etag.ts';
import { armPoolProperties, type ResizeOperation } from '../../../wire/management/pool/toArm.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { ApiVersion } from '../../../wire/versions.ts';
import type { Answer } from '../../answer.ts';
import type { SetByManagement } from '../../data/pool/add.ts';
import { lastRun, storedPool, wirePool } from '../../data/pool/view.ts';
import { json, weakly } from '../answers.ts';
import type { ManagementCall } from '../call.ts';

const POOL_TYPE = 'Microsoft.Batch/batchAccounts/pools';
/** Pools have identities, and tags of their own, from these revisions on. */
const IDENTITY_SINCE = 14;
const TAGS_SINCE = 20;

/** A pool as it is answered. `accountId`: of its account. */
export function poolView(row: PoolWithStatus, accountId: string, version: ApiVersion, baseUrl: string): Record<string, unknown> {
  const spec: ReturnType<typeof storedPool> & SetByManagement = storedPool(row);
  const { identity, tags } = spec;
  return {
    id: `${accountId}/pools/${row.id}`,
    name: row.id,
    type: POOL_TYPE,
    etag: `W/"${etagOfMs(row.modifiedAt)}"`,
    properties: armPoolProperties({ pool: { ...wirePool(row, baseUrl), applicationLicenses: spec.applicationLicenses }, resize: resizeOf(row), accountId }, version),
    ...(identity === undefined || version.revision < IDENTITY_SINCE ? {} : { identity: armIdentity(identity) }),
    ...(tags === undefined || version.revision < TAGS_SINCE ? {} : { tags }),
  };
}

export function poolAnswer(row: PoolWithStatus, accountId: string, { version, baseUrl }: Pick<ManagementCall, 'version' | 'baseUrl'>): Answer {
  return json(200, poolView(row, accountId, version, baseUrl), weakly(row.modifiedAt));
}

/** Recorded: that of a formula goes with the formula. */
function resizeOf(row: PoolWithStatus): ResizeOperation | null {
  const isScaled = storedPool(row).enableAutoScale;
  const run = lastRun(row);
  const wasScaledLast = run !== null && (row.resizeSequence === 0 || run.evaluatedAt >= (row.resizeRequestedAt ?? 0));
  if (!isScaled && wasScaledLast) return null;
  const since = isScaled ? (row.allocationSince ?? row.createdAt) : (row.resizeRequestedAt ?? row.createdAt);
  return { resizeTimeout: formatDuration(row.resizeTimeoutMs), nodeDeallocationOption: row.nodeDeallocation ?? 'requeue', startTime: formatTimestamp(since) };
}

function armIdentity({ type, userAssignedIdentities }: NonNullable<SetByManagement['identity']>): object {
  if (userAssignedIdentities === undefined) return { type };
  return { type, userAssignedIdentities: Object.fromEntries(userAssignedIdentities.map(({ resourceId, principalId, clientId }) => [resourceId, { principalId, clientId }])) };
}
