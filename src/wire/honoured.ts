import type { ShapeName } from './dataContract.ts';

/** Folders of src/ that act on properties of requests. */
export type Folder = 'api' | 'core' | 'agent';

/**
 * What is honoured, by shape, with the folder that acts on it (`api`: checked, kept and answered). Reviewed by hand: a
 * property may stand here only when something reads it. Everything else that a served operation can be sent stands in
 * `accepted.ts`.
 */
export const HONOURED: Readonly<Partial<Record<ShapeName, Readonly<Partial<Record<Folder, string>>>>>> = {
  PoolAdd: {
    api: 'id displayName metadata vmSize virtualMachineConfiguration cloudServiceConfiguration',
    core: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout taskSlotsPerNode taskSchedulingPolicy enableInterNodeCommunication',
    agent: 'startTask userAccounts applicationPackageReferences certificateReferences',
  },
  PoolSpecification: {
    api: 'displayName metadata vmSize virtualMachineConfiguration cloudServiceConfiguration',
    core: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout taskSlotsPerNode taskSchedulingPolicy enableInterNodeCommunication',
    agent: 'startTask userAccounts applicationPackageReferences certificateReferences',
  },
  PoolPatch: {
    api: 'displayName metadata vmSize virtualMachineConfiguration',
    core: 'taskSlotsPerNode taskSchedulingPolicy enableInterNodeCommunication',
    agent: 'startTask userAccounts applicationPackageReferences certificateReferences',
  },
  PoolReplace: { api: 'metadata', agent: 'startTask applicationPackageReferences certificateReferences' },
  PoolUpgradeOs: { api: 'targetOSVersion' },
  PoolResize: { core: 'targetDedicatedNodes targetLowPriorityNodes resizeTimeout nodeDeallocationOption' },
  NodeRemove: { core: 'nodeList resizeTimeout nodeDeallocationOption' },
  NodeDisableScheduling: { core: 'nodeDisableSchedulingOption' },
  TaskSchedulingPolicy: { core: 'nodeFillType jobDefaultOrder' },
  VirtualMachineConfiguration: { api: 'nodeAgentSKUId', agent: 'containerConfiguration' },
  ContainerConfiguration: { api: 'type', agent: 'containerImageNames containerRegistries' },
  StartTask: { agent: 'commandLine resourceFiles environmentSettings containerSettings userIdentity runElevated maxTaskRetryCount waitForSuccess' },
  MetadataItem: { api: 'name value' },
  JobAdd: {
    api: 'id displayName metadata',
    core: 'usesTaskDependencies priority maxParallelTasks allowTaskPreemption constraints poolInfo onAllTasksComplete onTaskFailure jobManagerTask',
    agent: 'commonEnvironmentSettings jobPreparationTask jobReleaseTask',
  },
  JobScheduleAdd: { api: 'id displayName metadata', core: 'schedule jobSpecification' },
  JobSchedulePatch: { api: 'metadata', core: 'schedule jobSpecification' },
  JobSchedulePut: { api: 'metadata', core: 'schedule jobSpecification' },
  Schedule: { core: 'doNotRunUntil doNotRunAfter startWindow recurrenceInterval' },
  JobSpecification: {
    api: 'displayName metadata',
    core: 'usesTaskDependencies priority maxParallelTasks allowTaskPreemption constraints poolInfo onAllTasksComplete onTaskFailure jobManagerTask',
    agent: 'commonEnvironmentSettings jobPreparationTask jobReleaseTask',
  },
  JobManagerTask: {
    api: 'id displayName',
    core: 'constraints requiredSlots runExclusive allowLowPriorityNode killJobOnCompletion',
    agent: 'commandLine resourceFiles outputFiles environmentSettings containerSettings userIdentity runElevated authenticationTokenSettings applicationPackageReferences',
  },
  JobPreparationTask: {
    api: 'id',
    core: 'waitForSuccess rerunOnNodeRebootAfterSuccess',
    agent: 'commandLine resourceFiles environmentSettings constraints containerSettings userIdentity runElevated',
  },
  JobReleaseTask: { api: 'id', agent: 'commandLine resourceFiles environmentSettings maxWallClockTime retentionTime containerSettings userIdentity runElevated' },
  JobPatch: { api: 'metadata', core: 'priority maxParallelTasks allowTaskPreemption constraints poolInfo onAllTasksComplete' },
  JobPut: { api: 'metadata', core: 'priority maxParallelTasks allowTaskPreemption constraints poolInfo onAllTasksComplete' },
  JobDisable: { core: 'disableTasks' },
  JobTerminate: { core: 'terminateReason' },
  JobConstraints: { core: 'maxWallClockTime maxTaskRetryCount' },
  PoolInfo: { core: 'poolId autoPoolSpecification' },
  AutoPoolSpecification: { core: 'autoPoolIdPrefix poolLifetimeOption keepAlive pool' },
  TaskAdd: {
    api: 'id displayName',
    core: 'exitConditions affinityInfo constraints requiredSlots dependsOn multiInstanceSettings',
    agent: 'commandLine resourceFiles outputFiles environmentSettings containerSettings userIdentity runElevated authenticationTokenSettings applicationPackageReferences',
  },
  MultiInstanceSettings: { core: 'numberOfInstances', agent: 'coordinationCommandLine commonResourceFiles' },
  ApplicationPackageReference: { agent: 'applicationId version' },
  TaskContainerSettings: { agent: 'containerRunOptions imageName registry workingDirectory containerHostBatchBindMounts' },
  ContainerHostBatchBindMountEntry: { agent: 'source isReadOnly' },
  ContainerRegistry: { agent: 'username password registryServer identityReference' },
  AuthenticationTokenSettings: { agent: 'access' },
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
  ResourceFile: { agent: 'autoStorageContainerName storageContainerUrl httpUrl blobPrefix filePath fileMode identityReference' },
  OutputFile: { agent: 'filePattern destination uploadOptions' },
  OutputFileDestination: { agent: 'container' },
  OutputFileBlobContainerDestination: { agent: 'path containerUrl uploadHeaders identityReference' },
  IdentityReference: { agent: 'resourceId' },
  OutputFileUploadOptions: { agent: 'uploadCondition' },
  HttpHeader: { agent: 'name value' },
  CertificateReference: { agent: 'thumbprint thumbprintAlgorithm visibility' },
  CertificateAdd: { api: 'thumbprint thumbprintAlgorithm data certificateFormat password' },
  UserIdentity: { agent: 'username autoUser' },
  UserAccount: { agent: 'name password elevationLevel linuxUserConfiguration sshPrivateKey' },
  LinuxUserConfiguration: { agent: 'uid gid sshPrivateKey' },
  AutoUserSpecification: { agent: 'scope elevationLevel' },
};
