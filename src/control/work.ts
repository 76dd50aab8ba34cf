import { taskDirectory, type CertificateWork, type GangWork, type IdentityWork, type NodeSetup, type OutputFileWork, type PackageWork, type ResourceFileWork, type RunAs, type Work } from '../agent/frames.ts';
import type { Host } from '../core/decisions.ts';
import type { NameValue, NodeStatus } from '../core/status.ts';
import { containerOf, containersOf } from './containerWork.ts';
import { endpointsOf } from './endpointWork.ts';
import { fileSystemsOf } from './fileSystemWork.ts';
import type { StoredCertificate } from '../store/ownerStore.ts';
import { opened, openedCertificate, type CertificateSecrets } from '../store/sealedSpecs.ts';
import type { Secrets } from '../store/sealing.ts';
import { DEFAULT_RETENTION_MS } from '../store/rules.ts';
import type { PackageReference } from '../wire/applications.ts';
import { parseDuration } from '../wire/durations.ts';
import type { IdentityReference, JobAdd, OutputFile, PoolAdd, ResourceFile, StartTask, TaskAdd, UserAccount, UserIdentity } from '../wire/types.generated.ts';
import { packagesWork, type PackageSource } from './packages.ts';

/** Opens the account's own storage to its tasks. */
export interface Signer {
  /**
   * Where an auto-storage container is reached: a signed URL with read and list rights; or one of its blobs, with the
   * right to read it. Throws if the account has no storage.
   */
  container(container: string, blob?: string): string;
  /** A URL of the account's own storage, signed; null: it is of no storage that the service can sign for. */
  url(url: string, access: StorageAccess): string | null;
  /** Where the blobs of a storage account are, without a closing slash: of any account by its name. */
  endpoint(accountName: string): string;
}

/** What a task does there: reads one blob, reads and lists a container, or writes into one. */
export type StorageAccess = 'blob' | 'container' | 'output';

/** An attempt's way to tokens: the endpoint, and what its agent needs of it. */
export interface IdentityAccess extends IdentityWork {
  readonly endpoint: string;
}

/** Where the service itself has blobs over TLS, as tasks with a managed identity ask for them. */
export interface BlobNames {
  /** Of all storage accounts. */
  hosts(): readonly string[];
  /** The authority of their certificates (PEM); null: one that everybody knows. */
  authority(): string | null;
}

/** What an attempt is given beyond what its task asks for. */
export interface Grants {
  /** More than the task requires where it is to be alone on its node. */
  readonly slots: number;
  readonly sign: Signer;
  readonly packages: PackageSource;
  /** The attempt's token, for a task that asks for access to its job. */
  readonly token: () => string;
  /** How it gets tokens of its pool's managed identity. Left out: the pool has none. */
  readonly identity?: IdentityAccess;
  /** Which instance of a multi-instance task it is, and the nodes of all. Left out: the task is none. */
  readonly among?: { readonly instance: number; readonly hosts: readonly Host[] } | undefined;
}

/** A job as it is stored. */
export interface JobSpec {
  readonly id: string;
  readonly spec: JobAdd;
}

/** What an agent needs of a task, everything resolved. Specifications are those that handlers validated and stored. */
export function taskWork(task: TaskAdd, job: JobSpec, { slots, sign, packages, token, identity, among }: Grants): Work {
  const isSubtask = among !== undefined && among.instance > 0;
  return {
    job: job.id,
    task: task.id,
    directory: taskDirectory(job.id, task.id),
    ...preparationPlace(job),
    slots,
    commandLine: task.commandLine,
    environment: [...mergedEnvironment(job.spec.commonEnvironmentSettings ?? [], task.environmentSettings ?? []), ...access(task, token), ...identityAccess(identity)],
    ...withPackages(task.applicationPackageReferences, packages),
    // Of the primary alone (API reference, "Add a task").
    resourceFiles: isSubtask ? [] : (task.resourceFiles ?? []).map((file) => resourceFileWork(file, sign)),
    outputFiles: isSubtask ? [] : (task.outputFiles ?? []).map((file) => outputFile(file, sign)),
    user: runAs(task.userIdentity),
    ...containerOf(task),
    wallClockMs: bounded(task.constraints?.maxWallClockTime),
    retentionMs: task.constraints?.retentionTime === undefined ? DEFAULT_RETENTION_MS : bounded(task.constraints.retentionTime),
    ...(among === undefined ? null : { gang: { ...among, ...coordination(task, sign) } }),
    ...(identity === undefined ? null : { identity: { header: identity.header, blobHosts: identity.blobHosts, authority: identity.authority } }),
  };
}

function coordination({ multiInstanceSettings }: TaskAdd, sign: Signer): Pick<GangWork, 'coordinationCommandLine' | 'commonResourceFiles'> {
  if (multiInstanceSettings === undefined) throw new Error('several nodes are for a task that is no multi-instance task');
  const { coordinationCommandLine, commonResourceFiles = [] } = multiInstanceSettings;
  return { coordinationCommandLine, commonResourceFiles: commonResourceFiles.map((file) => resourceFileWork(file, sign)) };
}

/**
 * After what the user asked for, so that it stands (API reference, "AuthenticationTokenSettings": access to the job is
 * the only one that there is).
 */
function access({ authenticationTokenSettings }: TaskAdd, token: () => string): readonly NameValue[] {
  return authenticationTokenSettings?.access?.includes('job') === true ? [{ name: 'AZ_BATCH_AUTHENTICATION_TOKEN', value: token() }] : [];
}

/** The names by which the libraries of Azure find tokens without a login (App Service, 2019-08-01). */
function identityAccess(identity: IdentityAccess | undefined): readonly NameValue[] {
  return identity === undefined ? [] : [{ name: 'IDENTITY_ENDPOINT', value: identity.endpoint }, { name: 'IDENTITY_HEADER', value: identity.header }];
}

/** Default id of a job preparation task, and so the name of its directory (recorded; API reference, "Add a job"). */
export const PREPARATION_ID = 'jobpreparation';

/** Where the job's preparation leaves what others may read: for its tasks and its release. */
export function preparationPlace({ id, spec: { jobPreparationTask: task } }: JobSpec): Pick<Work, 'preparationDirectory'> {
  return task === undefined ? {} : { preparationDirectory: taskDirectory(id, task.id ?? PREPARATION_ID) };
}

/** A pool with its certificates. */
export interface WholePool {
  readonly id: string;
  readonly spec: PoolAdd;
  readonly certificates: readonly OpenCertificate[];
}

/** A certificate's file, as a client sent it. */
interface OpenCertificate extends Pick<StoredCertificate, 'thumbprint' | 'format'>, CertificateSecrets {}

/** With all that is sealed in it opened: for its nodes alone. @throws Error as `opened`. */
export function openedPool({ id, spec, certificates }: Omit<WholePool, 'certificates'> & { readonly certificates: readonly StoredCertificate[] }, secrets: Secrets): WholePool {
  return { id, spec: opened('pool.spec', spec, secrets), certificates: certificates.map((certificate) => ({ ...certificate, ...openedCertificate(certificate, secrets) })) };
}

export function nodeSetup(
  node: NodeStatus,
  pool: WholePool,
  account: { readonly name: string; readonly url: string },
  { sign, packages }: Pick<Grants, 'sign' | 'packages'>,
): NodeSetup {
  return {
    nodeId: node.id,
    poolId: pool.id,
    accountName: account.name,
    accountUrl: account.url,
    dedicated: node.dedicated,
    slots: node.slots,
    startTask: pool.spec.startTask === undefined ? null : startTask(pool.spec.startTask, sign),
    containers: containersOf(pool.spec),
    userAccounts: (pool.spec.userAccounts ?? []).map((user) => userAccount(user, pool.spec.enableInterNodeCommunication ?? false)),
    ...withPackages(pool.spec.applicationPackageReferences, packages),
    ...fileSystemsOf(pool.spec, sign),
    ...endpointsOf(pool.spec),
    ...(pool.certificates.length === 0 ? {} : { certificates: pool.certificates.map((certificate) => certificateWork(certificate, pool.spec)) }),
  };
}

function certificateWork({ thumbprint, format, data, password }: OpenCertificate, { certificateReferences }: PoolAdd): CertificateWork {
  const reference = certificateReferences?.find((one) => one.thumbprint.toLowerCase() === thumbprint.toLowerCase());
  return { thumbprint: thumbprint.toLowerCase(), format, data, password, visibility: reference?.visibility ?? [] };
}

function withPackages(references: readonly PackageReference[] = [], source: PackageSource): { readonly packages?: readonly PackageWork[] } {
  return references.length === 0 ? {} : { packages: packagesWork(references, source) };
}

/** `connected`: whether nodes of the pool talk to each other; else keys are ignored (OpenAPI). */
function userAccount({ name, password, elevationLevel, linuxUserConfiguration }: UserAccount, connected: boolean): NodeSetup['userAccounts'][number] {
  const { uid = null, gid = null, sshPrivateKey } = linuxUserConfiguration ?? {};
  const key = connected && sshPrivateKey !== undefined ? { sshPrivateKey } : {};
  // It was hashed before it was stored.
  return { name, elevation: elevationLevel ?? 'nonadmin', uid, gid, passwordHash: password, ...key };
}

function startTask(task: StartTask, sign: Signer): NonNullable<NodeSetup['startTask']> {
  return {
    commandLine: task.commandLine,
    environment: mergedEnvironment([], task.environmentSettings ?? []),
    resourceFiles: (task.resourceFiles ?? []).map((file) => resourceFileWork(file, sign)),
    outputFiles: [],
    user: runAs(task.userIdentity),
    ...containerOf(task),
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

export function resourceFileWork(file: ResourceFile, sign: Signer): ResourceFileWork {
  const { httpUrl, storageContainerUrl, identityReference } = file;
  const [fileMode, filePath] = [file.fileMode ?? null, file.filePath ?? ''];
  if (httpUrl !== undefined) return { kind: 'url', ...reached(httpUrl, 'blob', identityReference, sign), filePath, fileMode };
  const place = storageContainerUrl === undefined ? { url: sign.container(file.autoStorageContainerName ?? '') } : reached(storageContainerUrl, 'container', identityReference, sign);
  return { kind: 'container', ...place, blobPrefix: file.blobPrefix ?? '', filePath, fileMode };
}

/**
 * A URL as the node uses it. The service signs for the identity where the storage is its own; elsewhere only the
 * identity itself could, which none of its nodes has.
 */
function reached(url: string, access: StorageAccess, identity: IdentityReference | undefined, sign: Signer): { readonly url: string; readonly lacks?: string } {
  if (identity === undefined) return { url };
  const signed = sign.url(url, access);
  return signed === null ? { url, lacks: `The nodes of the pool have no managed identity ${identity.resourceId}, and the service signs for its own storage account only: use a URL with a SAS token` } : { url: signed };
}

const CONDITIONS = { TaskSuccess: 'tasksuccess', TaskFailure: 'taskfailure', TaskCompletion: 'taskcompletion' } as const;

function outputFile(file: OutputFile, sign: Signer): OutputFileWork {
  const container = file.destination.container;
  if (container === undefined) throw new Error('an output file without a container passed validation');
  const { url: containerUrl, ...rest } = reached(container.containerUrl, 'output', container.identityReference, sign);
  return {
    filePattern: file.filePattern,
    containerUrl,
    ...rest,
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
