import type { BatchAccount, Counts, NodeSeen, PoolSeen } from '../account/batchAccount.ts';
import { RunError } from '../failure.ts';
import { isOutage, refusalOf, refusalText, saysMoreThanExit } from '../account/refusal.ts';

/** How long between two looks: soon at first, for tasks of a second; later every two seconds. */
const FIRST_LOOK_MS = 150;
const LONGEST_LOOK_MS = 2_000;
/** How often job and pool are looked at while nothing runs. */
const POOL_LOOK_MS = 3_000;
/** How long a service may be silent: its tasks go on meanwhile, and the user can end the watch at any time. */
const LONGEST_SILENCE_MS = 3_600_000;
const TAIL_BYTES = 4_096;

export interface Watched {
  readonly batch: BatchAccount;
  readonly jobId: string;
  readonly poolId: string;
  readonly total: number;
  /**
   * Whether nothing of what is waited for can still run. Asked where counts do not say it: they may lag behind tasks
   * that were run again, and never say that a task waits for one that has failed.
   */
  readonly nothingLeft?: () => Promise<boolean>;
  /** Whether the job has tasks that are not waited for. */
  readonly others?: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Resolves after a time, or when the signal is aborted. */
  readonly pause: (ms: number) => Promise<void>;
  /** `waiting`: what for, while nothing runs. */
  readonly seen: (counts: Counts, waiting: string | undefined) => void;
  /** Something that the user should know. */
  readonly note: (text: string) => void;
}

/**
 * Waits until all tasks are completed, the job is over (somebody else ended it), or the signal is aborted. A service
 * that does not answer is asked again for an hour.
 * @throws RunError noNodes, when nothing runs and the pool says that it will never have a node that can; what the
 * service answered
 */
export async function watchTasks(watched: Watched): Promise<void> {
  const { signal, now, pause, note } = watched;
  const look = lookAt(watched);
  let untilNextMs = FIRST_LOOK_MS;
  let silentSince: number | undefined;
  while (!signal.aborted) {
    try {
      const done = await look();
      if (silentSince !== undefined) note('the service answers again');
      silentSince = undefined;
      if (done) return;
    } catch (error) {
      if (!isOutage(error)) throw error;
      if (silentSince === undefined) note(`${refusalOf(error)?.message ?? 'the service does not answer'}; the tasks go on meanwhile, asking again`);
      silentSince ??= now();
      if (now() - silentSince >= LONGEST_SILENCE_MS) throw error;
    }
    await pause(untilNextMs);
    untilNextMs = Math.min(LONGEST_LOOK_MS, untilNextMs * 1.25);
  }
}

/** One look; true when there is nothing more to wait for. */
function lookAt(watched: Watched): () => Promise<boolean> {
  const { batch, jobId, poolId, signal, now, seen } = watched;
  let poolSeenAt = now();
  let waiting: string | undefined;
  const isOver = whetherOver(watched);
  return async () => {
    const counts = await batch.counts(jobId);
    if (signal.aborted) return true;
    if (counts.running > 0) waiting = undefined;
    seen(counts, waiting);
    if (await isOver(counts)) return true;
    if (counts.running > 0 || now() - poolSeenAt < POOL_LOOK_MS) return false;
    // The waiting tasks of a job that was ended stay active for ever.
    const state = (await batch.job(jobId))?.state?.toLowerCase();
    if (state === 'completed' || state === 'terminating' || state === 'deleting') return true;
    const { pool, nodes } = await checkPool(batch, poolId);
    waiting = state === 'disabled' || state === 'disabling' ? `the job is ${state}` : waitingFor(pool, nodes);
    seen(counts, waiting);
    poolSeenAt = now();
    return false;
  };
}

/** Whether nothing is left to wait for, by counts and, where these do not say it, by the tasks themselves. */
function whetherOver({ total, now, others = false, nothingLeft }: Watched): (counts: Counts) => Promise<boolean> {
  let askedAt = -Infinity;
  let tookMs = 0;
  return async ({ completed, running, active, failed }) => {
    // Counts may lag behind on Azure, never run ahead: completed means completed.
    const completedAll = completed >= total;
    if (nothingLeft === undefined) return completedAll;
    const stuck = running === 0 && active > 0 && failed > 0;
    // It lists all tasks, which takes a while where they are many.
    const wait = Math.max(completedAll ? 0 : POOL_LOOK_MS, 10 * tookMs);
    if (!(completedAll || stuck || others) || now() - askedAt < wait) return false;
    const since = now();
    const answer = await nothingLeft();
    askedAt = now();
    tookMs = askedAt - since;
    return answer;
  };
}

/** What a pool says of itself and its nodes. @throws RunError noNodes, with the pool's or a node's own reason */
export async function checkPool(batch: BatchAccount, poolId: string): Promise<{ pool: PoolSeen; nodes: NodeSeen[] }> {
  const pool = await batch.pool(poolId);
  if (pool === undefined) throw new RunError('noNodes', `the pool ${poolId} is gone`);
  const nodes = await batch.nodes(poolId);
  const settled = { pool, nodes };
  if (pool.allocationState?.toLowerCase() !== 'steady') return settled;
  // A pool that scales itself may have been at zero and be about to grow.
  if (nodes.length === 0 && pool.enableAutoScale === true) return settled;
  if (nodes.length === 0) throw new RunError('noNodes', `the pool ${poolId} has no nodes${because(pool)}`);
  if (!nodes.every(isLost)) return settled;
  throw new RunError('noNodes', await lostReason(batch, poolId, nodes));
}

function because({ resizeErrors = [] }: PoolSeen): string {
  const told = resizeErrors.map(({ code, message, values }) => refusalText(code, message, values)).join('; ');
  return told === '' ? '' : `: ${told}`;
}

function isLost(node: NodeSeen): boolean {
  return ['unusable', 'starttaskfailed'].includes(node.state?.toLowerCase() ?? '');
}

async function lostReason(batch: BatchAccount, poolId: string, nodes: readonly NodeSeen[]): Promise<string> {
  const failed = nodes.find(({ state }) => state?.toLowerCase() === 'starttaskfailed');
  if (failed?.id === undefined) {
    const [error] = nodes.flatMap((node) => node.errors ?? []);
    return `no node of the pool ${poolId} is usable${error === undefined ? '' : `: ${refusalText(error.code, error.message, error.errorDetails)}`}`;
  }
  const { exitCode, failureInfo } = failed.startTaskInfo ?? {};
  const reason = failureInfo === undefined || !saysMoreThanExit(failureInfo) ? '' : `: ${refusalText(failureInfo.code, failureInfo.message, failureInfo.details)}`;
  const streams = await Promise.all((['stdout', 'stderr'] as const).map((stream) => endOfStartTask(batch, poolId, failed.id ?? '', stream)));
  return [`the start task failed on every node of the pool ${poolId}${exitCode === undefined ? '' : ` (exit code ${exitCode})`}${reason}`, ...streams.flat()].join('\n');
}

/** Package managers write to stdout what went wrong, shells to stderr. */
async function endOfStartTask(batch: BatchAccount, poolId: string, nodeId: string, stream: 'stdout' | 'stderr'): Promise<string[]> {
  const end = (await batch.nodeFileTail(poolId, nodeId, `startup/${stream}.txt`, TAIL_BYTES))?.toString().trimEnd() ?? '';
  return end === '' ? [] : [`${stream} of the start task on ${nodeId}:`, ...end.split('\n').map((line) => `  | ${line}`)];
}

/** States of nodes that run nothing, in words and in the order of the line. Keys are states in lower case. */
const STATES: Readonly<Record<string, string>> = {
  creating: 'being created',
  starting: 'starting',
  waitingforstarttask: 'running the start task',
  starttaskfailed: 'whose start task failed',
  unusable: 'unusable',
  unknown: 'not answering',
  rebooting: 'rebooting',
  reimaging: 'being reimaged',
  deallocating: 'being deallocated',
  deallocated: 'deallocated',
  offline: 'taking no tasks',
  preempted: 'preempted',
  leavingpool: 'leaving',
};

/** Why nothing runs on a pool: `nodes: 3 of 300, 2 starting, 1 running the start task; AccountCoreQuotaReached: …`. */
export function waitingFor(pool: PoolSeen, nodes: readonly NodeSeen[]): string {
  const target = (pool.targetDedicatedNodes ?? 0) + (pool.targetLowPriorityNodes ?? 0);
  const states = nodes.map(({ state }) => state?.toLowerCase() ?? '');
  const told = Object.entries(STATES).flatMap(([state, text]) => {
    const count = states.filter((one) => one === state).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
  const errors = (pool.resizeErrors ?? []).map(({ code, message, values }) => refusalText(code, message, values));
  const free = states.filter((state) => state === 'idle' || state === 'running').length;
  const of = [`nodes: ${nodes.length} of ${Math.max(target, nodes.length)}`, ...(free > 0 ? [`${free} ready`] : []), ...told].join(', ');
  return [of, ...errors].join('; ');
}
