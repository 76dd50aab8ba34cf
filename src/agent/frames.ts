import type { AgentReport } from '../core/events.ts';
import type { Measure } from '../core/pool/measure.ts';
import type { AttemptKey, Instant, JobNumber, JobTaskKey, TaskNumber } from '../core/keys.ts';
import type { EndReason, Host } from '../core/decisions.ts';
import type { NameValue } from '../core/status.ts';

/**
 * The frames between an agent and its owner: JSON texts over one WebSocket that the agent opens (`GET /linarite/agent`,
 * node credential as bearer). Each owner frame carries the owner's epoch; an agent refuses frames of an epoch lower
 * than the highest it has seen. Reports are numbered per life and repeated after a reconnect until acknowledged: the
 * owner acknowledges after the commit.
 */
export const AGENT_PROTOCOL = 1;

/**
 * Whether this service and an agent of that protocol understand each other: one of them is always upgraded before the
 * other, so they may be one apart. What is new in a frame is optional, and frames of a new kind go only to who has said
 * that it knows them. A protocol is raised where that is not enough, and then serves the one before as well.
 */
export function speaksWith(protocol: number): boolean {
  return Math.abs(protocol - AGENT_PROTOCOL) <= 1;
}

/**
 * A frame of an agent is cut before this: the service closes a connection on one of more than 4 MiB, and the agent
 * would send it again for ever.
 */
export const MOST_FRAME_BYTES = 2 << 20;

/**
 * A hello names no more jobs than these. Of others on the node, what is deleted stays until its retention time is over.
 */
export const MOST_JOBS = 100_000;

const PING_MS = 10_000;
/** A ping and its answer are some 250 bytes with what TLS and TCP add: so they are less than 10 a second. */
const LONGEST_PING_MS = 30_000;

/**
 * How far apart the pings of an agent are, which keep its lease: six to a lease. The other side takes a connection for
 * dead over which it has heard nothing for three times as long.
 */
export function pingEveryMs(leaseMs: number | null): number {
  return leaseMs === null ? PING_MS : Math.min(LONGEST_PING_MS, leaseMs / 6);
}

/** Directory of a task below the node's root: `workitems/<job>/job-1/<task>` (recorded, nodeInfo.taskRootDirectory). */
export function taskDirectory(jobId: string, taskId: string): string {
  const scheduled = /^(.*):(job-\d+)$/.exec(jobId);
  return scheduled ? `workitems/${scheduled[1]}/${scheduled[2]}/${taskId}` : `workitems/${jobId}/job-1/${taskId}`;
}

export type AgentFrame =
  /**
   * First frame. `sequence`: of the last report made so far. `answers`: the asks that it knows; left out, as by agents
   * of an earlier version: none.
   */
  | {
      readonly kind: 'hello';
      readonly protocol: number;
      readonly nodeId: string;
      readonly sequence: number;
      /** It knows `archive`. Left out by agents of before. */
      readonly archives?: true;
      readonly report: Extract<AgentReport, { kind: 'hello' }>;
      readonly answers?: readonly NodeAsk['kind'][];
    }
  | { readonly kind: 'reports'; readonly first: number; readonly reports: readonly Exclude<AgentReport, { kind: 'hello' }>[] }
  /** What the node has used since the frame before; none is repeated. Only to owners that want it (`welcome`). */
  | { readonly kind: 'measured'; readonly measure: Measure }
  /** Answer to a `file` frame that needs no body, or that failed before one was opened. */
  | { readonly kind: 'fileAnswer'; readonly request: string; readonly answer: FileAnswer }
  | { readonly kind: 'answer'; readonly request: string; readonly answer: NodeAnswer }
  /** Answer to `archive`. */
  | { readonly kind: 'archived'; readonly request: string; readonly archived: Archived };

export type OwnerFrame =
  | {
      readonly kind: 'welcome';
      readonly epoch: number;
      readonly leaseMs: number | null;
      readonly node: NodeSetup;
      readonly acknowledged: number;
      /** So often the owner wants to hear what the node uses (`measured`). Left out, as by owners of before: never. */
      readonly measureEveryMs?: number;
      /** How far the owner's time of day is ahead of the real one; left out: it is the real one. */
      readonly clockOffsetMs?: number;
      /**
       * The owner's real time of day when it said this, to an agent that may be on another machine, whose clock is
       * another. Left out: they have one clock.
       */
      readonly now?: Instant;
    }
  | { readonly kind: 'acknowledge'; readonly epoch: number; readonly sequence: number }
  | { readonly kind: 'commands'; readonly epoch: number; readonly commands: readonly AgentCommand[] }
  | { readonly kind: 'file'; readonly epoch: number; readonly request: string; readonly ask: FileAsk }
  /** Put files of ended tasks that are not archived into one object of the account's storage. */
  | { readonly kind: 'archive'; readonly epoch: number; readonly request: string; readonly ask: ArchiveAsk }
  /** What was answered to that request is on record: none of it need be archived again. */
  | { readonly kind: 'archiveRecorded'; readonly epoch: number; readonly request: string }
  /** Only to an agent whose hello names the kind of ask. */
  | { readonly kind: 'ask'; readonly epoch: number; readonly request: string; readonly ask: NodeAsk }
  /** End everything, then yourself. */
  | { readonly kind: 'leave'; readonly epoch: number };

/** A frame before its owner's epoch is added. */
export type WithoutEpoch<Frame extends OwnerFrame> = Frame extends OwnerFrame ? Omit<Frame, 'epoch'> : never;

export type AgentCommand =
  /** `preparation`: what its job needs first on this node; left out: nothing. */
  | { readonly kind: 'offer'; readonly key: AttemptKey; readonly work: Work; readonly preparation?: PreparationWork }
  /** The primary of a multi-instance task runs its command line: all coordination commands have succeeded. */
  | { readonly kind: 'proceed'; readonly key: AttemptKey }
  | { readonly kind: 'releaseJob'; readonly key: JobTaskKey; readonly work: Work }
  /** SIGKILL now. */
  | { readonly kind: 'endJobTask'; readonly key: JobTaskKey }
  | { readonly kind: 'revoke'; readonly key: AttemptKey }
  /**
   * SIGTERM now, SIGKILL at the deadline; 0, and nothing, as owners of an earlier version say: SIGKILL now. Agents of
   * an earlier version know no deadline and kill now.
   */
  | { readonly kind: 'end'; readonly key: AttemptKey; readonly reason: EndReason; readonly deadlineMs?: number }
  /** The node is taken back at that instant. Agents of an earlier version do not know it. */
  | { readonly kind: 'preempt'; readonly notBefore: Instant }
  /** Remove the task's directory: the task is gone. */
  | { readonly kind: 'discard'; readonly job: JobNumber; readonly task: TaskNumber }
  /** Remove the directories of all tasks of this job, if there are any. */
  | { readonly kind: 'discardJob'; readonly job: JobNumber };

/** What a node is told of itself. */
export interface NodeSetup {
  readonly nodeId: string;
  readonly poolId: string;
  readonly accountName: string;
  readonly accountUrl: string;
  readonly dedicated: boolean;
  readonly slots: number;
  readonly startTask: (Omit<Work, 'slots' | 'directory' | 'preparationDirectory' | 'job' | 'task'> & { readonly waitForSuccess: boolean; readonly maxTaskRetryCount: number }) | null;
  readonly userAccounts: readonly UserAccount[];
  /** What its pool asks for of containers; null, and nothing, as owners of an earlier version say: none. */
  readonly containers?: { readonly images: readonly string[]; readonly registries: readonly RegistryWork[] } | null;
  /** Application packages of the pool, for all that runs here; left out: none. */
  readonly packages?: readonly PackageWork[];
  /** Left out: none. */
  readonly certificates?: readonly CertificateWork[];
  /** File systems that the pool mounts; left out: none. */
  readonly fileSystems?: readonly FileSystemWork[];
  /** Ways in from outside; left out: none. */
  readonly endpoints?: readonly EndpointWork[];
}

/** A port of the node that is to be reached at one of these ports of its machine. */
export interface EndpointWork {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly backendPort: number;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly rules: readonly EndpointRule[];
}

/** Whose connections are taken or not. */
export interface EndpointRule {
  /** The lowest goes first. */
  readonly priority: number;
  readonly isAllowed: boolean;
  /** An address, a network (`192.168.1.0/24`), `*`, or the tag of a network of Azure. */
  readonly prefix: string;
  /** `*`, `22`, `100-200`, of the other side; none: all. */
  readonly ports: readonly string[];
}

/** `path`: below `fsmounts`. Of passwords and credentials nothing may stand in arguments, logs or answers. */
export type FileSystemWork = { readonly path: string; readonly options: string } & (
  | { readonly kind: 'nfs'; readonly source: string }
  /** `fshare`: a share of Azure Files. */
  | { readonly kind: 'cifs' | 'fshare'; readonly source: string; readonly username: string; readonly password: string }
  | ({ readonly kind: 'blobfuse' } & ContainerSource & Lacking)
);

/** A container of blobs and what opens it. */
export interface ContainerSource {
  readonly account: string;
  readonly container: string;
  /** Of the account's blobs, without a closing slash. */
  readonly endpoint: string;
  readonly credential: { readonly kind: 'key' | 'sas'; readonly value: string };
}

/** A certificate that runs of the node find in their directories. */
export interface CertificateWork {
  /** In lower case. */
  readonly thumbprint: string;
  readonly format: 'pfx' | 'cer';
  /** base64 */
  readonly data: string;
  /** Of a pfx; null: it has none. */
  readonly password: string | null;
  readonly visibility: readonly ('starttask' | 'task' | 'remoteuser')[];
}

export interface UserAccount {
  readonly name: string;
  readonly elevation: 'nonadmin' | 'admin';
  readonly uid: number | null;
  readonly gid: number | null;
  /** As /etc/shadow has it; left out: nobody logs in with a password. */
  readonly passwordHash?: string;
  /** For ssh between the nodes of the pool; left out: none is set up. */
  readonly sshPrivateKey?: string;
}

/** A registry that asks who pulls. Of this nothing may stand in arguments, logs or variables. */
export interface RegistryWork {
  /** As the user wrote it; null: docker's own. */
  readonly server: string | null;
  readonly username: string;
  readonly password: string;
  /** Why nobody can log in there: the identity that it asks for is not to be had here. */
  readonly lacks?: string;
}

/** The container that a run is to be in. */
export interface ContainerWork {
  readonly image: string;
  /** Words of `docker create`, as one line. */
  readonly runOptions: string;
  /** Beside those of the pool. */
  readonly registry: RegistryWork | null;
  readonly workingDirectory: 'taskWorkingDirectory' | 'containerImageDefault';
  /** What of the node's root is seen in it; null: all. */
  readonly mounts: readonly { readonly source: ContainerMountSource; readonly isReadOnly: boolean }[] | null;
}

export type ContainerMountSource = 'Shared' | 'Startup' | 'VfsMounts' | 'Task' | 'JobPrep' | 'Applications';

export type RunAs =
  | { readonly kind: 'auto'; readonly scope: 'pool' | 'task'; readonly elevation: 'nonadmin' | 'admin' }
  | { readonly kind: 'named'; readonly name: string };

/** A job preparation task. Its slots are those of the task that it runs for. */
export interface PreparationWork {
  readonly key: JobTaskKey;
  readonly work: Work;
  readonly waitForSuccess: boolean;
  /** -1: without bound. */
  readonly maxTaskRetryCount: number;
}

/** Everything an agent needs to run one attempt; ids resolved, auto-storage containers turned into signed URLs. */
export interface Work {
  readonly job: string;
  readonly task: string;
  /** Below the node's root. */
  readonly directory: string;
  /** That of the job's preparation task; left out: it has none, or this is it. */
  readonly preparationDirectory?: string;
  readonly slots: number;
  readonly commandLine: string;
  /** The job's common settings overridden by the task's; the agent adds the `AZ_BATCH_*` ones. */
  readonly environment: readonly NameValue[];
  /** Application packages beyond those of the node; left out: none. */
  readonly packages?: readonly PackageWork[];
  readonly resourceFiles: readonly ResourceFileWork[];
  readonly outputFiles: readonly OutputFileWork[];
  readonly user: RunAs;
  /** Left out: it runs on the node itself. */
  readonly container?: ContainerWork;
  /** null: no bound. From the moment the attempt starts. */
  readonly wallClockMs: number | null;
  /** From the end of the task; null: for ever. */
  readonly retentionMs: number | null;
  /** Of an instance of a multi-instance task. Left out: it is none. */
  readonly gang?: GangWork;
  /** Its pool has a managed identity. Left out: it has none. */
  readonly identity?: IdentityWork;
}

/** How an attempt gets tokens of its pool's managed identity, and what it may use them for. */
export interface IdentityWork {
  /** A secret of this attempt alone, which ends with it. */
  readonly header: string;
  /** Names of hosts under which the service has blobs, for this node's own list of names. */
  readonly blobHosts: readonly string[];
  /** By whose certificates these prove themselves (PEM); null: by those that everybody knows. */
  readonly authority: string | null;
}

/**
 * An instance of a multi-instance task. Only the primary (instance 0) runs `commandLine`, once it is told to, and has
 * resource and output files of its own.
 */
export interface GangWork {
  readonly instance: number;
  /** Of all instances, in their order. */
  readonly hosts: readonly Host[];
  readonly coordinationCommandLine: string;
  /** Below the task's directory, not its working directory. */
  readonly commonResourceFiles: readonly ResourceFileWork[];
}

/** An application package that was asked for. */
export type PackageWork =
  | {
      readonly kind: 'package';
      readonly application: string;
      readonly version: string;
      /** The environment variable that says where it is. */
      readonly variable: string;
      /** Its name below `applications`: no other activation of no other package has the same. */
      readonly directory: string;
      /** Of its zip file. */
      readonly url: string;
    }
  /** `version`: as asked for; null: the default one. */
  | { readonly kind: 'missing'; readonly application: string; readonly version: string | null; readonly reason: string };

export type ResourceFileWork = Lacking &
  (
    | { readonly kind: 'url'; readonly url: string; readonly filePath: string; readonly fileMode: string | null }
    | { readonly kind: 'container'; readonly url: string; readonly blobPrefix: string; readonly filePath: string; readonly fileMode: string | null }
  );

interface Lacking {
  /** What is missing to get at the storage, a sentence; left out: nothing is known to be. */
  readonly lacks?: string;
}

export interface OutputFileWork extends Lacking {
  readonly filePattern: string;
  readonly containerUrl: string;
  readonly path: string | null;
  readonly headers: readonly NameValue[];
  readonly condition: 'tasksuccess' | 'taskfailure' | 'taskcompletion';
}

/** Paths are below the node's root, `/`-separated, without `..`; the agent checks again. */
export type FileAsk =
  | { readonly kind: 'list'; readonly path: string; readonly recursive: boolean; readonly prefix: string; readonly after: string; readonly limit: number }
  | { readonly kind: 'properties'; readonly path: string }
  /**
   * Bytes from `start` through `end`, both included (null: to the file's end). The agent sends `POST
   * /linarite/agent/files/<request>` with the bytes as body and the properties as headers (JSON in `linarite-file`).
   */
  | { readonly kind: 'read'; readonly path: string; readonly start: number; readonly end: number | null }
  | { readonly kind: 'delete'; readonly path: string; readonly recursive: boolean }
  /**
   * Upload the agent's own log of this time (`to` null: until now) into a directory of the container, whose URL is
   * signed.
   */
  | { readonly kind: 'uploadLogs'; readonly containerUrl: string; readonly directory: string; readonly from: Instant; readonly to: Instant | null };

export interface FileProperties {
  /** Relative to what was listed. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Instant;
  readonly createdAt: Instant | null;
  /** `0o100644` */
  readonly mode: string;
}

export type FileAnswer =
  | { readonly kind: 'list'; readonly files: readonly FileProperties[]; readonly more: boolean }
  | { readonly kind: 'properties'; readonly file: FileProperties }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'uploaded'; readonly files: number }
  | { readonly kind: 'error'; readonly code: 'FileNotFound' | 'PathNotFound' | 'InvalidRange' | 'PathOutsideNode' | 'DirectoryNotEmpty' | 'Mounted' | 'IsDirectory' | 'NotUploaded' | 'NodeNotReady' | 'Failed'; readonly message: string };

export interface ArchiveAsk {
  /** Of the object's blob, signed for this one upload. */
  readonly url: string;
  /** Files beyond stdout and stderr, as patterns below a task's directory. */
  readonly patterns: readonly string[];
  /** Of a file that is larger so much of its end. */
  readonly maxFileBytes: number;
  /** The answer comes within this time, whatever there is to do. */
  readonly withinMs: number;
  /** Whether tasks that run on the node go first: then nothing more is put into the object. */
  readonly yields: boolean;
}

export interface Archived {
  readonly tasks: readonly ArchivedTask[];
  /** Of the object; it is there if there are tasks. */
  readonly sizeBytes: number;
  /** There are tasks that were not put into it. */
  readonly more: boolean;
  /** Why nothing was archived; left out: nothing failed. */
  readonly problem?: string;
}

/** What lies in an object of an attempt that has ended. */
export interface ArchivedTask {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
  /** The end of the task's retention time; null: there is none. */
  readonly dueAt: Instant | null;
  readonly files: readonly ArchivedFile[];
}

export interface ArchivedFile {
  /** Below the task's directory. */
  readonly name: string;
  /** In the object. */
  readonly start: number;
  /** So many bytes lie there: the file's last ones. */
  readonly sizeBytes: number;
  /** So many of its first ones do not. */
  readonly leftOutBytes: number;
  readonly modifiedAt: Instant;
  /** `0o100644` */
  readonly mode: string;
}

/** What is asked of a node beside its files, by the kinds that this version of the agent knows. */
export const NODE_ASKS = ['addUser', 'replaceUser', 'deleteUser', 'remoteLogin', 'usage', 'clock'] as const satisfies readonly NodeAsk['kind'][];

export type NodeAsk =
  | ClientAsk
  /** The owner's time is so far ahead of the real one now. The answer comes when what was due by it is over. */
  | { readonly kind: 'clock'; readonly offsetMs: number };

/** What clients ask. */
export type ClientAsk =
  | LoginAsk
  /** What runs there, and what it used in the last hour. */
  | { readonly kind: 'usage' };

/** What clients ask of users of the node. */
export type LoginAsk =
  | { readonly kind: 'addUser'; readonly name: string; readonly isAdmin: boolean; readonly access: UserAccess }
  | { readonly kind: 'replaceUser'; readonly name: string; readonly access: UserAccess }
  | { readonly kind: 'deleteUser'; readonly name: string }
  /** Where the node can be logged in to. */
  | { readonly kind: 'remoteLogin' };

/** How and until when somebody may log in. */
export interface UserAccess {
  readonly expiresAt: Instant;
  /** As /etc/shadow has it; null: by no password. */
  readonly passwordHash: string | null;
  /** A line as of `authorized_keys`; null: by no key. */
  readonly publicKey: string | null;
}

export type NodeAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'remoteLogin'; readonly address: string; readonly port: number; readonly hostKey: string }
  /** `measures`: the oldest first. `running`: attempts that have their slots. */
  | { readonly kind: 'usage'; readonly measures: readonly MeasuredAt[]; readonly running: readonly { readonly job: JobNumber; readonly task: TaskNumber }[] }
  /**
   * `nextAt`: when a wall clock ends something next; null: none does. `sequence`: of the last report that is not
   * acknowledged; 0: all are.
   */
  | { readonly kind: 'clock'; readonly nextAt: Instant | null; readonly sequence: number }
  | { readonly kind: 'error'; readonly code: NodeAskError; readonly message: string };

/** What was used in a stretch of time that ended then. */
export interface MeasuredAt {
  readonly at: Instant;
  readonly measure: Measure;
}

/**
 * `NodeNotReady`: it cannot be reached, or is not that far; `UnknownAsk`: its agent is of an earlier version;
 * `NotPossible`: its machine lacks what it takes, which the message names.
 */
export type NodeAskError = 'NodeNotReady' | 'UnknownAsk' | 'NotPossible' | 'UserExists' | 'UserNotFound' | 'Failed';
