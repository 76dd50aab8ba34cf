import { isDeepStrictEqual } from 'node:util';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { opened } from '../../../store/sealedSpecs.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { withPoolDefaults, type PoolWithDefaults } from '../../../wire/defaults.ts';
import { checkMachine } from '../../../wire/rules.ts';
import type { PoolChange } from '../../../wire/management/pool/reading.ts';
import type { PoolAdd, PoolResize } from '../../../wire/types.generated.ts';
import type { Call, Parts } from '../../call.ts';
import { present } from '../present.ts';
import type { SetByManagement } from './add.ts';
import { autoScaled, checkFormula, checkInterval, unscaled } from './autoScale.ts';
import { change, respecified, type Changed } from './change.ts';
import { hashed } from './named.ts';
import { refuseStructural, resized } from './resized.ts';
import { storedPool, viewOfPool } from './view.ts';

/** How a pool is to be from now on, as the management plane says it in one request. */
export interface Redefinition extends SetByManagement {
  /** What is left out stays as it is, or where `isWhole` goes back to its default. */
  readonly given: PoolChange;
  readonly isWhole: boolean;
  /** The start task goes. */
  readonly removesStartTask?: boolean;
  /** Of the resize that it may ask for. */
  readonly nodeDeallocationOption?: PoolResize['nodeDeallocationOption'];
}

/**
 * Changes specification and size of a pool in one step; a request that changes nothing is no modification.
 * @throws BatchError PoolNotFound, ConditionNotMet, PoolBeingDeleted; OperationInvalidForCurrentState for what a pool
 * with nodes cannot change; PoolBeingResized and TooManyEnableAutoScaleRequests as the operations of their own.
 */
export async function redefinePool(call: Call, parts: Parts, { given, isWhole, removesStartTask = false, nodeDeallocationOption, ...more }: Redefinition): Promise<void> {
  checkFormula(given.autoScaleFormula);
  checkInterval(given.autoScaleEvaluationInterval, parts);
  const named = { ...given, ...(await hashed(given)) };
  await change(call, parts, (pool): Changed => {
    // What is asked for can be held only against what was sent.
    const former: Stored = opened('pool.spec', storedPool(pool), parts.sealing);
    const asked: PoolAdd = { ...(isWhole ? { id: former.id, vmSize: former.vmSize } : unscaledIfFixed(former, given)), ...present(named) };
    const kept = isWhole ? more : { identity: former.identity, tags: former.tags, ...present(more) };
    const { startTask: _gone, ...unstarted } = asked;
    const next: Stored = { ...withPoolDefaults(removesStartTask ? unstarted : asked, call.version), ...kept };
    checkMachine(next);
    const differing = differences(former, next);
    refuseStructural(pool, differing.filter((name) => !MANAGED.has(name)));
    const respecifiedPool = differing.length === 0 ? pool : respecified(pool, { ...next, ...scalingOf(former), ...(differing.includes('userAccounts') ? {} : { userAccounts: former.userAccounts }) }).pool;
    const scaled = rescaled(respecifiedPool, former, next, { given, isWhole, nodeDeallocationOption }, call, parts);
    return { pool: scaled, modifies: scaled !== pool };
  }, given);
}

type Stored = PoolWithDefaults & SetByManagement;

/** What the data plane's PATCH lets change beside nodes, or does not know. */
const MANAGED: ReadonlySet<string> = new Set(['startTask', 'identity', 'tags']);
/** They are told by a resize. */
const SCALING = ['enableAutoScale', 'autoScaleFormula', 'autoScaleEvaluationInterval', 'resizeTimeout', 'targetDedicatedNodes', 'targetLowPriorityNodes'] as const;

function scalingOf(spec: PoolWithDefaults): Pick<PoolWithDefaults, (typeof SCALING)[number]> {
  const { enableAutoScale, autoScaleFormula, autoScaleEvaluationInterval, resizeTimeout, targetDedicatedNodes, targetLowPriorityNodes } = spec;
  return { enableAutoScale, autoScaleFormula, autoScaleEvaluationInterval, resizeTimeout, targetDedicatedNodes, targetLowPriorityNodes };
}

function unscaledIfFixed(former: PoolWithDefaults, given: PoolChange): PoolWithDefaults {
  return isFixed(given) ? unscaled(former) : former;
}

function isFixed({ targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout }: PoolChange): boolean {
  return targetDedicatedNodes !== undefined || targetLowPriorityNodes !== undefined || resizeTimeout !== undefined;
}

/** Names of what can be seen to differ: who sends the same passwords again changes nothing. */
function differences(former: Stored, next: Stored): readonly string[] {
  const [before, after] = [visible(former), visible(next)];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !SCALING.some((one) => one === name) && !isDeepStrictEqual(before[name], after[name]));
}

function visible(spec: Stored): Record<string, unknown> {
  // Lists of accounts are the only ones with secrets that are stored otherwise than they are sent.
  const { userAccounts } = dataContract.writeBody('PoolSpecification', ALL, { ...spec, resourceTags: undefined });
  const { targetNodeCommunicationMode = 'default' } = spec;
  return JSON.parse(JSON.stringify({ ...spec, userAccounts, targetNodeCommunicationMode })) as Record<string, unknown>;
}

/** A version that has accounts. */
const ALL = { text: '2024-02-01.19.0', revision: 19, newer: false } as const;

function rescaled(pool: PoolWithStatus, former: Stored, next: Stored, { given, isWhole, nodeDeallocationOption }: Pick<Redefinition, 'given' | 'isWhole' | 'nodeDeallocationOption'>, call: Call, parts: Parts): PoolWithStatus {
  if (next.enableAutoScale) {
    const isSame = former.enableAutoScale && former.autoScaleFormula === next.autoScaleFormula && former.autoScaleEvaluationInterval === next.autoScaleEvaluationInterval;
    return isSame ? pool : autoScaled(pool, next, call.now, parts);
  }
  const targets = { targetDedicatedNodes: isWhole ? next.targetDedicatedNodes : given.targetDedicatedNodes, targetLowPriorityNodes: isWhole ? next.targetLowPriorityNodes : given.targetLowPriorityNodes };
  const asked = { ...targets, resizeTimeout: next.resizeTimeout, nodeDeallocationOption };
  if (former.enableAutoScale) return resized(respecified(pool, unscaled(storedPool(pool))).pool, asked, call.now);
  const { targetDedicated, targetLowPriority } = viewOfPool(pool);
  const isSame = (targets.targetDedicatedNodes ?? targetDedicated) === targetDedicated && (targets.targetLowPriorityNodes ?? targetLowPriority) === targetLowPriority;
  return isSame ? pool : resized(pool, asked, call.now);
}
