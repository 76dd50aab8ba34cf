import type { AgentCommand } from '../agent/frames.ts';
import type { Command } from '../core/decisions.ts';
import { attemptName, type AttemptKey, type JobNumber, type JobTaskKey, type NodeNumber, type PoolNumber, type TaskNumber } from '../core/keys.ts';
import type { FailureInfo } from '../core/status.ts';
import type { AttemptSpec } from '../store/ownerStore.ts';
import { opened } from '../store/sealedSpecs.ts';
import type { Secrets } from '../store/sealing.ts';
import type { Pool, PoolAdd, TaskAdd } from '../wire/types.generated.ts';
import { cannotPrepare, cannotSign } from './failures.ts';
import { applicationsIn, type PackageSource } from './packages.ts';
import { preparationWork, releaseWork } from './jobWork.ts';
import type { Specs } from './specs.ts';
import { type Grants, type IdentityAccess, type JobSpec, taskWork, type Signer } from './work.ts';

/** A task's name among the specifications that a commit gives back. */
export function taskName({ job, task }: { readonly job: JobNumber; readonly task: TaskNumber }): string {
  return attemptName({ job, task, attempt: 0, instance: 0 });
}

export interface DispatchOptions {
  readonly specs: Specs;
  /** Those of them that are not gone. */
  readonly knownJobs: (jobs: readonly JobNumber[]) => Promise<readonly JobNumber[]>;
  readonly sign: Signer;
  readonly secrets: Secrets;
  /** What is known of these applications. */
  readonly packages: (applications: readonly string[]) => Promise<Omit<PackageSource, 'sign'>>;
  /** What an attempt shows whose task asks for access to its job. */
  readonly token: (key: AttemptKey) => string;
  /** What an attempt on a pool with a managed identity is given. */
  readonly identity: (key: AttemptKey) => IdentityAccess;
  /** undefined: the node is gone. */
  readonly poolOf: (node: NodeNumber) => PoolNumber | undefined;
  /** One frame a node and tick; a node that is not connected is told again after its hello. */
  readonly send: (node: NodeNumber, commands: readonly AgentCommand[]) => void;
  /** `spec`: of the node's pool. */
  readonly acquire: (command: Extract<Command, { kind: 'acquire' }>, spec: PoolAdd) => void;
  readonly release: (command: Extract<Command, { kind: 'release' }>) => void;
  readonly halt: (command: Extract<Command, { kind: 'halt' }>) => void;
  /**
   * What the task asks for can't be put together, for all that is known never: its auto-storage container on an account
   * without storage, or what is stored of it can't be read.
   */
  readonly refuse: (node: NodeNumber, key: AttemptKey, failure: FailureInfo, error: unknown) => void;
  /**
   * Likewise of a job's preparation or release task. `offer`: the task that was to wait for it on the node, and is not
   * sent there.
   */
  readonly refuseJobTask: (node: NodeNumber, key: JobTaskKey, failure: FailureInfo, error: unknown, offer: AttemptKey | null) => void;
}

/**
 * Carries out what a committed tick decided. Throws only what the store throws, before anything is sent: then the same
 * commands are to be dispatched again. An offer that can't be made is refused by itself, and all else is carried out.
 * `offered`: the specifications of the tasks it offers, by `taskName`.
 */
export async function dispatch(commands: readonly Command[], offered: ReadonlyMap<string, AttemptSpec>, options: DispatchOptions): Promise<void> {
  if (commands.length === 0) return;
  const jobs = await options.specs.jobs(commands.flatMap((command) => (command.kind === 'offer' || command.kind === 'releaseJob' ? [command.key.job] : [])));
  const pools = await poolSpecs(commands, options.specs);
  const asked = new Set(commands.flatMap((command) => (command.kind === 'discardGoneJobs' ? command.jobs : [])));
  const known = new Set(asked.size === 0 ? [] : await options.knownJobs([...asked]));
  const named = [...offered.values()].flatMap(({ spec }) => applicationsIn((spec as Partial<TaskAdd> | null)?.applicationPackageReferences ?? []));
  const sign = signing(options.sign);
  const packages = { ...(await options.packages(named)), sign };
  const byNode = new Map<NodeNumber, AgentCommand[]>();
  const tell = (node: NodeNumber, command: AgentCommand): void => {
    const list = byNode.get(node);
    if (list === undefined) byNode.set(node, [command]);
    else list.push(command);
  };
  const withIdentity = await poolsWithIdentity(commands, options);
  const grantsOf = ({ node, key, slots, hosts }: Extract<Command, { kind: 'offer' }>): Grants => ({
    slots, sign, packages, token: () => options.token(key), ...(withIdentity.has(options.poolOf(node)) ? { identity: options.identity(key) } : null), ...(hosts === undefined ? null : { among: { instance: key.instance, hosts } }),
  });
  for (const command of commands) {
    switch (command.kind) {
      case 'offer': {
        const spec = offered.get(taskName(command.key));
        const job = jobs.get(command.key.job);
        // Task or job are gone since: their delete is in the inbox.
        if (spec === undefined || job === undefined) break;
        const { node, key, preparation: attempt } = command;
        const jobTask: JobTaskKey | null = attempt === undefined ? null : { job: key.job, kind: 'preparation', attempt };
        const preparation = jobTask === null ? null : made(() => preparationWork(jobTask, openedJob(job, options.secrets), sign), (failure, error) => options.refuseJobTask(node, jobTask, failure, error, key));
        if (jobTask !== null && preparation === null) break;
        const work = made(() => taskWork({ ...opened('task.spec', stored(spec), options.secrets), id: spec.id }, job, grantsOf(command)), (failure, error) => options.refuse(node, key, failure, error));
        if (work !== null) tell(node, { kind: 'offer', key, work, ...(preparation === null ? {} : { preparation }) });
        break;
      }
      case 'releaseJob': {
        const job = jobs.get(command.key.job);
        if (job === undefined) break;
        const { node, key } = command;
        const work = made(() => releaseWork(openedJob(job, options.secrets), sign), (failure, error) => options.refuseJobTask(node, key, failure, error, null));
        if (work !== null) tell(node, { kind: 'releaseJob', key, work });
        break;
      }
      case 'acquire': {
        const spec = pools.get(command.pool);
        // As with tasks: the pool is gone since.
        if (spec !== undefined) options.acquire(command, spec);
        break;
      }
      case 'release':
        options.release(command);
        break;
      case 'halt':
        options.halt(command);
        break;
      case 'discardGoneJobs':
        for (const job of command.jobs) if (!known.has(job)) tell(command.node, { kind: 'discardJob', job });
        break;
      case 'preempt':
      case 'endJobTask':
      case 'proceed':
      case 'revoke':
      case 'end':
      case 'discard':
      case 'discardJob': {
        const { node, ...rest } = command;
        tell(node, rest);
        break;
      }
    }
  }
  for (const [node, list] of byNode) options.send(node, list);
}

/** null: it cannot be put together, and is refused. */
function made<Made>(make: () => Made, refuse: (failure: FailureInfo, error: unknown) => void): Made | null {
  try {
    return make();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    refuse(error instanceof CannotSign ? cannotSign(reason) : cannotPrepare(reason), error);
    return null;
  }
}

async function poolSpecs(commands: readonly Command[], specs: Specs): Promise<ReadonlyMap<PoolNumber, PoolAdd>> {
  const found = new Map<PoolNumber, PoolAdd>();
  for (const pool of new Set(commands.flatMap((command) => (command.kind === 'acquire' ? [command.pool] : [])))) {
    const known = await specs.pool(pool);
    if (known !== undefined) found.set(pool, known.spec);
  }
  return found;
}

/** Those of the nodes that tasks are offered to whose pools have managed identities. */
async function poolsWithIdentity(commands: readonly Command[], { specs, poolOf }: DispatchOptions): Promise<ReadonlySet<PoolNumber | undefined>> {
  const offered = new Set(commands.flatMap((command) => (command.kind === 'offer' ? (poolOf(command.node) ?? []) : [])));
  const found = new Set<PoolNumber>();
  for (const pool of offered) {
    const known = await specs.pool(pool);
    // Only the management plane sets it.
    const spec: (PoolAdd & Pick<Pool, 'identity'>) | undefined = known?.spec;
    if ((spec?.identity?.userAssignedIdentities ?? []).length > 0) found.add(pool);
  }
  return found;
}

function openedJob({ id, spec }: JobSpec, secrets: Secrets): JobSpec {
  return { id, spec: opened('job.spec', spec, secrets) };
}

/** Handlers validated it; this is for a row that something else has changed. */
function stored({ spec }: AttemptSpec): TaskAdd {
  if (typeof spec !== 'object' || spec === null || !('commandLine' in spec) || typeof spec.commandLine !== 'string') throw new Error('its specification has no command line');
  return spec as TaskAdd;
}

/** The account has no storage, or none that can be signed for. */
class CannotSign extends Error {}

function signing(sign: Signer): Signer {
  const container = (name: string, blob?: string): string => {
    try {
      return sign.container(name, blob);
    } catch (error) {
      throw new CannotSign(error instanceof Error ? error.message : String(error));
    }
  };
  return { ...sign, container };
}
