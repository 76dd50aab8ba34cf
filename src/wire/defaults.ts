import { UNLIMITED_DURATION } from './durations.ts';
import { osOfAgent } from './images.ts';
import { lowerAscii } from './letters.ts';
import type { AutoPoolSpecification, AutoUserSpecification, CertificateReference, Job, JobAdd, JobManagerTask, JobPreparationTask, JobReleaseTask, JobScheduleAdd, JobSpecification, PoolAdd, PoolInfo, PoolSpecification, StartTask, TaskAdd, TaskConstraints, UserAccount, UserIdentity } from './types.generated.ts';
import type { ApiVersion } from './versions.ts';

/** Defaults that the service fills in when it stores a resource; recorded on reads (operations.md 1.5). */

const WEEK = 'P7D';

export function withUserDefaults(identity: UserIdentity | undefined): UserIdentity {
  if (identity?.username !== undefined) return identity;
  const { scope = 'pool', elevationLevel = 'nonadmin' }: AutoUserSpecification = identity?.autoUser ?? {};
  return { autoUser: { scope, elevationLevel } };
}

/** Recorded: a container works in the task's directory. */
function withContainerDefaults<Task extends Pick<TaskAdd, 'containerSettings'>>({ containerSettings: settings }: Task): Pick<TaskAdd, 'containerSettings'> {
  return settings === undefined ? {} : { containerSettings: { ...settings, workingDirectory: settings.workingDirectory ?? 'taskWorkingDirectory' } };
}

/** `runElevated` is what versions before 2017-01-01.4.0 had of users: an administrator, or none. */
function userOf({ userIdentity, runElevated }: Pick<StartTask, 'userIdentity' | 'runElevated'>): UserIdentity {
  return withUserDefaults(userIdentity ?? (runElevated === true ? { autoUser: { elevationLevel: 'admin' } } : undefined));
}

/** `waitForSuccess` was false by default before 2019-08-01.10.0. */
export function withStartTaskDefaults(task: StartTask, version: ApiVersion): StartTask {
  return {
    ...task,
    ...withContainerDefaults(task),
    userIdentity: userOf(task),
    maxTaskRetryCount: task.maxTaskRetryCount ?? 0,
    waitForSuccess: task.waitForSuccess ?? version.revision >= 10,
  };
}

/** The pool as it is stored and read back: target numbers, slots, policy and timeout filled in. */
export function withPoolDefaults(pool: PoolAdd, version: ApiVersion) {
  const autoScale = pool.enableAutoScale ?? false;
  const machine = pool.virtualMachineConfiguration;
  return {
    ...pool,
    resizeTimeout: autoScale ? pool.resizeTimeout : (pool.resizeTimeout ?? 'PT15M'),
    targetDedicatedNodes: pool.targetDedicatedNodes ?? 0,
    targetLowPriorityNodes: pool.targetLowPriorityNodes ?? 0,
    enableAutoScale: autoScale,
    autoScaleEvaluationInterval: autoScale ? (pool.autoScaleEvaluationInterval ?? 'PT15M') : pool.autoScaleEvaluationInterval,
    enableInterNodeCommunication: pool.enableInterNodeCommunication ?? false,
    taskSlotsPerNode: pool.taskSlotsPerNode ?? 1,
    taskSchedulingPolicy: pool.taskSchedulingPolicy ?? { nodeFillType: 'Spread' as const },
    virtualMachineConfiguration: machine && {
      ...machine,
      imageReference: withImageDefaults(machine.imageReference),
      // Recorded (2024-02-01.19.0).
      osDisk: machine.osDisk && { ...machine.osDisk, ephemeralOSDiskSettings: machine.osDisk.ephemeralOSDiskSettings ?? {} },
      dataDisks: machine.dataDisks?.map((disk) => ({ ...disk, caching: disk.caching ?? ('none' as const), storageAccountType: disk.storageAccountType ?? ('standard_lrs' as const) })),
    },
    cloudServiceConfiguration: pool.cloudServiceConfiguration && { ...pool.cloudServiceConfiguration, osVersion: pool.cloudServiceConfiguration.osVersion ?? '*' },
    networkConfiguration: pool.networkConfiguration && {
      ...pool.networkConfiguration,
      dynamicVNetAssignmentScope: pool.networkConfiguration.dynamicVNetAssignmentScope ?? ('none' as const),
    },
    userAccounts: withAccountDefaults(pool),
    certificateReferences: pool.certificateReferences?.map(withReferenceDefaults),
    startTask: pool.startTask && withStartTaskDefaults(pool.startTask, version),
  };
}

/** As recorded. Thumbprints are kept in lower case and without blanks, as those of certificates. */
function withReferenceDefaults({ thumbprint, storeLocation, storeName, visibility, ...rest }: CertificateReference): CertificateReference {
  return {
    ...rest,
    thumbprint: lowerAscii(thumbprint.replaceAll(/\s/g, '')),
    storeLocation: storeLocation ?? 'CurrentUser',
    storeName: storeName ?? 'My',
    visibility: visibility ?? ['starttask', 'task', 'remoteuser'],
  };
}

/** In 2017-01-01.4.0 the key stands in the account itself. */
function withLinuxUser({ sshPrivateKey, ...account }: UserAccount): UserAccount {
  return sshPrivateKey === undefined ? account : { ...account, linuxUserConfiguration: { sshPrivateKey } };
}

/** Users of Windows nodes log in somehow: by default as recorded of cloud services, else as the OpenAPI text says. */
function withAccountDefaults({ userAccounts, cloudServiceConfiguration, virtualMachineConfiguration }: PoolAdd): PoolAdd['userAccounts'] {
  const given = userAccounts?.map(withLinuxUser);
  const isCloudService = cloudServiceConfiguration !== undefined;
  if (!isCloudService && osOfAgent(virtualMachineConfiguration?.nodeAgentSKUId ?? '') !== 'windows') return given;
  const loginMode = isCloudService ? 'interactive' : 'batch';
  return given?.map((account) => ({ ...account, windowsUserConfiguration: { loginMode: account.windowsUserConfiguration?.loginMode ?? loginMode } }));
}

function withImageDefaults<Image extends { readonly publisher?: string | undefined; readonly version?: string | undefined }>(image: Image): Image {
  return image.publisher === undefined || image.version !== undefined ? image : { ...image, version: 'latest' };
}

/**
 * The job manager as it is stored and read back (recorded): its retry count is the job's of the time when it was made,
 * whatever the job's becomes.
 */
function withJobManagerDefaults(manager: JobManagerTask, job: Pick<Job, 'constraints'>) {
  return {
    ...withTaskDefaults(manager, job),
    runExclusive: manager.runExclusive ?? true,
    allowLowPriorityNode: manager.allowLowPriorityNode ?? true,
    killJobOnCompletion: manager.killJobOnCompletion ?? true,
  };
}

/** Recorded: its retries are its own, whatever the job's are. */
function withPreparationDefaults(task: JobPreparationTask) {
  return {
    ...task,
    ...withContainerDefaults(task),
    id: task.id ?? 'jobpreparation',
    constraints: withConstraintDefaults(task.constraints, { constraints: undefined }),
    userIdentity: userOf(task),
    waitForSuccess: task.waitForSuccess ?? true,
    rerunOnNodeRebootAfterSuccess: task.rerunOnNodeRebootAfterSuccess ?? true,
  };
}

function withReleaseDefaults(task: JobReleaseTask) {
  return {
    ...task,
    ...withContainerDefaults(task),
    id: task.id ?? 'jobrelease',
    maxWallClockTime: task.maxWallClockTime ?? 'PT15M',
    retentionTime: task.retentionTime ?? WEEK,
    userIdentity: userOf(task),
  };
}

/** The job as it is stored and read back. */
export function withJobDefaults(job: JobAdd) {
  return { ...withScheduledJobDefaults(job), id: job.id };
}

/** What a schedule makes its jobs of: the defaults are those of a job. */
export function withScheduledJobDefaults(job: JobSpecification) {
  const constraints = {
    maxWallClockTime: job.constraints?.maxWallClockTime ?? UNLIMITED_DURATION,
    maxTaskRetryCount: job.constraints?.maxTaskRetryCount ?? 0,
  };
  return {
    ...job,
    priority: job.priority ?? 0,
    maxParallelTasks: job.maxParallelTasks ?? -1,
    usesTaskDependencies: job.usesTaskDependencies ?? false,
    allowTaskPreemption: job.allowTaskPreemption ?? false,
    constraints,
    jobManagerTask: job.jobManagerTask && withJobManagerDefaults(job.jobManagerTask, { constraints }),
    jobPreparationTask: job.jobPreparationTask && withPreparationDefaults(job.jobPreparationTask),
    jobReleaseTask: job.jobReleaseTask && withReleaseDefaults(job.jobReleaseTask),
    onAllTasksComplete: job.onAllTasksComplete ?? ('noaction' as const),
    onTaskFailure: job.onTaskFailure ?? ('noaction' as const),
  };
}

/** Where a job has its pool made: as `withPoolDefaults` (recorded). */
export function withPoolInfoDefaults(poolInfo: PoolInfo, version: ApiVersion): PoolInfo {
  const { autoPoolSpecification: auto } = poolInfo;
  if (auto === undefined) return poolInfo;
  return { ...poolInfo, autoPoolSpecification: { ...auto, keepAlive: auto.keepAlive ?? false, pool: withSpecificationDefaults(auto, version) } };
}

function withSpecificationDefaults({ pool }: AutoPoolSpecification, version: ApiVersion): PoolSpecification {
  if (pool === undefined) throw new Error('an auto pool without a specification passed validation');
  const { id: _id, ...whole } = withPoolDefaults({ ...pool, id: '' } as PoolAdd, version);
  return whole as PoolSpecification;
}

/** Constraints of a task: its own, else the job's retry count, no wall clock limit and a week of retention. */
export function withConstraintDefaults(constraints: TaskConstraints | undefined, job: Pick<Job, 'constraints'>) {
  return {
    maxWallClockTime: constraints?.maxWallClockTime ?? UNLIMITED_DURATION,
    retentionTime: constraints?.retentionTime ?? WEEK,
    maxTaskRetryCount: constraints?.maxTaskRetryCount ?? job.constraints?.maxTaskRetryCount ?? 0,
  };
}

/** The task as it is stored and read back, given its job. */
export function withTaskDefaults<Task extends TaskAdd | JobManagerTask>(task: Task, job: Pick<Job, 'constraints'>) {
  return {
    ...task,
    ...withContainerDefaults(task),
    userIdentity: userOf(task),
    constraints: withConstraintDefaults(task.constraints, job),
    requiredSlots: task.requiredSlots ?? 1,
  };
}

export type PoolWithDefaults = ReturnType<typeof withPoolDefaults>;
export type JobWithDefaults = ReturnType<typeof withJobDefaults>;
export type ScheduledJobWithDefaults = ReturnType<typeof withScheduledJobDefaults>;
export type ScheduleWithDefaults = Omit<JobScheduleAdd, 'jobSpecification'> & { readonly jobSpecification: ScheduledJobWithDefaults };
export type JobManagerWithDefaults = ReturnType<typeof withJobManagerDefaults>;
