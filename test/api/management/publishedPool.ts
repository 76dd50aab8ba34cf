/**
 * A pool as it is published for Azure: a formula with Windows line ends, a long start task with nested quotes, an
 * identity with a path that has a doubled slash.
 */
const FORMULA = [
  '// Get pending tasks for the past 15 minutes.',
  '$samples = $ActiveTasks.GetSamplePercent(TimeInterval_Minute * 15);',
  '$tasks = $samples < 70 ? max(0, $ActiveTasks.GetSample(1)) : max($ActiveTasks.GetSample(1), avg($ActiveTasks.GetSample(TimeInterval_Minute * 15)));',
  '$targetVMs = $tasks > 0 ? $tasks : max(0, $TargetDedicatedNodes / 2);',
  '$TargetDedicatedNodes = max(0, min($targetVMs, 1));',
  '$NodeDeallocationOption = taskcompletion;',
].join('\r\n');

const STEPS = Array.from({ length: 40 }, (_, index) => `echo "step ${index}: it's \\"quoted\\" and '\\''nested'\\'' at $(expr ${index} + 7 | sed -e "s/^/\\$/")" >> "$AZ_BATCH_NODE_STARTUP_DIR/steps"`);

export const COMMAND_LINE = `/bin/bash -c 'set -e; ${STEPS.join('; ').replaceAll("'", `'"'"'`)}'`;

export const publishedPool = {
  identity: {
    type: 'UserAssigned',
    userAssignedIdentities: { '/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups//rg-batch/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-batch': {} },
  },
  properties: {
    vmSize: 'STANDARD_D2a_V4',
    interNodeCommunication: 'Disabled',
    taskSlotsPerNode: 2,
    taskSchedulingPolicy: { nodeFillType: 'Pack' },
    deploymentConfiguration: {
      virtualMachineConfiguration: {
        imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts', version: 'latest' },
        nodeAgentSkuId: 'batch.node.ubuntu 22.04',
        nodePlacementConfiguration: { policy: 'Regional' },
      },
    },
    scaleSettings: { autoScale: { formula: FORMULA, evaluationInterval: 'PT5M' } },
    startTask: {
      commandLine: COMMAND_LINE,
      userIdentity: { autoUser: { scope: 'Pool', elevationLevel: 'Admin' } },
      maxTaskRetryCount: 0,
      waitForSuccess: true,
    },
  },
};
