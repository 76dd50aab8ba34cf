import { applicationIdOf, isPackageVersion } from './applications.ts';
import { blobNameProblem } from './blobNames.ts';
import type { Rule } from './contract/tables.ts';
import { BatchError, checkDistinct, invalidProperty, missing } from './errors.ts';
import { exactlyOne, exclusive, requireAll } from './given.ts';
import { agentOfImage, imageProblem, osOfAgent } from './images.ts';
import { lowerAscii } from './letters.ts';
import { LIMITS } from './limits.ts';
import { checkApplicationLicences, checkCloudService, checkPublicAddresses, checkResourceTags, checkRollingUpgrade, checkServiceArtifact, checkSlots, checkSubnet, checkUpgradePolicy, checkVirtualMachine, checkVmSize } from './machines.ts';
import { checkBlobMount, checkFileShare, checkMount, checkMountOptions, checkMounts } from './mounts.ts';
import { checkNatPool, checkNatPools, checkSource, NAT_POOL_NAME, NAT_POOL_NAME_REASON } from './natPools.ts';
import { parseTimestamp } from './timestamps.ts';
import type * as Wire from './types.generated.ts';
import { checkLinuxUser, checkUserAccounts } from './userAccounts.ts';

/** Gives a rule the type of its shape: the readers run it on bodies of that shape alone. */
function rule<Name extends keyof Wire.Shapes>(_shape: Name, name: string, source: string, check: (body: Wire.Shapes[Name]) => void): Rule {
  return { name, source, check: (body) => check(body as Wire.Shapes[Name]) };
}

type Machine = Pick<
  Wire.PoolAdd,
  | 'cloudServiceConfiguration'
  | 'virtualMachineConfiguration'
  | 'enableAutoScale'
  | 'autoScaleFormula'
  | 'targetDedicatedNodes'
  | 'targetLowPriorityNodes'
  | 'vmSize'
  | 'taskSlotsPerNode'
  | 'userAccounts'
  | 'mountConfiguration'
>;

interface Placeless extends Pick<Wire.PoolAdd, 'applicationLicenses' | 'upgradePolicy'> {
  /** A specification of an auto pool has them as a text. */
  readonly resourceTags?: unknown;
}

/** Every rule, by the shape it belongs to. A shape without a row has none. */
export const rules: Readonly<Partial<Record<keyof Wire.Shapes, readonly Rule[]>>> = {
  PoolAdd: poolRules('PoolAdd'),
  PoolSpecification: poolRules('PoolSpecification'),
  PoolPatch: [
    rule('PoolPatch', 'a new size is a size of Azure', 'operations.md 1.1 (revision 20)', ({ vmSize }) => {
      if (vmSize !== undefined) checkVmSize(vmSize);
    }),
  ],
  PoolResize: [
    rule('PoolResize', 'a resize names a target', 'OpenAPI, PoolResizeParameter (code inferred)', (body) => {
      if (body.targetDedicatedNodes === undefined && body.targetLowPriorityNodes === undefined) throw missing('targetDedicatedNodes');
    }),
  ],
  VirtualMachineConfiguration: [
    rule('VirtualMachineConfiguration', 'disks, licence, security and extensions fit the image and each other', 'OpenAPI (codes inferred)', (machine) => checkVirtualMachine(machine)),
    rule('VirtualMachineConfiguration', 'the node agent fits the image', 'OpenAPI, nodeAgentSKUId', ({ imageReference, nodeAgentSKUId }) => {
      if (osOfAgent(nodeAgentSKUId) === undefined) throw invalidProperty('nodeAgentSKUId', nodeAgentSKUId, 'There is no such node agent SKU.');
      const needed = agentOfImage(imageReference);
      if (needed !== undefined && needed !== lowerAscii(nodeAgentSKUId)) {
        throw invalidProperty('nodeAgentSKUId', nodeAgentSKUId, `The image needs the node agent SKU ${needed}.`);
      }
    }),
  ],
  ServiceArtifactReference: [rule('ServiceArtifactReference', 'an artifact is named in full', 'OpenAPI, ServiceArtifactReference (code inferred)', (artifact) => checkServiceArtifact(artifact))],
  UpgradePolicy: [rule('UpgradePolicy', 'a batch is no more than may be unhealthy, a pause is a duration', 'OpenAPI, RollingUpgradePolicy (code inferred)', (policy) => checkRollingUpgrade(policy))],
  CloudServiceConfiguration: [
    rule('CloudServiceConfiguration', 'a guest system is one that there is', 'documentation, "Azure Guest OS releases"; errors.md 4.3', (service) => checkCloudService(service, () => new BatchError('OSVersionNotFound'))),
  ],
  PublicIpAddressConfiguration: [rule('PublicIpAddressConfiguration', 'addresses are named where the user manages them', 'OpenAPI, PublicIPAddressConfiguration (code inferred)', (addresses) => checkPublicAddresses(addresses))],
  JobNetworkConfiguration: [rule('JobNetworkConfiguration', 'a subnet is named in full', 'OpenAPI, JobNetworkConfiguration.subnetId (code inferred)', (network) => checkSubnet(network))],
  ImageReference: [
    rule('ImageReference', 'an image is named in one way', 'OpenAPI, ImageReference', (image) => {
      const custom = ['virtualMachineImageId', 'sharedGalleryImageId', 'communityGalleryImageId'] as const;
      const given = custom.filter((name) => image[name] !== undefined);
      const marketplace = image.publisher !== undefined || image.offer !== undefined || image.sku !== undefined;
      if (given.length + (marketplace ? 1 : 0) > 1) throw exclusive([...custom, 'publisher'], image);
      if (given.length === 0) requireAll(['publisher', 'offer', 'sku'], image);
    }),
    rule('ImageReference', 'an image of the marketplace is one of Batch', 'recorded, AZ 94', ({ publisher, offer, sku }) => {
      if (publisher === undefined || offer === undefined || sku === undefined) return;
      const reason = imageProblem({ publisher, offer, sku });
      if (reason !== undefined) throw refusedFor('imageReference', reason);
    }),
    rule('ImageReference', "an own image is a gallery's", 'recorded, DP 13, AZ 95', ({ virtualMachineImageId: id }) => {
      if (id !== undefined && !GALLERY_IMAGE.test(id)) throw invalidProperty('virtualMachineImageId', id, GALLERY_IMAGE_REASON);
    }),
  ],
  NetworkConfiguration: [
    rule('NetworkConfiguration', 'a subnet is named in full', 'OpenAPI, NetworkConfiguration.subnetId (code inferred)', (network) => checkSubnet(network)),
    rule('NetworkConfiguration', 'endpoints need public addresses', 'OpenAPI, PoolEndpointConfiguration (code inferred)', ({ endpointConfiguration, publicIPAddressConfiguration }) => {
      if (endpointConfiguration !== undefined && publicIPAddressConfiguration?.provision === 'nopublicipaddresses') {
        throw invalidProperty('endpointConfiguration', '', 'Nodes without public IP addresses have no inbound NAT pools.');
      }
    }),
    rule('NetworkConfiguration', 'at most 25 network security group rules', 'limits.md 7.2', ({ endpointConfiguration }) => {
      const count = (endpointConfiguration?.inboundNATPools ?? []).flatMap((pool) => pool.networkSecurityGroupRules ?? []).length;
      if (count > LIMITS.networkRulesPerPool) {
        throw invalidProperty('networkSecurityGroupRules', String(count), `A pool has at most ${LIMITS.networkRulesPerPool} rules.`);
      }
    }),
  ],
  PoolEndpointConfiguration: [
    rule('PoolEndpointConfiguration', 'at most 5 NAT pools', 'OpenAPI, PoolEndpointConfiguration (code inferred)', ({ inboundNATPools }) => {
      if (inboundNATPools.length > LIMITS.natPools) throw invalidProperty('inboundNATPools', String(inboundNATPools.length), `A pool has at most ${LIMITS.natPools} inbound NAT pools.`);
    }),
    rule('PoolEndpointConfiguration', 'NAT pools do not overlap', 'limits.md 7.2', ({ inboundNATPools }) => checkNatPools(inboundNATPools)),
  ],
  InboundNatPool: [
    rule('InboundNatPool', 'ports that Batch keeps for itself', 'limits.md 7.2', (pool) => checkNatPool(pool)),
    rule('InboundNatPool', 'a name', 'OpenAPI, InboundNatPool.name (code inferred)', ({ name }) => {
      if (!NAT_POOL_NAME.test(name)) throw invalidProperty('name', name, NAT_POOL_NAME_REASON);
    }),
    rule('InboundNatPool', 'rules differ in priority', 'limits.md 7.2', ({ networkSecurityGroupRules = [] }) =>
      checkDistinct('priority', networkSecurityGroupRules.map(({ priority }) => String(priority))),
    ),
  ],
  NetworkSecurityGroupRule: [
    rule('NetworkSecurityGroupRule', 'sources are addresses or tags', 'OpenAPI, NetworkSecurityGroupRule (codes inferred)', (from) => checkSource(from)),
  ],
  StartTask: [
    ...commandRules('StartTask'),
    rule('StartTask', 'a start task is at most 32,768 characters', 'limits.md 7.2', (task) => {
      const length = JSON.stringify(task).length;
      if (length > LIMITS.startTaskCharacters) {
        throw invalidProperty('startTask', String(length), `A start task with all its parts has at most ${LIMITS.startTaskCharacters} characters.`);
      }
    }),
  ],
  UserIdentity: [rule('UserIdentity', 'one kind of user', 'tasks.md 6.4', (identity) => exactlyOne(['username', 'autoUser'], identity))],
  UserAccount: [rule('UserAccount', 'a key is one', 'OpenAPI, UserAccount of 2017-01-01.4.0 (code inferred)', ({ sshPrivateKey }) => checkLinuxUser({ sshPrivateKey }))],
  LinuxUserConfiguration: [
    rule('LinuxUserConfiguration', 'uid and gid go together, a key is one', 'OpenAPI, LinuxUserConfiguration (code inferred)', (user) => checkLinuxUser(user)),
  ],
  ApplicationPackageReference: [
    rule('ApplicationPackageReference', 'an application and a version are named as they can be', 'limits.md 7.3 (code inferred)', ({ applicationId, version }) => {
      if (applicationIdOf(applicationId) === undefined) throw invalidProperty('applicationId', applicationId, APPLICATION_REASON);
      if (version !== undefined && !isPackageVersion(version)) throw invalidProperty('version', version, VERSION_REASON);
    }),
  ],
  CertificateReference: [
    rule('CertificateReference', 'a certificate is known by its SHA-1 thumbprint', 'OpenAPI, CertificateReference (code inferred)', ({ thumbprint, thumbprintAlgorithm }) => {
      if (lowerAscii(thumbprintAlgorithm) !== 'sha1') throw invalidProperty('thumbprintAlgorithm', thumbprintAlgorithm, 'The value must be sha1.');
      if (!/^[0-9a-f]{1,40}$/i.test(thumbprint.replaceAll(/\s/g, ''))) throw invalidProperty('thumbprint', thumbprint, 'The value must have up to 40 hexadecimal digits.');
    }),
  ],
  ResourceFile: [
    rule('ResourceFile', 'one source', 'OpenAPI, ResourceFile', (file) => exactlyOne(['autoStorageContainerName', 'storageContainerUrl', 'httpUrl'], file)),
    rule('ResourceFile', 'a single file has a path, a container may have a prefix', 'OpenAPI, ResourceFile', (file) => {
      if (file.httpUrl !== undefined && file.filePath === undefined) throw missing('filePath');
      if (file.httpUrl !== undefined && file.blobPrefix !== undefined) {
        throw invalidProperty('blobPrefix', file.blobPrefix, 'blobPrefix belongs to a container, not to httpUrl.');
      }
    }),
    rule('ResourceFile', 'an identity belongs to a URL', 'OpenAPI, ResourceFile.identityReference (code inferred)', ({ autoStorageContainerName, identityReference }) => {
      if (autoStorageContainerName !== undefined && identityReference !== undefined) {
        throw invalidProperty('identityReference', identityReference.resourceId ?? '', 'identityReference belongs to storageContainerUrl or httpUrl.');
      }
    }),
  ],
  IdentityReference: [
    rule('IdentityReference', 'an identity is named in full', 'OpenAPI, BatchPoolIdentity (code inferred)', ({ resourceId }) => {
      if (resourceId === undefined) throw missing('resourceId');
      if (!IDENTITY.test(resourceId)) throw invalidProperty('resourceId', resourceId, `The value must be of the form ${IDENTITY_FORM}.`);
    }),
  ],
  OutputFileBlobContainerDestination: [
    rule('OutputFileBlobContainerDestination', 'a path is part of a name that a blob can have', 'azure-sdk-for-python issue 10517 (code inferred)', ({ path }) => {
      const problem = path === undefined || path === '' ? null : blobNameProblem(path);
      if (path !== undefined && problem !== null) throw invalidProperty('path', path, problem);
    }),
  ],
  OutputFileDestination: [rule('OutputFileDestination', 'a destination is a container', 'OpenAPI, OutputFileDestination', (body) => requireAll(['container'], body))],
  ContainerRegistry: [
    rule('ContainerRegistry', 'a password or an identity', 'OpenAPI, ContainerRegistry', (registry) => {
      exactlyOne(['username', 'identityReference'], registry);
      if (registry.username !== undefined && registry.password === undefined) throw missing('password');
    }),
  ],
  MountConfiguration: [
    rule('MountConfiguration', 'one kind of mount', 'OpenAPI, MountConfiguration', (mount) =>
      exactlyOne(['azureBlobFileSystemConfiguration', 'nfsMountConfiguration', 'cifsMountConfiguration', 'azureFileShareConfiguration'], mount),
    ),
    rule('MountConfiguration', 'a password stands in its own property', 'our own: options are answered and stand in arguments', ({ cifsMountConfiguration, azureFileShareConfiguration }) =>
      checkMountOptions((cifsMountConfiguration ?? azureFileShareConfiguration)?.mountOptions),
    ),
    rule('MountConfiguration', 'a path below the directory of mounts', 'OpenAPI, relativeMountPath (code inferred)', (mount) => checkMount(mount)),
  ],
  AzureFileShareConfiguration: [rule('AzureFileShareConfiguration', 'a share is named by its URL', 'OpenAPI, AzureFileShareConfiguration (code inferred)', (mount) => checkFileShare(mount))],
  AzureBlobFileSystemConfiguration: [
    rule('AzureBlobFileSystemConfiguration', 'one kind of credential', 'OpenAPI, AzureBlobFileSystemConfiguration', (mount) =>
      exactlyOne(['accountKey', 'sasKey', 'identityReference'], mount),
    ),
    rule('AzureBlobFileSystemConfiguration', 'account and container are named as they can be', 'documentation, "Naming and referencing containers" (code inferred)', (mount) => checkBlobMount(mount)),
  ],
  PoolInfo: [rule('PoolInfo', 'a pool or an auto pool', 'OpenAPI, PoolInformation', (info) => exactlyOne(['poolId', 'autoPoolSpecification'], info))],
  AutoPoolSpecification: [
    rule('AutoPoolSpecification', 'an auto pool is specified', 'OpenAPI, AutoPoolSpecification (code inferred)', (auto) => requireAll(['pool'], auto)),
    rule('AutoPoolSpecification', 'a prefix begins the id of a pool', 'OpenAPI, autoPoolIdPrefix; limits.md 7.3 (code inferred)', ({ autoPoolIdPrefix = '' }) => {
      if (!/^[\w-]*$/.test(autoPoolIdPrefix)) throw invalidProperty('autoPoolIdPrefix', autoPoolIdPrefix, 'The prefix may have letters, digits, hyphens and underscores only.');
    }),
  ],
  JobAdd: [
    ...jobRules('JobAdd'),
    rule('JobAdd', 'an auto pool of a job lives as long as the job', 'OpenAPI, PoolLifetimeOption (code inferred)', ({ poolInfo }) => {
      const lifetime = poolInfo.autoPoolSpecification?.poolLifetimeOption;
      if (lifetime === 'jobschedule') throw invalidProperty('poolLifetimeOption', lifetime, 'Only the jobs of a schedule can have a pool that lives as long as their schedule.');
    }),
  ],
  JobSpecification: jobRules('JobSpecification'),
  Schedule: [
    rule('Schedule', 'a schedule ends after it begins', 'OpenAPI, Schedule (code inferred)', ({ doNotRunUntil, doNotRunAfter }) => {
      if ((parseTimestamp(doNotRunAfter ?? '') ?? Infinity) <= (parseTimestamp(doNotRunUntil ?? '') ?? -Infinity)) {
        throw invalidProperty('doNotRunAfter', doNotRunAfter, 'doNotRunAfter must be later than doNotRunUntil.');
      }
    }),
  ],
  JobManagerTask: commandRules('JobManagerTask'),
  JobPreparationTask: commandRules('JobPreparationTask'),
  JobReleaseTask: commandRules('JobReleaseTask'),
  MultiInstanceSettings: [
    rule('MultiInstanceSettings', 'common resource files have at most 32,768 characters in all', 'as resourceFiles (inferred)', ({ commonResourceFiles }) =>
      checkResourceFiles('commonResourceFiles', commonResourceFiles),
    ),
  ],
  TaskAdd: [
    ...commandRules('TaskAdd'),
    rule('TaskAdd', 'a multi-instance task takes one slot of each node', 'OpenAPI, requiredSlots', ({ multiInstanceSettings, requiredSlots = 1 }) => {
      if (multiInstanceSettings !== undefined && requiredSlots !== 1) {
        throw invalidProperty('requiredSlots', requiredSlots, 'requiredSlots must be 1 for a multi-instance task.');
      }
    }),
  ],
  TaskDependencies: [
    rule('TaskDependencies', 'task ids have at most 64,000 characters in all', 'limits.md 7.2', ({ taskIds = [] }) => {
      const characters = taskIds.reduce((sum, id) => sum + id.length, 0);
      if (characters > LIMITS.dependencyIdCharacters) {
        throw invalidProperty('taskIds', String(characters), `The ids have at most ${LIMITS.dependencyIdCharacters} characters in all.`, 'TaskDependencyListTooLong');
      }
    }),
    rule('TaskDependencies', 'ranges are bounded', 'errors.md 4.3 (number inferred)', ({ taskIdRanges = [] }) => {
      const characters = JSON.stringify(taskIdRanges).length;
      if (characters > LIMITS.dependencyRangeCharacters) {
        throw invalidProperty('taskIdRanges', String(characters), 'The ranges are longer than allowed.', 'TaskDependencyRangesTooLong');
      }
    }),
  ],
  TaskIdRange: [rule('TaskIdRange', 'a range ends where it begins or later', 'OpenAPI, TaskIdRange (code inferred)', ({ start, end }) => checkRange(start, end))],
  ExitCodeRangeMapping: [
    rule('ExitCodeRangeMapping', 'a range ends where it begins or later', 'OpenAPI, ExitCodeRangeMapping (code inferred)', ({ start, end }) => checkRange(start, end)),
  ],
  UploadBatchServiceLogs: [
    rule('UploadBatchServiceLogs', 'a container has a URL', 'OpenAPI, UploadBatchServiceLogsConfiguration (code inferred)', ({ containerUrl }) => {
      const isUrl = URL.canParse(containerUrl) && ['http:', 'https:'].includes(new URL(containerUrl).protocol);
      if (!isUrl) throw invalidProperty('containerUrl', containerUrl.replace(/\?.*$/s, ''), 'The value must be the URL of a container.');
    }),
    rule('UploadBatchServiceLogs', 'a time ends where it begins or later', 'OpenAPI, UploadBatchServiceLogsConfiguration (code inferred)', ({ startTime, endTime }) => {
      const [from, to] = [startTime, endTime ?? startTime].map(parseTimestamp);
      if (from !== undefined && to !== undefined && to < from) throw invalidProperty('endTime', endTime, 'The value must not be before startTime.');
    }),
  ],
  NodeUserAdd: [
    rule('NodeUserAdd', 'a user can log in', 'OpenAPI, ComputeNodeUser', ({ password, sshPublicKey }) => {
      if (password === undefined && sshPublicKey === undefined) throw missing('password');
    }),
  ],
};

const APPLICATION_REASON = 'The id of an application has 1 to 64 letters, digits, hyphens and underscores, or is the resource id of one.';
const VERSION_REASON = 'A version has 1 to 64 letters, digits, hyphens, underscores and dots, and does not begin with a dot.';

type WithCommand = 'StartTask' | 'JobManagerTask' | 'JobPreparationTask' | 'JobReleaseTask' | 'TaskAdd';

/** What holds for every kind of task. */
function commandRules(shape: WithCommand): readonly Rule[] {
  return [
    rule(shape, 'a command line is empty only where an image has an entry point', 'documentation, "Container applications" (code inferred)', ({ commandLine, containerSettings }: Pick<Wire.TaskAdd, 'commandLine' | 'containerSettings'>) => {
      if (commandLine === '' && containerSettings === undefined) throw invalidProperty('commandLine', '', 'The value must not be empty.');
    }),
    rule(shape, 'resource files have at most 32,768 characters in all', 'BatchExplorer issues 30, 978, 1758', ({ resourceFiles }: Pick<Wire.TaskAdd, 'resourceFiles'>) =>
      checkResourceFiles('resourceFiles', resourceFiles),
    ),
  ];
}

/** Code, values and Reason are those of users' reports. */
function checkResourceFiles(name: string, files: readonly Wire.ResourceFile[] | undefined): void {
  if (files === undefined || JSON.stringify(files).length <= LIMITS.resourceFilesCharacters) return;
  const reason = `Total size of ${name} cannot be more than ${LIMITS.resourceFilesCharacters} characters`;
  throw refusedFor(name, reason);
}

/** InvalidPropertyValue without the value, as the service answers for what is no single value. */
function refusedFor(name: string, reason: string): BatchError {
  return new BatchError('InvalidPropertyValue', [
    { key: 'PropertyName', value: name },
    { key: 'Reason', value: reason },
  ]);
}

const IDENTITY = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;
const IDENTITY_FORM = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identityName}';
const GALLERY_IMAGE = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/galleries\/[^/]+\/images\/[^/]+(\/versions\/[^/]+)?$/i;
const GALLERY_IMAGE_FORM = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Compute/galleries/{galleryName}/images/{galleryImageName}';
const GALLERY_IMAGE_REASON = `The specified resource id must be of the format ${GALLERY_IMAGE_FORM}/versions/{galleryImageVersionName} or ${GALLERY_IMAGE_FORM}`;

function poolRules(shape: 'PoolAdd' | 'PoolSpecification'): readonly Rule[] {
  return [
    rule(shape, 'one kind of machine', 'OpenAPI, virtualMachineConfiguration', (pool: Machine) => checkKind(pool)),
    rule(shape, 'a formula or targets', 'errors.md 4.11', (pool: Machine) => {
      if (pool.enableAutoScale !== true) {
        if (pool.autoScaleFormula !== undefined) throw invalidProperty('autoScaleFormula', pool.autoScaleFormula, 'A formula needs enableAutoScale.');
        return;
      }
      if (pool.autoScaleFormula === undefined) throw invalidProperty('autoScaleFormula', '', 'enableAutoScale needs a formula.');
      for (const name of ['targetDedicatedNodes', 'targetLowPriorityNodes'] as const) {
        if (pool[name] !== undefined) throw invalidProperty(name, pool[name], 'enableAutoScale and target numbers of nodes exclude each other.');
      }
    }),
    rule(shape, 'slots fit the size', 'limits.md 7.2', (pool: Machine) => checkSlots(pool)),
    rule(shape, 'user accounts fit the nodes', 'OpenAPI, UserAccount', (pool: Machine) => checkUserAccounts(pool)),
    rule(shape, 'licences of applications, tags and upgrades are what they can be', 'OpenAPI; documentation, limits of tags (codes inferred)', (pool: Machine & Placeless) => {
      checkApplicationLicences(pool.applicationLicenses);
      checkResourceTags(pool.resourceTags);
      checkUpgradePolicy(pool);
    }),
    rule(shape, 'mounts fit the nodes and each other', 'documentation, "Mount a virtual file system" (code inferred)', (pool: Machine) => checkMounts(pool)),
  ];
}

/** For a change of any of these, which must fit what stays. */
export function checkMachine(pool: Pick<Machine, 'virtualMachineConfiguration' | 'cloudServiceConfiguration' | 'vmSize' | 'taskSlotsPerNode' | 'userAccounts' | 'mountConfiguration'> & Pick<Placeless, 'resourceTags' | 'upgradePolicy'>): void {
  checkKind(pool);
  checkSlots(pool);
  checkUserAccounts(pool);
  checkMounts(pool);
  checkResourceTags(pool.resourceTags);
  checkUpgradePolicy(pool);
}

function checkKind(pool: Pick<Machine, 'virtualMachineConfiguration' | 'cloudServiceConfiguration'>): void {
  exactlyOne(['virtualMachineConfiguration', 'cloudServiceConfiguration'], pool);
}

function jobRules(shape: 'JobAdd' | 'JobSpecification'): readonly Rule[] {
  return [
    rule(shape, 'no release without preparation', 'errors.md 4.11', ({ jobPreparationTask, jobReleaseTask }: Pick<Wire.JobAdd, 'jobPreparationTask' | 'jobReleaseTask'>) => {
      if (jobReleaseTask !== undefined && jobPreparationTask === undefined) {
        throw invalidProperty('jobReleaseTask', jobReleaseTask.id ?? '', 'A job release task needs a job preparation task.');
      }
    }),
    rule(shape, "no two of a job's tasks have the same id", 'OpenAPI, JobPreparationTask.id (code inferred)', ({ jobPreparationTask, jobReleaseTask }: Pick<Wire.JobAdd, 'jobPreparationTask' | 'jobReleaseTask'>) => {
      if (jobReleaseTask === undefined || jobPreparationTask === undefined) return;
      const id = jobReleaseTask.id ?? 'jobrelease';
      if (lowerAscii(id) === lowerAscii(jobPreparationTask.id ?? 'jobpreparation')) throw invalidProperty('id', id, 'The job preparation task and the job release task must have different ids.');
    }),
  ];
}

/** What must hold between a task and its job (errors.md 4.3, 4.11; states.md 3.4). Ids compare without case. */
export function checkTaskAgainstJob(
  task: Wire.TaskAdd,
  job: Pick<Wire.JobAdd, 'usesTaskDependencies' | 'onTaskFailure' | 'jobPreparationTask' | 'jobReleaseTask'>,
): void {
  // Lists with nothing in them ask for nothing; the code is what users got (errors.md 4.4), not the documented
  // TaskDependenciesNotSpecifiedOnJob.
  const { taskIds = [], taskIdRanges = [] } = task.dependsOn ?? {};
  if (taskIds.length + taskIdRanges.length > 0 && job.usesTaskDependencies !== true) {
    throw invalidProperty('dependsOn', '', 'The job does not use task dependencies; set its usesTaskDependencies to true when you add it.', 'UnsupportedProperty');
  }
  for (const { jobAction, dependencyAction } of exitOptionsOf(task.exitConditions)) {
    if (jobAction !== undefined && (job.onTaskFailure ?? 'noaction') === 'noaction') {
      throw invalidProperty('jobAction', jobAction, "The job's onTaskFailure must be performexitoptionsjobaction.");
    }
    if (dependencyAction !== undefined && job.usesTaskDependencies !== true) {
      throw invalidProperty('dependencyAction', dependencyAction, 'The job does not use task dependencies.');
    }
  }
  const sameId = (other: { readonly id?: string | undefined } | undefined, fallback: string): boolean =>
    other !== undefined && (other.id ?? fallback).toLowerCase() === task.id.toLowerCase();
  if (sameId(job.jobPreparationTask, 'jobpreparation')) throw new BatchError('TaskIdSameAsJobPreparationTask');
  if (sameId(job.jobReleaseTask, 'jobrelease')) throw new BatchError('TaskIdSameAsJobReleaseTask');
}

function exitOptionsOf(conditions: Wire.ExitConditions | undefined): readonly Wire.ExitOptions[] {
  if (conditions === undefined) return [];
  const { exitCodes = [], exitCodeRanges = [], preProcessingError, fileUploadError } = conditions;
  const mapped = [...exitCodes, ...exitCodeRanges].map(({ exitOptions }) => exitOptions);
  return [...mapped, preProcessingError, fileUploadError, conditions.default].filter((options) => options !== undefined);
}

/** onAllTasksComplete never goes back from terminatejob to noaction (errors.md 4.11). */
export function checkAllTasksCompleteChange(before: Wire.OnAllTasksComplete, after: Wire.OnAllTasksComplete | undefined): void {
  if (before === 'terminatejob' && after === 'noaction') {
    throw invalidProperty('onAllTasksComplete', after, 'onAllTasksComplete cannot be changed from terminatejob to noaction.');
  }
}

function checkRange(start: number, end: number): void {
  if (end < start) throw invalidProperty('end', end, `The end of a range must not be less than its start, ${start}.`);
}
