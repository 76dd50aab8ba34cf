import { join } from 'node:path';
import type { NameValue } from '../core/status.ts';
import type { NodeSetup } from './frames.ts';
import { environmentOf, markOf, type Run } from './run.ts';
import type { User } from './users.ts';

/**
 * Below this many free bytes the real service marks a node DiskFull; the number is the one that its documentation
 * shows.
 */
export const RESERVED_DISK_BYTES = 1_000_000;

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Carried by every process that a node started; its value is the path of the node's root on its machine, where no other
 * node has it.
 */
export const NODE_MARK = 'LINARITE_NODE';
/**
 * An extension of ours: on Azure the address is known to all, 169.254.169.254, which only a node with a network of its
 * own has here.
 */
const SCHEDULED_EVENTS = 'LINARITE_SCHEDULED_EVENTS_URL';
/** Carried by every process of a run; its value is the run's mark (`markOf`). */
export const ATTEMPT_MARK = 'LINARITE_ATTEMPT';

export interface NodeVariables {
  /** As tasks see it. */
  readonly root: string;
  /** As the machine knows it. */
  readonly mark: string;
  readonly path: string;
  /** Where programs read the scheduled events of the node; null: it has none. */
  readonly scheduledEvents: string | null;
}

/** Variables of all tasks of a node (Batch documentation, "Compute node environment variables"). */
export function nodeEnvironment({ root, mark, path, scheduledEvents }: NodeVariables, node: NodeSetup): ReadonlyMap<string, string> {
  return new Map([
    ['PATH', path],
    ['AZ_BATCH_ACCOUNT_NAME', node.accountName],
    ['AZ_BATCH_ACCOUNT_URL', node.accountUrl],
    ['AZ_BATCH_POOL_ID', node.poolId],
    ['AZ_BATCH_NODE_ID', node.nodeId],
    ['AZ_BATCH_NODE_IS_DEDICATED', String(node.dedicated)],
    ['AZ_BATCH_NODE_ROOT_DIR', root],
    ['AZ_BATCH_NODE_SHARED_DIR', join(root, 'shared')],
    ['AZ_BATCH_NODE_STARTUP_DIR', join(root, 'startup')],
    ['AZ_BATCH_NODE_MOUNTS_DIR', join(root, 'fsmounts')],
    ['AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES', String(RESERVED_DISK_BYTES)],
    [NODE_MARK, mark],
    ...(scheduledEvents === null ? [] : [[SCHEDULED_EVENTS, scheduledEvents] as const]),
  ]);
}

/**
 * A run's variables beyond those of its node. Later entries win: what the user asked for over PATH, HOME and USER, the
 * service's own over the user's.
 */
export function taskEnvironment(
  run: Run,
  taskDirectory: string,
  asked: readonly NameValue[],
  user: User,
  /** null: the node's. */
  path: string | null,
  /** Of application packages, where they are. */
  packages: ReadonlyMap<string, string>,
): Map<string, string> {
  const environment = new Map([
    ['HOME', `${taskDirectory}/wd`],
    ['USER', user.name],
    ['LOGNAME', user.name],
  ]);
  if (path !== null) environment.set('PATH', path);
  for (const { name, value } of asked) if (!isReserved(name)) environment.set(name, value);
  for (const [name, value] of [...packages, ...environmentOf(run)]) environment.set(name, value);
  environment.set('AZ_BATCH_TASK_DIR', taskDirectory);
  if (run.kind === 'task' && run.gang !== null) environment.set('AZ_BATCH_TASK_SHARED_DIR', taskDirectory);
  environment.set('AZ_BATCH_TASK_WORKING_DIR', `${taskDirectory}/wd`);
  environment.set('AZ_BATCH_CERTIFICATES_DIR', `${taskDirectory}/certs`);
  environment.set(ATTEMPT_MARK, markOf(run));
  return environment;
}

const nodeNames = new Set([
  'AZ_BATCH_ACCOUNT_NAME',
  'AZ_BATCH_ACCOUNT_URL',
  'AZ_BATCH_POOL_ID',
  'AZ_BATCH_NODE_ID',
  'AZ_BATCH_NODE_IS_DEDICATED',
  'AZ_BATCH_NODE_ROOT_DIR',
  'AZ_BATCH_NODE_SHARED_DIR',
  'AZ_BATCH_NODE_STARTUP_DIR',
  'AZ_BATCH_NODE_MOUNTS_DIR',
  'AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES',
  NODE_MARK,
  SCHEDULED_EVENTS,
]);

function isReserved(name: string): boolean {
  return nodeNames.has(name);
}
