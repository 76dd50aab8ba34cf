import type { NodeObservation } from '../../core/events.ts';
import type { QueuedJob } from './queue.ts';
import type { NodeLife } from './jobNames.ts';

/**
 * What the state of a job says of its node. `ends`: it is over, and its processes are being ended; nothing is proved
 * yet. `unproved`: Slurm has given its host up, and what ran there may run on.
 */
export type JobMeaning = 'pending' | 'running' | 'ends' | 'ended' | 'preempted' | 'failed' | 'unproved';

/** squeue, "JOB STATE CODES". */
const MEANINGS: Readonly<Record<string, JobMeaning>> = {
  PENDING: 'pending',
  CONFIGURING: 'pending',
  REQUEUED: 'pending',
  REQUEUE_FED: 'pending',
  REQUEUE_HOLD: 'pending',
  SPECIAL_EXIT: 'pending',
  RESV_DEL_HOLD: 'pending',
  RUNNING: 'running',
  RESIZING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'ends',
  STOPPED: 'running',
  SUSPENDED: 'running',
  COMPLETING: 'ends',
  COMPLETED: 'ended',
  CANCELLED: 'ended',
  FAILED: 'ended',
  TIMEOUT: 'ended',
  DEADLINE: 'ended',
  OUT_OF_MEMORY: 'ended',
  REVOKED: 'ended',
  PREEMPTED: 'preempted',
  BOOT_FAIL: 'failed',
  LAUNCH_FAILED: 'failed',
  RECONFIG_FAIL: 'failed',
  NODE_FAIL: 'unproved',
};

/** A state that no release had when this was written says nothing of a death. */
export function meaningOf({ state }: Pick<QueuedJob, 'state'>): JobMeaning {
  return MEANINGS[state] ?? 'ends';
}

/** Words of Slurm that people ask about, in a sentence more (squeue, "JOB REASON CODES"). */
const REASONS: Readonly<Record<string, string>> = {
  Resources: 'the partition has no free resources now',
  Priority: 'jobs of higher priority wait for the same resources',
  PartitionNodeLimit: 'the job asks for more than the partition allows',
  PartitionTimeLimit: 'the time limit is larger than that of the partition',
  PartitionConfig: 'no machine of the partition has what the VM size asks for',
  PartitionDown: 'the partition is down',
  PartitionInactive: 'the partition is inactive',
  BadConstraints: 'no machine satisfies the constraint',
  ReqNodeNotAvail: 'machines that it needs are down, drained or reserved',
  AssocGrpCpuLimit: "the account's limit of cores is reached",
  AssocGrpNodeLimit: "the account's limit of machines is reached",
  AssocMaxJobsLimit: "the account's limit of jobs is reached",
  QOSMaxJobsPerUserLimit: "the QOS's limit of jobs of a user is reached",
  QOSMaxCpuPerUserLimit: "the QOS's limit of cores of a user is reached",
  InvalidAccount: 'Slurm does not know the account',
  InvalidQOS: 'Slurm does not know the QOS',
  JobHeldUser: 'it is held by its user',
  JobHeldAdmin: 'it is held by an administrator',
  BeginTime: 'its time to begin has not come',
  Licenses: 'licences that it asks for are taken',
  Reservation: 'it waits for its reservation',
  launch_failed_requeued_held: 'its start failed on the machine, and Slurm holds it',
};

/** One sentence that stays true for as long as the job waits so. */
export function pendingSentence({ state, reason }: Pick<QueuedJob, 'state' | 'reason'>): string {
  if (state === 'CONFIGURING') return 'Slurm prepares the machine of its job.';
  if (reason === '') return 'Slurm has its job in the queue.';
  // ReqNodeNotAvail names machines after a comma.
  const meant = REASONS[reason.split(/[,(\s]/, 1)[0] ?? ''];
  return `Slurm has its job in the queue: ${reason}${meant === undefined ? '' : `, ${meant}`}.`;
}

/**
 * What happens to a node that runs. `marginMs`: it takes no task so long before its allocation ends, or for the second
 * half of a short one.
 */
export function runningObservation({ startedAt, endsAt, preemptedAt }: Pick<QueuedJob, 'startedAt' | 'endsAt' | 'preemptedAt'>, { priority }: Pick<NodeLife, 'priority'>, { now, marginMs }: { readonly now: number; readonly marginMs: number }): NodeObservation {
  const leftMs = endsAt === null ? null : Math.max(0, endsAt - now);
  if (preemptedAt !== null && priority === 'low') return { kind: 'preempting', graceMs: leftMs ?? 0, reason: 'Slurm takes the machine back for jobs of higher priority.' };
  const halfMs = endsAt === null || startedAt === null ? marginMs : (endsAt - startedAt) / 2;
  if (leftMs !== null && leftMs <= Math.min(marginMs, halfMs)) return { kind: 'expiring', reason: 'The time limit of its Slurm job is near.' };
  return { kind: 'running' };
}

/**
 * Of a job whose meaning is a death. A dedicated node that Slurm took back is one that ended: it comes again at once.
 */
export function endOf(meaning: 'ended' | 'preempted' | 'failed', { state, reason }: Pick<QueuedJob, 'state' | 'reason'>, { priority }: Pick<NodeLife, 'priority'>): NodeObservation {
  const words = `its Slurm job is ${state}${reason === '' ? '' : ` (${reason})`}`;
  if (meaning === 'failed') return { kind: 'failed', reason: words };
  return meaning === 'preempted' && priority === 'low' ? { kind: 'preempted', reason: 'Slurm took the machine back for jobs of higher priority.' } : { kind: 'ended', reason: words };
}
