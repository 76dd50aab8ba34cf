import { wireNameOf } from '../../contract/tables.ts';
import { dataContract } from '../../dataContract.ts';
import type { PoolAdd } from '../../types.generated.ts';
import type { ApiVersion, Revision } from '../../versions.ts';
import type { ArmPoolProperties } from '../types.generated.ts';
import { poolFromArm } from './fromArm.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * What the data plane had only until some version, and Resource Manager has longer: read as the last one that has it.
 */
const ENDED = { certificateReferences: 19, targetNodeCommunicationMode: 20, resourceTags: 20 } as const;
/** Pools of cloud services, and licences: the whole pool is read as the last version that has them. */
const OLD = { cloudServiceConfiguration: 19, applicationLicenses: 19 } as const;
/** The first version of the data plane in which a PATCH may name whatever Resource Manager's may. */
const PATCHED_SINCE = 20;
/** Answers carry them; requests may, and are not heard. */
const ANSWERED = [
  'lastModified', 'creationTime', 'provisioningState', 'provisioningStateTransitionTime', 'allocationState', 'allocationStateTransitionTime',
  'currentNodeCommunicationMode', 'resizeOperationStatus', 'currentDedicatedNodes', 'currentLowPriorityNodes', 'autoScaleRun',
];

/** Properties of a pool that is there. */
export type PoolChange = { readonly [Name in keyof PoolAdd]?: PoolAdd[Name] | undefined };

/** The whole pool of a PUT. @throws BatchError as Add Pool of the data plane. */
export function readWholePool(id: string, properties: ArmPoolProperties, version: ApiVersion): PoolAdd {
  const { ended, rest } = parted(properties);
  const revision = Object.entries(OLD).find(([name]) => rest[name] !== undefined)?.[1] ?? version.revision;
  const served = Math.min(revision, version.revision) as typeof revision;
  return { ...dataContract.readBody('PoolAdd', { ...version, revision: served }, { id, ...namedIn(served, rest) }), ...readEnded(ended, version) };
}

/** Whether the start task is to go: an empty one takes it away (OpenAPI of Microsoft.Batch, `startTask`). */
export function removesStartTask({ startTask }: ArmPoolProperties): boolean {
  return startTask !== undefined && Object.keys(startTask).length === 0;
}

/** What a PATCH names of a pool. @throws BatchError as the operations of the data plane that change the same. */
export function readPoolChange(properties: ArmPoolProperties, version: ApiVersion): PoolChange {
  const { ended, rest } = parted(properties);
  const { enableAutoScale, autoScaleFormula, autoScaleEvaluationInterval, targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout, ...patch } = rest;
  const newEnough: ApiVersion = { ...version, revision: version.revision < PATCHED_SINCE ? PATCHED_SINCE : version.revision };
  return {
    ...dataContract.readBody('PoolPatch', newEnough, patch),
    ...(enableAutoScale === true ? { enableAutoScale: true, ...dataContract.readBody('PoolEnableAutoScale', newEnough, { autoScaleFormula, autoScaleEvaluationInterval }) } : {}),
    ...(properties.scaleSettings?.fixedScale === undefined ? {} : dataContract.readBody('PoolResize', newEnough, { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout })),
    ...readEnded(ended, version),
  };
}

function parted(properties: ArmPoolProperties): { readonly ended: Json; readonly rest: Json } {
  const body = Object.entries(poolFromArm(properties as Json)).filter(([name]) => !ANSWERED.includes(name) && !(name === 'startTask' && removesStartTask(properties)));
  const isEnded = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(ENDED, name);
  return { ended: Object.fromEntries(body.filter(isEnded)), rest: Object.fromEntries(body.filter((entry) => !isEnded(entry))) };
}

/** Properties of a pool as a revision of the data plane calls them. */
function namedIn(revision: Revision, body: Json): Json {
  const rows = new Map(dataContract.rowsOf('PoolAdd'));
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      const row = rows.get(name);
      return [row === undefined ? name : wireNameOf(name, row, revision), value];
    }),
  );
}

function readEnded(ended: Json, version: ApiVersion): Omit<PoolChange, 'id' | 'vmSize'> {
  const { certificateReferences, ...younger } = ended;
  return {
    ...(Object.keys(younger).length === 0 ? {} : dataContract.readBody('PoolPatch', { ...version, revision: ENDED.resourceTags }, younger)),
    ...(certificateReferences === undefined ? {} : dataContract.readBody('PoolPatch', { ...version, revision: ENDED.certificateReferences }, { certificateReferences })),
  };
}
