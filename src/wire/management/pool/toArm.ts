import type { PoolWithDefaults } from '../../defaults.ts';
import { dataContract } from '../../dataContract.ts';
import type { Pool } from '../../types.generated.ts';
import type { ApiVersion } from '../../versions.ts';
import { managementContract } from '../contract.ts';
import type { ArmPoolProperties } from '../types.generated.ts';
import { armValue, inArmSpelling } from './spelling.ts';

/** A resize as Resource Manager tells of it: the one under way, or the last one. */
export interface ResizeOperation {
  readonly resizeTimeout: string;
  readonly nodeDeallocationOption: string;
  readonly startTime: string;
}

export interface ShownPool {
  /** As the data plane has it, canonical. */
  readonly pool: Pool & Pick<PoolWithDefaults, 'applicationLicenses'>;
  /** null: there was none since the pool was made or its formula was taken away. */
  readonly resize: ResizeOperation | null;
  /** Of the account: ids of packages and certificates begin with it. */
  readonly accountId: string;
}

/**
 * The `properties` of a pool in Resource Manager's form, in a version of it (recorded 8.10: names, values and their
 * order).
 */
export function armPoolProperties({ pool, resize, accountId }: ShownPool, version: ApiVersion): Record<string, unknown> {
  // In the data plane's version of that day: what is in it has what that version knows.
  const known = dataContract.writeBody('Pool', version, pool);
  const spelt = inArmSpelling('Pool', known) as Readonly<Record<string, unknown>>;
  const isScaled = pool.enableAutoScale === true;
  const properties: Record<string, unknown> = {
    ...spelt,
    provisioningState: pool.state === 'deleting' ? 'Deleting' : 'Succeeded',
    provisioningStateTransitionTime: pool.stateTransitionTime,
    vmSize: armSize(pool.vmSize),
    interNodeCommunication: pool.enableInterNodeCommunication === true ? 'Enabled' : 'Disabled',
    taskSlotsPerNode: pool.taskSlotsPerNode,
    deploymentConfiguration: { virtualMachineConfiguration: spelt['virtualMachineConfiguration'], cloudServiceConfiguration: pool.cloudServiceConfiguration },
    scaleSettings: isScaled
      ? { autoScale: { formula: pool.autoScaleFormula, evaluationInterval: pool.autoScaleEvaluationInterval } }
      : { fixedScale: { targetDedicatedNodes: pool.targetDedicatedNodes, targetLowPriorityNodes: pool.targetLowPriorityNodes, resizeTimeout: pool.resizeTimeout } },
    applicationPackages: pool.applicationPackageReferences?.map(({ applicationId, version: packageVersion }) => ({ id: `${accountId}/applications/${applicationId}`, version: packageVersion })),
    certificates: pool.certificateReferences?.map(({ thumbprint, thumbprintAlgorithm, visibility, ...store }) => ({
      id: `${accountId}/certificates/${thumbprintAlgorithm}-${thumbprint}`,
      ...store,
      visibility: visibility?.map((one) => armValue('CertificateVisibility', one)),
    })),
    // Recorded: the data plane leaves it out where it was not sent.
    userAccounts: pool.userAccounts?.map((one) => inArmSpelling('UserAccount', { ...dataContract.writeBody('UserAccount', version, { elevationLevel: 'nonadmin', ...one }) })),
    // The data plane has these in fewer versions.
    applicationLicenses: pool.applicationLicenses,
    targetNodeCommunicationMode: armValue('NodeCommunicationMode', pool.targetNodeCommunicationMode),
    currentNodeCommunicationMode: armValue('NodeCommunicationMode', pool.currentNodeCommunicationMode),
    resizeOperationStatus: resize === null ? undefined : resizeStatus(pool, resize, spelt['resizeErrors']),
    autoScaleRun: pool.autoScaleRun === undefined ? undefined : runOf(spelt['autoScaleRun']),
  };
  return managementContract.writeBody('ArmPoolProperties', version, properties as ArmPoolProperties);
}

/** Recorded: low-priority nodes are named where some are wanted. */
function resizeStatus({ targetDedicatedNodes, targetLowPriorityNodes = 0 }: Pool, { resizeTimeout, nodeDeallocationOption, startTime }: ResizeOperation, errors: unknown): object {
  return {
    targetDedicatedNodes,
    ...(targetLowPriorityNodes > 0 ? { targetLowPriorityNodes } : {}),
    nodeDeallocationOption: armValue('NodeDeallocationOption', nodeDeallocationOption),
    resizeTimeout,
    startTime,
    ...(errors === undefined ? {} : { errors }),
  };
}

function runOf(run: unknown): object {
  const { timestamp, ...rest } = run as Readonly<Record<string, unknown>>;
  return { evaluationTime: timestamp, ...rest };
}

/** Sizes of cloud services have names of their own. */
const CLOUD_SERVICE_SIZES = ['Small', 'Medium', 'Large', 'ExtraLarge'];

/** Recorded: `STANDARD_A1`, `Small`. */
function armSize(size: string): string {
  return CLOUD_SERVICE_SIZES.find((one) => one.toLowerCase() === size.toLowerCase()) ?? size.toUpperCase();
}
