import { taskDirectory, type NodeSetup, type OutputFileWork, type ResourceFileWork, type RunAs, type Work } from '../agent/frames.ts';
import type { NameValue, NodeStatus } from '../core/status.ts';
import { DEFAULT_RETENTION_MS } from '../store/rules.ts';
import { parseDuration } from '../wire/durations.ts';
import type { JobAdd, OutputFile, PoolAdd, ResourceFile, StartTask, TaskAdd, UserAccount, UserIdentity } from '../wire/types.generated.ts';

/**
 * Where auto-storage containers of the account are reached: a signed URL with read and list rights. Throws if the
 * account has no storage.
 */
export type SignContainer = (container: string) => string;

/** What an attempt is given beyond what its task asks for. */
export interface Grants {
  /** More than the task requires where it is to be alone on its node. */
  readonly slots: number;
  readonly sign: SignContainer;
  /** The attempt's token, for a task that asks for access to its job. */
  readonly token: () => string;
}

/** A job as it is stored. */
export interface JobSpec {
  readonly id: string;
  readonly spec: JobAdd;
}

/** What an agent needs of a task, everything resolved. Specifications are those that handlers validated and stored. */
export function taskWork(task: TaskAdd, job: JobSpec, { slots, sign, token }: Grants): Work {
  return {
    job: job.id,
    task: task.id,
    directory: taskDirectory(job.id, task.id),
    ...preparationPlace(job),
    slots,
    commandLine: task.commandLine,
    environment: [...mergedEnvironment(job.spec.commonEnvironmentSettings ?? [], task.environmentSettings ?? []), ...access(task, token)],
    resourceFiles: (task.resourceFiles ?? []).map((file) => resourceFileWork(file, sign)),
    outputFiles: (task.outputFiles ?? []).map(outputFile),
    user: runAs(task.userIdentity),
    wallClockMs: bounded(task.constraints?.maxWallClockTime),
    retentionMs: task.constraints?.retentionTime === undefined ? DEFAULT_RETENTION_MS : bounded(task.constraints.retentionTime),
  };
}

/**
 * After what the user asked for, so that it stands (API reference, "AuthenticationTokenSettings": access to the job is
 * the only one that there is).
 */
function access({ authenticationTokenSettings }: TaskAdd, token: () => string): readonly NameValue[] {
  return authenticationTokenSettings?.access?.includes('job') === true ? [{ name: 'AZ_BATCH_AUTHENTICATION_TOKEN', value: token() }] : [];
}

/** Default id of a job preparation task, and so the name of its directory (recorded; API reference, "Add a job"). */
export const PREPARATION_ID = 'jobpreparation';

/** Where the job's preparation leaves what others may read: for its tasks and its release. */
export function preparationPlace({ id, spec: { jobPreparationTask: task } }: JobSpec): Pick<Work, 'preparationDirectory'> {
  return task === undefined ? {} : { preparationDirectory: taskDirectory(id, task.id ?? PREPARATION_ID) };
}

export function nodeSetup(
  node: NodeStatus,
  pool: { readonly id: string; readonly spec: PoolAdd },
  account: { readonly name: string; readonly url: string },
  sign: SignContainer,
): NodeSetup {
  return {
    nodeId: node.id,
    poolId: pool.id,
    accountName: account.name,
    accountUrl: account.url,
    dedicated: node.dedicated,
    slots: node.slots,
    startTask: pool.spec.startTask === undefined ? null : startTask(pool.spec.startTask, sign),
    userAccounts: (pool.spec.userAccounts ?? []).map((user) => userAccount(user, pool.spec.enableInterNodeCommunication ?? false)),
  };
}

/** `connected`: whether nodes of the pool talk to each other; else keys are ignored (OpenAPI). */
function userAccount({ name, password, elevationLevel, linuxUserConfiguration }: UserAccount, connected: boolean): NodeSetup['userAccounts'][number] {
  const { uid = null, gid = null, sshPrivateKey } = linuxUserConfiguration ?? {};
  const key = connected && sshPrivateKey !== undefined ? { sshPrivateKey } : {};
  // It was hashed before it was stored.
  return { name, elevation: elevationLevel ?? 'nonadmin', uid, gid, passwordHash: password, ...key };
}

function startTask(task: StartTask, sign: SignContainer): NonNullable<NodeSetup['startTask']> {
  return {
    commandLine: task.commandLine,
    environment: mergedEnvironment([], task.environmentSettings ?? []),
    resourceFiles: (task.resourceFiles ?? []).map((file) => resourceFileWork(file, sign)),
    outputFiles: [],
    user: runAs(task.userIdentity),
    wallClockMs: null,
    retentionMs: null,
    // Default true since 2019-08-01.10.0 (version history); handlers store the older default when an older client
    // leaves it out.
    waitForSuccess: task.waitForSuccess ?? true,
    maxTaskRetryCount: task.maxTaskRetryCount ?? 0,
  };
}

type Setting = { readonly name: string; readonly value?: string | undefined };

/** The task's settings override the job's of the same name (task semantics, 6.2). */
export function mergedEnvironment(common: readonly Setting[], own: readonly Setting[]): Work['environment'] {
  const merged = new Map<string, string>();
  for (const { name, value } of [...common, ...own]) merged.set(name, value ?? '');
  return [...merged].map(([name, value]) => ({ name, value }));
}

export function resourceFileWork(file: ResourceFile, sign: SignContainer): ResourceFileWork {
  const fileMode = file.fileMode ?? null;
  if (file.httpUrl !== undefined) return { kind: 'url', url: file.httpUrl, filePath: file.filePath ?? '', fileMode };
  const url = file.storageContainerUrl ?? sign(file.autoStorageContainerName ?? '');
  return { kind: 'container', url, blobPrefix: file.blobPrefix ?? '', filePath: file.filePath ?? '', fileMode };
}

const CONDITIONS = { TaskSuccess: 'tasksuccess', TaskFailure: 'taskfailure', TaskCompletion: 'taskcompletion' } as const;

function outputFile(file: OutputFile): OutputFileWork {
  const container = file.destination.container;
  if (container === undefined) throw new Error('an output file without a container passed validation');
  return {
    filePattern: file.filePattern,
    containerUrl: container.containerUrl,
    path: container.path ?? null,
    headers: (container.uploadHeaders ?? []).map(({ name, value }) => ({ name, value: value ?? '' })),
    condition: CONDITIONS[file.uploadOptions.uploadCondition],
  };
}

export function runAs(identity: UserIdentity | undefined): RunAs {
  return identity?.username !== undefined
    ? { kind: 'named', name: identity.username }
    : { kind: 'auto', scope: identity?.autoUser?.scope ?? 'pool', elevation: identity?.autoUser?.elevationLevel ?? 'nonadmin' };
}

export function bounded(duration: string | undefined): number | null {
  const ms = duration === undefined ? Number.POSITIVE_INFINITY : parseDuration(duration);
  if (ms === undefined) throw new Error(`a duration that is none passed validation: ${duration}`);
  return Number.isFinite(ms) ? ms : null;
}
