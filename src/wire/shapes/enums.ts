import type { YoungValues } from '../contract/tables.ts';

/**
 * Values of the enums, cased as the service answers them (recorded; else the OpenAPI facts); requests may use any case.
 */
export const ENUMS = {
  CachingType: ['none', 'readonly', 'readwrite'],
  // CachingType in the OpenAPI facts; recorded: spelled like this for the disk of the system, and as above for data
  // disks.
  OsDiskCachingType: ['None', 'ReadOnly', 'ReadWrite'],
  StorageAccountType: ['standard_lrs', 'premium_lrs', 'standardssd_lrs'],
  SecurityEncryptionTypes: ['DiskWithVMGuestState', 'NonPersistedTPM', 'VMGuestStateOnly'],
  ContainerType: ['dockerCompatible', 'criCompatible'],
  DiskEncryptionTarget: ['osdisk', 'temporarydisk'],
  NodePlacementPolicyType: ['Regional', 'Zonal'],
  DiffDiskPlacement: ['cachedisk'],
  HostEndpointSettingsModeTypes: ['Audit', 'Enforce'],
  SecurityTypes: ['trustedlaunch', 'confidentialvm'],
  DynamicVNetAssignmentScope: ['none', 'job'],
  InboundEndpointProtocol: ['tcp', 'udp'],
  NetworkSecurityGroupRuleAccess: ['allow', 'deny'],
  IpAddressProvisioningType: ['batchmanaged', 'usermanaged', 'nopublicipaddresses'],
  ContainerWorkingDirectory: ['taskWorkingDirectory', 'containerImageDefault'],
  ContainerHostDataPath: ['Shared', 'Startup', 'VfsMounts', 'Task', 'JobPrep', 'Applications'],
  AutoUserScope: ['task', 'pool'],
  ElevationLevel: ['nonadmin', 'admin'],
  JobDefaultOrder: ['none', 'creationtime'],
  NodeFillType: ['Spread', 'Pack'],
  LoginMode: ['batch', 'interactive'],
  UpgradeMode: ['automatic', 'manual', 'rolling'],
  NodeCommunicationMode: ['default', 'classic', 'simplified'],
  CertificateStoreLocation: ['CurrentUser', 'LocalMachine'],
  CertificateVisibility: ['starttask', 'task', 'remoteuser'],
  NodeDeallocationOption: ['requeue', 'terminate', 'taskcompletion', 'retaineddata'],
  OutputFileUploadCondition: ['TaskSuccess', 'TaskFailure', 'TaskCompletion'],
  AccessScope: ['job'],
  PoolLifetimeOption: ['jobschedule', 'job'],
  OnAllTasksComplete: ['noaction', 'terminatejob'],
  OnTaskFailure: ['noaction', 'performexitoptionsjobaction'],
  DisableTasks: ['requeue', 'terminate', 'wait'],
  JobAction: ['none', 'disable', 'terminate'],
  DependencyAction: ['satisfy', 'block'],
  NodeDisableSchedulingOption: ['requeue', 'terminate', 'taskcompletion'],
  CertificateFormat: ['pfx', 'cer'],
  PoolState: ['active', 'deleting'],
  AllocationState: ['steady', 'resizing', 'stopping'],
  PoolIdentityType: ['UserAssigned', 'None'],
  JobState: ['active', 'disabling', 'disabled', 'enabling', 'terminating', 'completed', 'deleting'],
  ErrorCategory: ['UserError', 'ServerError'],
  TaskState: ['active', 'preparing', 'running', 'completed'],
  TaskExecutionResult: ['success', 'failure'],
  TaskAddStatus: ['Success', 'ClientError', 'ServerError'],
  OsType: ['linux', 'windows'],
  VerificationType: ['verified', 'unverified'],
  NodeState: ['idle', 'rebooting', 'reimaging', 'running', 'unusable', 'creating', 'starting', 'waitingforstarttask', 'starttaskfailed', 'unknown', 'leavingpool', 'offline', 'preempted', 'upgradingos', 'deallocated', 'deallocating'],
  SchedulingState: ['enabled', 'disabled'],
  RunState: ['running', 'completed'],
  JobScheduleState: ['active', 'completed', 'disabled', 'terminating', 'deleting'],
  TaskCountValidationStatus: ['validated', 'unvalidated'],
  SubtaskState: ['preparing', 'running', 'completed'],
  StatusLevelTypes: ['Error', 'Info', 'Warning'],
  CertificateState: ['active', 'deleting', 'deletefailed'],
  IpFamily: ['IPv4', 'IPv6'],
} as const;

/**
 * Values that clients of older revisions do not know and that break their strict enums: below `since` they read as
 * `before` (versions.md, "Compatibility notes"; which older value to choose is inferred).
 */
export const YOUNG_VALUES: YoungValues = {
  NodeState: {
    preempted: { since: 5, before: 'offline' },
    upgradingos: { since: 19, before: 'offline' },
    deallocating: { since: 20, before: 'leavingpool' },
    deallocated: { since: 20, before: 'offline' },
  },
};
