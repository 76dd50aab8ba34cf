import { idKey } from '../../../core/keys.ts';
import { findNodes } from '../../../store/intents/nodes.ts';
import { knownIn } from '../../../wire/contract/tables.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { withPoolDefaults, withStartTaskDefaults } from '../../../wire/defaults.ts';
import { BatchError } from '../../../wire/errors.ts';
import { checkMachine } from '../../../wire/rules.ts';
import { shapes } from '../../../wire/shapes/index.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { present } from '../present.ts';
import { statsOfPools } from '../statistics.ts';
import { applySelect } from '../../../wire/query.ts';
import { changed, created, deleted, entity, found, type Answer } from '../../answer.ts';
import type { Handler } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { durationMs } from '../durationMs.ts';
import { invalidForState } from '../job/guards.ts';
import { addPool } from './add.ts';
import { disableAutoScale, enableAutoScale, evaluateAutoScale } from './autoScale.ts';
import { change, existing, respecified } from './change.ts';
import { listPoolsHandler } from './list.ts';
import { hashed } from './named.ts';
import { nextResize, refuseAutoScaled, refuseStructural, resized } from './resized.ts';
import { DEFAULT_RESIZE_TIMEOUT_MS } from './template.ts';
import { listUsageMetrics } from './usage.ts';
import { storedPool, viewOfPool, wirePool } from './view.ts';

const add: Handler = async (call, parts) => {
  const { id } = await addPool(call, parts, dataContract.readBody('PoolAdd', call.version, await call.json()));
  return created(call, `/pools/${id}`, call.now);
};

const get: Handler = async (call, parts) => {
  const pool = await existing(call, parts);
  checkConditions(call, pool.modifiedAt);
  const stats = await statsOfPools(call, parts, [pool]);
  const json = dataContract.writeBody('Pool', call.version, { ...wirePool(pool, call.baseUrl), ...stats.get(pool.pool) }, `${call.baseUrl}/$metadata#pools/@Element`);
  return entity(applySelect(json, call.query.select), pool.modifiedAt);
};

const exists: Handler = async (call, parts) => {
  const pool = await existing(call, parts);
  checkConditions(call, pool.modifiedAt);
  return found(pool.modifiedAt);
};

const patch: Handler = async (call, parts) => {
  const { startTask, ...asked } = dataContract.readBody('PoolPatch', call.version, await call.json());
  const rest = { ...asked, ...(await hashed(asked)) };
  const modifiedAt = await change(call, parts, (pool) => {
    refuseStructural(pool, Object.keys(rest));
    const spec = storedPool(pool);
    const started = startTask === undefined ? {} : { startTask: withStartTaskDefaults(startTask, call.version) };
    const next = withPoolDefaults({ ...spec, ...present(rest), ...started }, call.version);
    checkMachine(next);
    return respecified(pool, next);
  }, rest);
  return changed(call, 200, modifiedAt);
};

const updateProperties: Handler = async (call, parts) => {
  const { startTask, ...given } = dataContract.readBody('PoolReplace', call.version, await call.json());
  const modifiedAt = await change(call, parts, (pool) => {
    const { startTask: _start, metadata: _metadata, applicationPackageReferences: _packages, targetNodeCommunicationMode, ...kept } = storedPool(pool);
    // Left out, it goes back to its default, which is read from then on (recorded); a version that cannot send it
    // leaves it alone.
    const mode = knownIn(shapes.PoolReplace.targetNodeCommunicationMode, call.version.revision) ? ({ targetNodeCommunicationMode: 'default' } as const) : { targetNodeCommunicationMode };
    const started = startTask === undefined ? {} : { startTask: withStartTaskDefaults(startTask, call.version) };
    return respecified(pool, withPoolDefaults({ ...kept, ...mode, ...present({ ...given, ...emptied(given) }), ...started }, call.version));
  }, given);
  return changed(call, 204, modifiedAt);
};

/**
 * An empty list of metadata or packages leaves the pool without the property; one of certificates stays to be read
 * (recorded).
 */
function emptied(given: {
  readonly metadata?: readonly unknown[];
  readonly applicationPackageReferences?: readonly unknown[];
}): { readonly metadata?: undefined; readonly applicationPackageReferences?: undefined } {
  return {
    ...(given.metadata?.length === 0 ? { metadata: undefined } : {}),
    ...(given.applicationPackageReferences?.length === 0 ? { applicationPackageReferences: undefined } : {}),
  };
}

const resize: Handler = async (call, parts) => {
  const asked = dataContract.readBody('PoolResize', call.version, await call.json());
  const modifiedAt = await change(call, parts, (pool) => ({ pool: resized(pool, asked, call.now), modifies: true }));
  return changed(call, 202, modifiedAt);
};

/**
 * The nodes that are named leave, and the targets go down with them: a pool that is short of nodes gets none by that.
 */
const removeNodes: Handler = async (call, parts) => {
  const { nodeList, nodeDeallocationOption, resizeTimeout } = dataContract.readBody('NodeRemove', call.version, await call.json());
  const modifiedAt = await change(call, parts, async (pool, tx) => {
    refuseAutoScaled(pool);
    if (viewOfPool(pool).allocationState !== 'steady') throw new BatchError('PoolBeingResized');
    const nodes = await findNodes(tx, call.principal.account.number, pool.pool, nodeList);
    const known = new Set(nodes.map((node) => node.idKey));
    const unknown = nodeList.find((id) => !known.has(idKey(id)));
    if (unknown !== undefined) throw new BatchError('NodeNotFound', [{ key: 'PropertyName', value: 'nodeList' }, { key: 'PropertyValue', value: unknown }]);
    const dedicated = nodes.filter((node) => node.dedicated).length;
    const { targetDedicated, targetLowPriority } = viewOfPool(pool);
    const next = {
      ...pool,
      targetDedicated: Math.max(0, Math.min(targetDedicated, pool.currentDedicated ?? 0) - dedicated),
      targetLowPriority: Math.max(0, Math.min(targetLowPriority, pool.currentLowPriority ?? 0) - (nodes.length - dedicated)),
      resizeTimeoutMs: durationMs(resizeTimeout, DEFAULT_RESIZE_TIMEOUT_MS),
      nodeDeallocation: nodeDeallocationOption ?? 'requeue',
      resizeSequence: nextResize(pool),
      resizeRequestedAt: call.now,
      removing: JSON.stringify(nodes.map(({ node }) => node)),
    };
    return { pool: next, modifies: true };
  });
  return changed(call, 202, modifiedAt);
};

const stopResize: Handler = async (call, parts) => {
  const modifiedAt = await change(call, parts, (pool) => {
    if (viewOfPool(pool).allocationState === 'steady') throw invalidForState("The pool's allocationState is 'steady': there is no resize to stop.");
    // Resizes of a formula have no numbers of their own.
    const stopSequence = storedPool(pool).enableAutoScale ? Math.max(pool.resizeSequence, pool.stopSequence + 1) : pool.resizeSequence;
    return { pool: { ...pool, stopSequence }, modifies: false };
  });
  return changed(call, 202, modifiedAt);
};

const remove: Handler = async (call, parts): Promise<Answer> => {
  await change(call, parts, (pool) => ({ pool: { ...pool, deletedAt: call.now }, modifies: false }));
  return deleted(202);
};

/** Until 2018-08-01.7.0: of pools of cloud services alone, which have no nodes here that it could concern. */
const upgradeOs: Handler = async (call, parts) => {
  const { targetOSVersion } = dataContract.readBody('PoolUpgradeOs', call.version, await call.json());
  if (targetOSVersion === undefined) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'targetOSVersion' }]);
  const modifiedAt = await change(call, parts, (pool) => {
    const spec = storedPool(pool);
    const { cloudServiceConfiguration: machine } = spec;
    if (machine === undefined) throw new BatchError('PoolNotEligibleForOSVersionUpgrade');
    if (!isOsVersion(targetOSVersion, machine.osFamily)) throw new BatchError('OSVersionNotFound');
    if (targetOSVersion === machine.osVersion) throw new BatchError('PoolVersionEqualsUpgradeVersion');
    return respecified(pool, { ...spec, cloudServiceConfiguration: { ...machine, osVersion: targetOSVersion } });
  });
  return changed(call, 202, modifiedAt);
};

/** `*`, or as Azure calls its guest operating systems: `WA-GUEST-OS-4.45_201708-01`. */
function isOsVersion(version: string, family: string): boolean {
  return version === '*' || /^WA-GUEST-OS-(\d+)\.\d+_\d{6}-\d{2}$/.exec(version)?.[1] === family;
}

/** Operations on pools, by operation id. */
export const poolHandlers = {
  Pool_Add: add,
  Pool_Get: get,
  Pool_Exists: exists,
  Pool_List: listPoolsHandler,
  Pool_ListUsageMetrics: listUsageMetrics,
  Pool_Patch: patch,
  Pool_UpdateProperties: updateProperties,
  Pool_Resize: resize,
  Pool_StopResize: stopResize,
  Pool_RemoveNodes: removeNodes,
  Pool_Delete: remove,
  Pool_EnableAutoScale: enableAutoScale,
  Pool_DisableAutoScale: disableAutoScale,
  Pool_EvaluateAutoScale: evaluateAutoScale,
  Pool_UpgradeOS: upgradeOs,
} as const satisfies Partial<Record<OperationId, Handler>>;
