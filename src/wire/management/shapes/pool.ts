import type { ShapeTable } from '../../shapes/definition.ts';

/**
 * Pools (Microsoft.Batch, 2020-03-01 to 2025-06-01). What has the data plane's own shape within (`map`) is read by its
 * contract, once it is spelt as the data plane spells it (`pool/spelling.ts`). What only answers carry is taken and
 * left alone, as Resource Manager does: clients send back what they were answered.
 */
export const POOL_SHAPES = {
  ArmPool: {
    identity: { type: 'ArmPoolIdentity', since: 14 },
    tags: { type: 'map', rule: 'texts', since: 20 },
    properties: { type: 'ArmPoolProperties' },
    id: { type: 'string' },
    name: { type: 'string' },
    type: { type: 'string' },
    etag: { type: 'string' },
  },
  ArmPoolIdentity: { type: { type: 'ArmPoolIdentityType', required: true }, userAssignedIdentities: { type: 'map' } },
  ArmPoolProperties: {
    displayName: { type: 'string' },
    lastModified: { type: 'string' },
    creationTime: { type: 'string' },
    provisioningState: { type: 'string' },
    provisioningStateTransitionTime: { type: 'string' },
    allocationState: { type: 'string' },
    allocationStateTransitionTime: { type: 'string' },
    vmSize: { type: 'string' },
    interNodeCommunication: { type: 'ArmInterNodeCommunication' },
    taskSlotsPerNode: { type: 'int32', formerly: { name: 'maxTasksPerNode', until: 11 } },
    taskSchedulingPolicy: { type: 'map' },
    deploymentConfiguration: { type: 'ArmDeploymentConfiguration' },
    scaleSettings: { type: 'ArmScaleSettings' },
    startTask: { type: 'map' },
    userAccounts: { type: 'map', list: true },
    metadata: { type: 'map', list: true },
    applicationPackages: { type: 'ArmPackageReference', list: true },
    certificates: { type: 'ArmCertificateReference', list: true, until: 20 },
    applicationLicenses: { type: 'string', list: true, until: 20 },
    networkConfiguration: { type: 'map' },
    mountConfiguration: { type: 'map', list: true },
    upgradePolicy: { type: 'map', since: 19 },
    resourceTags: { type: 'map', rule: 'texts', since: 18, until: 20 },
    targetNodeCommunicationMode: { type: 'ArmNodeCommunicationMode', since: 16 },
    currentNodeCommunicationMode: { type: 'ArmNodeCommunicationMode', since: 16 },
    resizeOperationStatus: { type: 'map' },
    currentDedicatedNodes: { type: 'int32' },
    currentLowPriorityNodes: { type: 'int32' },
    autoScaleRun: { type: 'map' },
  },
  ArmDeploymentConfiguration: {
    virtualMachineConfiguration: { type: 'map' },
    cloudServiceConfiguration: { type: 'map', until: 19 },
  },
  ArmScaleSettings: { fixedScale: { type: 'ArmFixedScale' }, autoScale: { type: 'ArmAutoScale' } },
  ArmFixedScale: {
    targetDedicatedNodes: { type: 'int32', minimum: 0 },
    targetLowPriorityNodes: { type: 'int32', minimum: 0 },
    resizeTimeout: { type: 'duration', minimum: 'PT5M' },
    // Terraform's provider sends it empty.
    nodeDeallocationOption: { type: 'ArmNodeDeallocationOption', emptyIsNone: true },
  },
  ArmAutoScale: {
    formula: { type: 'string', required: true },
    evaluationInterval: { type: 'duration' },
  },
  ArmPackageReference: { id: { type: 'string', required: true }, version: { type: 'string' } },
  ArmCertificateReference: {
    id: { type: 'string', required: true },
    storeLocation: { type: 'string' },
    storeName: { type: 'string' },
    visibility: { type: 'string', list: true },
  },
} as const satisfies ShapeTable;
