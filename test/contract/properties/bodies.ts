import { generateKeyPairSync } from 'node:crypto';
import { knownIn } from '../../../src/wire/contract/tables.ts';
import { dataContract, type ShapeName } from '../../../src/wire/dataContract.ts';
import { API_VERSIONS, type Revision } from '../../../src/wire/versions.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { SSH_KEYS } from '../../support/sshKeys.ts';

export type Json = Readonly<Record<string, unknown>>;

export const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
export const GALLERY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/custom';
export function privateKey(): string {
  return String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

const IDENTITY = { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i' };
const FILES = [{ httpUrl: 'http://host/file', filePath: 'a/file', fileMode: '0770', identityReference: IDENTITY }];
const ENVIRONMENT = [{ name: 'A', value: 'b' }];
const METADATA = [{ name: 'a', value: 'b' }];
const AUTO = { autoUser: { scope: 'task', elevationLevel: 'admin' } };
const OUTPUTS = [{ filePattern: '*.txt', destination: { container: { containerUrl: 'http://host/container', path: 'p', identityReference: IDENTITY, uploadHeaders: [{ name: 'x-ms-a', value: 'b' }] } }, uploadOptions: { uploadCondition: 'taskcompletion' } }];
const REGISTRY = { username: 'user', password: 'secret', registryServer: 'registry.example' };
const CONTAINER = { imageName: 'image', containerRunOptions: '--init', workingDirectory: 'containerImageDefault', registry: REGISTRY, containerHostBatchBindMounts: [{ source: 'Shared', isReadOnly: true }] };
const CONTAINERS = { ...IMAGE, containerConfiguration: { type: 'dockerCompatible', containerImageNames: ['image'], containerRegistries: [REGISTRY] } };
const COMMAND = { commandLine: 'run', resourceFiles: FILES, environmentSettings: ENVIRONMENT, userIdentity: AUTO };
const CONSTRAINTS = { maxWallClockTime: 'PT1H', retentionTime: 'PT2H', maxTaskRetryCount: 1 };
/** Of certificates that are there. */
export const THUMBPRINTS = ['a'.repeat(40), 'b'.repeat(40)];
const PACKAGES = [{ applicationId: 'app', version: '1.0' }];
const MOUNTS = [
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', accountKey: 'a2V5', relativeMountPath: 'a', blobfuseOptions: '-o ro' } },
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', sasKey: 'sig=x', relativeMountPath: 'a' } },
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', identityReference: IDENTITY, relativeMountPath: 'a' } },
  { nfsMountConfiguration: { source: 'host:/a', relativeMountPath: 'a', mountOptions: '-o ro' } },
  { cifsMountConfiguration: { username: 'me', source: '//host/a', relativeMountPath: 'a', mountOptions: '-o ro', password: 'secret' } },
  { azureFileShareConfiguration: { accountName: 'account', accountKey: 'a2V5', azureFileUrl: 'https://account.file.core.windows.net/s', relativeMountPath: 'a', mountOptions: '-o ro' } },
];
const NAT = { endpointConfiguration: { inboundNATPools: [{ name: 'web', protocol: 'tcp', backendPort: 8080, frontendPortRangeStart: 15000, frontendPortRangeEnd: 15100, networkSecurityGroupRules: [{ priority: 150, access: 'allow', sourceAddressPrefix: '10.0.0.0/8', sourcePortRanges: ['1000-2000'] }] }] } };
const OPTIONS = { jobAction: 'terminate', dependencyAction: 'block' };

/** The version that a body is sent in: some properties have only older ones, or the newest. */
export function versionOf(text: string): string {
  return API_VERSIONS.find(({ revision }) => revision === revisionOf(text))?.text ?? '';
}

function revisionOf(text: string): Revision {
  if (text.includes('targetOSVersion')) return 7;
  // Later ones may tell what a certificate was added with; it is never told (recorded).
  if (text.includes('certificateFormat')) return 16;
  if (text.includes('runElevated')) return 3.1;
  if (/"password":"[^"]*","sshPrivateKey"/.test(text)) return 4;
  if (text.includes('jobDefaultOrder')) return 25;
  return ['cloudServiceConfiguration', 'certificateReferences'].some((word) => text.includes(word)) ? 19 : 20;
}

/** What a shape has of the body of another one; none where that is nothing. */
function picked(shape: ShapeName, body: Json): readonly Json[] {
  const revision = revisionOf(JSON.stringify(body));
  const entries = dataContract.rowsOf(shape).flatMap(([name, row]) => (body[name] === undefined || !knownIn(row, revision) ? [] : [[name, body[name]] as const]));
  return entries.length === 0 ? [] : [Object.fromEntries(entries)];
}

const POOLS: readonly Json[] = [
  {
    id: 'p', displayName: 'Pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, targetLowPriorityNodes: 1, resizeTimeout: 'PT6M', taskSlotsPerNode: 2, metadata: METADATA,
    taskSchedulingPolicy: { nodeFillType: 'pack' }, applicationPackageReferences: PACKAGES, startTask: { ...COMMAND, maxTaskRetryCount: 2, waitForSuccess: true }, enableInterNodeCommunication: true,
    userAccounts: [{ name: 'user', password: 'secret1!', linuxUserConfiguration: { uid: 2000, gid: 2001, sshPrivateKey: privateKey() } }],
  },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', resourceFiles: [{ autoStorageContainerName: 'c', blobPrefix: 'p' }] } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', resourceFiles: [{ storageContainerUrl: 'http://host/c' }] } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, taskSchedulingPolicy: { nodeFillType: 'pack', jobDefaultOrder: 'creationtime' } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: CONTAINERS, startTask: { commandLine: 'x', containerSettings: CONTAINER } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { ...IMAGE, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [{ registryServer: 'registry.example', identityReference: IDENTITY }] } } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 1;', autoScaleEvaluationInterval: 'PT6M' },
  ...[{ ...IMAGE.imageReference, version: '22.04.1' }, { virtualMachineImageId: GALLERY }, { sharedGalleryImageId: '/sharedGalleries/g/images/i' }, { communityGalleryImageId: '/CommunityGalleries/g/images/i' }].map((imageReference) => ({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: { ...IMAGE, imageReference } })),
  ...MOUNTS.map((mount) => ({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, mountConfiguration: [mount] })),
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, networkConfiguration: NAT },
  { id: 'p', vmSize: 'small', cloudServiceConfiguration: { osFamily: '4' } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, startTask: { commandLine: 'x', runElevated: true } },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, enableInterNodeCommunication: true, userAccounts: [{ name: 'user', password: 'secret1!', sshPrivateKey: privateKey() }] },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, certificateReferences: [{ thumbprint: THUMBPRINTS[0], thumbprintAlgorithm: 'sha1', visibility: ['starttask'] }] },
  { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, userAccounts: [{ name: 'user', password: 'secret1!', elevationLevel: 'admin' }], startTask: { commandLine: 'x', userIdentity: { username: 'user' } } },
];

/** Jobs that have their pools made, which have each property of a pool between them. */
export const AUTO_POOL_JOBS: readonly Json[] = POOLS.flatMap((pool) => picked('PoolSpecification', pool)).map((pool) => ({ id: 'j', poolInfo: { autoPoolSpecification: { autoPoolIdPrefix: 'p', poolLifetimeOption: 'job', keepAlive: true, pool } } }));

const JOBS: readonly Json[] = [
  {
    id: 'j', displayName: 'Job', priority: 3, maxParallelTasks: 4, allowTaskPreemption: true, poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onAllTasksComplete: 'terminatejob', onTaskFailure: 'performexitoptionsjobaction', metadata: METADATA,
    commonEnvironmentSettings: ENVIRONMENT, constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: 2 },
    jobPreparationTask: { id: 'prepare', ...COMMAND, containerSettings: CONTAINER, constraints: CONSTRAINTS, waitForSuccess: true, rerunOnNodeRebootAfterSuccess: true },
    jobReleaseTask: { id: 'release', ...COMMAND, containerSettings: CONTAINER, maxWallClockTime: 'PT5M', retentionTime: 'PT1H' },
    jobManagerTask: { id: 'manager', containerSettings: CONTAINER, displayName: 'Manager', ...COMMAND, outputFiles: OUTPUTS, constraints: CONSTRAINTS, requiredSlots: 2, killJobOnCompletion: false, runExclusive: false, allowLowPriorityNode: false, authenticationTokenSettings: { access: ['job'] }, applicationPackageReferences: PACKAGES },
  },
  {
    id: 'j', poolInfo: { poolId: 'p' }, jobPreparationTask: { commandLine: 'x', runElevated: true }, jobReleaseTask: { commandLine: 'x', runElevated: true }, jobManagerTask: { id: 'manager', commandLine: 'x', runElevated: true },
  },
  ...AUTO_POOL_JOBS,
];

const TASKS: readonly Json[] = [
  { id: 't', commandLine: 'x', runElevated: true },
  { id: 't', commandLine: 'x', multiInstanceSettings: { numberOfInstances: 3, coordinationCommandLine: 'coordinate', commonResourceFiles: FILES } },
  {
    id: 't', displayName: 'Task', ...COMMAND, containerSettings: CONTAINER, outputFiles: OUTPUTS, affinityInfo: { affinityId: 'TVM:a' }, requiredSlots: 2, constraints: CONSTRAINTS, dependsOn: { taskIds: ['d'], taskIdRanges: [{ start: 1, end: 3 }] }, authenticationTokenSettings: { access: ['job'] },
    exitConditions: { exitCodes: [{ code: 1, exitOptions: OPTIONS }], exitCodeRanges: [{ start: 2, end: 4, exitOptions: OPTIONS }], preProcessingError: OPTIONS, fileUploadError: OPTIONS, default: OPTIONS },
    applicationPackageReferences: PACKAGES,
  },
];

const TIMING = { doNotRunUntil: '2027-01-01T00:00:00Z', doNotRunAfter: '2046-01-01T00:00:00Z', startWindow: 'PT5M', recurrenceInterval: 'PT1H' };
const SCHEDULES: readonly Json[] = JOBS.slice(0, 3).flatMap((job) => picked('JobSpecification', job)).map((jobSpecification) => ({ id: 's', displayName: 'Schedule', metadata: METADATA, schedule: TIMING, jobSpecification }));
const SCALED = { autoScaleFormula: '$TargetDedicatedNodes = 1;', autoScaleEvaluationInterval: 'PT6M' };
const ACCESS = { expiryTime: '2046-01-01T00:00:00Z', password: 'secret', sshPublicKey: SSH_KEYS.ed25519.public };
const CER = { thumbprint: CERTIFICATE.thumbprint, thumbprintAlgorithm: 'sha1', data: CERTIFICATE.cer, certificateFormat: 'cer' };
const PFX = { ...CER, data: CERTIFICATE.pfx, certificateFormat: 'pfx', password: 'secret' };
/** The same as both, which needs no password. */
export const OPEN_PFX: Json = { ...CER, data: CERTIFICATE.openPfx, certificateFormat: 'pfx' };

/** By the shape of the body of each operation: bodies that have each property between them. */
export const BODIES: Readonly<Partial<Record<ShapeName, readonly Json[]>>> = {
  PoolAdd: POOLS,
  PoolPatch: POOLS.flatMap((pool) => picked('PoolPatch', pool)),
  PoolReplace: POOLS.flatMap((pool) => picked('PoolReplace', pool)).map((pool) => ({ metadata: METADATA, applicationPackageReferences: PACKAGES, ...(revisionOf(JSON.stringify(pool)) < 19 ? { certificateReferences: [] } : {}), ...pool })),
  PoolResize: [{ targetDedicatedNodes: 2, targetLowPriorityNodes: 3, resizeTimeout: 'PT6M', nodeDeallocationOption: 'taskcompletion' }],
  PoolUpgradeOs: [{ targetOSVersion: 'WA-GUEST-OS-5.12_201708-01' }],
  PoolEnableAutoScale: [SCALED],
  PoolEvaluateAutoScale: [{ autoScaleFormula: SCALED.autoScaleFormula }],
  NodeRemove: [{ nodeList: ['tvmps_1_d'], resizeTimeout: 'PT6M', nodeDeallocationOption: 'taskcompletion' }],
  NodeReboot: [{ nodeRebootOption: 'terminate' }],
  NodeReimage: [{ nodeReimageOption: 'terminate' }],
  NodeDeallocate: [{ nodeDeallocateOption: 'terminate' }],
  NodeDisableScheduling: [{ nodeDisableSchedulingOption: 'taskcompletion' }],
  UploadBatchServiceLogs: [{ containerUrl: 'http://host/container', startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-02T00:00:00Z', identityReference: IDENTITY }],
  NodeUserAdd: [{ name: 'someone', isAdmin: true, ...ACCESS }],
  NodeUserPut: [ACCESS],
  JobAdd: JOBS,
  JobPatch: JOBS.slice(0, 1).flatMap((job) => picked('JobPatch', job)),
  JobPut: JOBS.slice(0, 1).flatMap((job) => picked('JobPut', job)),
  JobDisable: [{ disableTasks: 'requeue' }],
  JobTerminate: [{ terminateReason: 'enough' }],
  TaskAdd: TASKS,
  TaskAddCollection: TASKS.map((task) => ({ value: [task] })),
  TaskPut: [{ constraints: CONSTRAINTS }],
  JobScheduleAdd: SCHEDULES,
  JobSchedulePatch: SCHEDULES.flatMap((schedule) => picked('JobSchedulePatch', schedule)),
  JobSchedulePut: SCHEDULES.flatMap((schedule) => picked('JobSchedulePut', schedule)),
  CertificateAdd: [CER, PFX],
};
