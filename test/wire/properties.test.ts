import { describe, expect, test } from 'vitest';
import { acceptedNotEnforced, refused } from '../../src/wire/accepted.ts';
import { isShape, rowsOf, type ShapeName } from '../../src/wire/validate.ts';
import { handlers } from '../../src/api/handlers.ts';
import { operations } from '../../src/wire/operations.ts';

/**
 * What is honoured, by shape, with the folder that acts on it. Reviewed by hand: a property may stand here only when something
 * reads it. Everything else a request can carry stands in `accepted.ts`, refused or accepted and not enforced.
 */
const honoured: Readonly<Partial<Record<ShapeName, Readonly<Record<string, string>>>>> = {
  PoolAdd: {
    api: 'id displayName metadata autoScaleFormula',
    core: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout taskSlotsPerNode taskSchedulingPolicy vmSize',
    nodes: 'virtualMachineConfiguration cloudServiceConfiguration',
    agent: 'startTask',
  },
  PoolPatch: { api: 'displayName metadata', core: 'taskSlotsPerNode taskSchedulingPolicy vmSize', nodes: 'virtualMachineConfiguration', agent: 'startTask' },
  PoolReplace: { api: 'metadata', agent: 'startTask' },
  PoolResize: { core: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout nodeDeallocationOption' },
  PoolEnableAutoScale: { api: 'autoScaleFormula autoScaleEvaluationInterval' },
  PoolEvaluateAutoScale: { api: 'autoScaleFormula' },
  TaskSchedulingPolicy: { core: 'nodeFillType' },
  VirtualMachineConfiguration: { nodes: 'nodeAgentSKUId' },
  CloudServiceConfiguration: { nodes: 'osFamily' },
  StartTask: { agent: 'commandLine resourceFiles environmentSettings userIdentity maxTaskRetryCount waitForSuccess' },
  MetadataItem: { api: 'name value' },
  JobAdd: {
    api: 'id displayName metadata',
    core: 'usesTaskDependencies priority maxParallelTasks constraints poolInfo onAllTasksComplete onTaskFailure',
    agent: 'commonEnvironmentSettings',
  },
  JobPatch: { api: 'metadata', core: 'priority maxParallelTasks constraints poolInfo onAllTasksComplete' },
  JobPut: { api: 'metadata', core: 'priority maxParallelTasks constraints poolInfo onAllTasksComplete' },
  JobDisable: { core: 'disableTasks' },
  JobTerminate: { core: 'terminateReason' },
  JobConstraints: { core: 'maxWallClockTime maxTaskRetryCount' },
  PoolInfo: { core: 'poolId' },
  TaskAdd: {
    api: 'id displayName',
    core: 'exitConditions affinityInfo constraints requiredSlots dependsOn',
    agent: 'commandLine resourceFiles outputFiles environmentSettings userIdentity',
  },
  TaskAddCollection: { api: 'value' },
  TaskPut: { core: 'constraints' },
  TaskConstraints: { core: 'maxTaskRetryCount', agent: 'maxWallClockTime retentionTime' },
  TaskDependencies: { core: 'taskIds taskIdRanges' },
  TaskIdRange: { core: 'start end' },
  ExitConditions: { core: 'exitCodes exitCodeRanges preProcessingError fileUploadError default' },
  ExitCodeMapping: { core: 'code exitOptions' },
  ExitCodeRangeMapping: { core: 'start end exitOptions' },
  ExitOptions: { core: 'jobAction dependencyAction' },
  AffinityInfo: { core: 'affinityId' },
  EnvironmentSetting: { agent: 'name value' },
  ResourceFile: { agent: 'autoStorageContainerName storageContainerUrl httpUrl blobPrefix filePath fileMode' },
  OutputFile: { agent: 'filePattern destination uploadOptions' },
  OutputFileDestination: { agent: 'container' },
  OutputFileBlobContainerDestination: { agent: 'path containerUrl uploadHeaders' },
  OutputFileUploadOptions: { agent: 'uploadCondition' },
  HttpHeader: { agent: 'name value' },
  UserIdentity: { agent: 'autoUser' },
  AutoUserSpecification: { agent: 'scope elevationLevel' },
  NodeRemove: { core: 'nodeList resizeTimeout nodeDeallocationOption' },
  NodeReboot: { core: 'nodeRebootOption' },
  NodeReimage: { core: 'nodeReimageOption' },
  NodeDisableScheduling: { core: 'nodeDisableSchedulingOption' },
};

function fate(path: string): readonly string[] {
  const [shape, name] = path.split('.') as [ShapeName, string];
  const words = Object.values(honoured[shape] ?? {}).flatMap((names) => names.split(' '));
  const fates: string[] = [];
  if (words.includes(name)) fates.push('honoured');
  if (path in refused) fates.push('refused');
  if (path in acceptedNotEnforced) fates.push('accepted');
  return fates;
}

/** Shapes a served operation can be sent; below what is refused or not enforced as a whole nothing needs a fate of its own. */
function reachable(): readonly ShapeName[] {
  const bodies = operations.flatMap(({ id, body }) => (body !== undefined && handlers[id] !== undefined ? [body] : []));
  const found = new Set<ShapeName>(bodies);
  for (const shape of found) {
    for (const [name, row] of rowsOf(shape)) if (isShape(row.type) && fate(`${shape}.${name}`)[0] === 'honoured') found.add(row.type);
  }
  return [...found];
}

describe('nothing asked for is silently ignored', () => {
  test.each(reachable())('every property of %s is honoured, refused, or accepted for a reason: one of them', (shape) => {
    for (const [name, row] of rowsOf(shape)) {
      if (row.readOnly === true) continue;
      expect(fate(`${shape}.${name}`), `${shape}.${name}`).toHaveLength(1);
    }
  });

  test('the lists name properties there are', () => {
    for (const [shape, byFolder] of Object.entries(honoured)) {
      const names = rowsOf(shape as ShapeName).map(([name]) => name);
      for (const word of Object.values(byFolder).flatMap((some) => some.split(' '))) expect(names, shape).toContain(word);
    }
  });
});
