import type { FailureInfo, ResizeError } from '../status.ts';
import { NODES_PER_ACCOUNT } from '../tunables.ts';

/**
 * Task failures that the rules themselves give (spec errors 4.5: codes, categories, recorded messages); those before
 * launch and of uploads come from agents.
 */

export const FAILURE_EXIT_CODE: FailureInfo = {
  category: 'UserError',
  code: 'FailureExitCode',
  message: 'The task exited with an exit code representing a failure',
  details: [
    { name: 'Message', value: 'The task process exited with an unexpected exit code' },
    { name: 'AdditionalErrorCode', value: 'FailureExitCode' },
  ],
};

/** Ended by a client, or by the end of its job. */
export const TASK_ENDED: FailureInfo = { category: 'UserError', code: 'TaskEnded', message: 'Task Was Ended by User Request' };

export const WALL_CLOCK_EXCEEDED: FailureInfo = {
  ...TASK_ENDED,
  details: [{ name: 'Message', value: 'The maximum execution time configured on the task was exceeded' }],
};

export const LIFETIME_EXCEEDED: FailureInfo = {
  ...TASK_ENDED,
  details: [{ name: 'Message', value: 'The maximum lifetime of a task, 180 days, was exceeded' }],
};

/** Why a job's auto pool could not be made (errors 4.6; the words of the sentence are ours). */
export const POOL_QUOTA_REACHED: FailureInfo = {
  category: 'UserError',
  code: 'AutoPoolCreationFailedWithQuotaReached',
  message: 'The account has as many pools as its quota allows',
};

/** As the service spells them in its sentences (recorded: `low priority` without a hyphen). */
const KINDS = { dedicated: 'dedicated', lowPriority: 'low priority' } as const;
export type NodeKind = keyof typeof KINDS;

/**
 * Why a resize did not reach its targets (errors 4.7): at most one for each kind of node. `reasons`: what the provider
 * says that nodes wait for.
 */
export function allocationTimedOut(kind: NodeKind, reasons: readonly string[]): ResizeError {
  return {
    code: 'AllocationTimedout',
    message: `Desired number of ${KINDS[kind]} nodes could not be allocated as the resize timeout was reached`,
    ...(reasons.length === 0 ? null : { values: reasons.map((value) => ({ name: 'Reason', value })) }),
  };
}

export function allocationFailed(kind: NodeKind, reason: string): ResizeError {
  return {
    code: 'AllocationFailed',
    message: `Desired number of ${KINDS[kind]} nodes could not be allocated`,
    values: [{ name: 'Reason', value: reason }],
  };
}

/** The account's quota of cores is used up (errors 4.7; the numbers in the sentence are ours). */
export function coreQuotaReached(kind: NodeKind, cores: number): ResizeError {
  return {
    code: CORE_QUOTA_CODES[kind],
    message: `Desired number of ${KINDS[kind]} nodes could not be allocated: the account has a quota of ${cores} ${KINDS[kind]} cores`,
  };
}

/** Of one family of sizes (errors 4.7, inferred). */
export function familyQuotaReached(family: string, cores: number): ResizeError {
  return {
    code: 'AccountVMSeriesCoreQuotaReached',
    message: `Desired number of dedicated nodes could not be allocated: the account has a quota of ${cores} dedicated cores of the family ${family}`,
  };
}

const CORE_QUOTA_CODES = { dedicated: 'AccountCoreQuotaReached', lowPriority: 'AccountLowPriorityCoreQuotaReached' } as const;

/** Codes of errors that pass by themselves, when there are such nodes again. */
const SOUGHT_AGAIN: ReadonlySet<string> = new Set(['AllocationFailed', 'AllocationTimedout']);

export function isSoughtAgain({ code }: ResizeError): boolean {
  return SOUGHT_AGAIN.has(code);
}

/** Which kind of node an error is of stands in its sentence alone. */
export function isOfLowPriority({ message }: ResizeError): boolean {
  return message.startsWith(`Desired number of ${KINDS.lowPriority} nodes`);
}

/** As where the account's quota of cores is used up (errors 4.7); what is counted here is nodes. */
export function nodeQuotaReached(kind: NodeKind): ResizeError {
  return {
    code: CORE_QUOTA_CODES[kind],
    message: `Desired number of ${KINDS[kind]} nodes could not be allocated: an account has at most ${NODES_PER_ACCOUNT} nodes, of both kinds together`,
  };
}

/** Recorded for low priority nodes; it has no `values`. */
export function resizeStopped(kind: NodeKind): ResizeError {
  return {
    code: 'ResizeStopped',
    message: `Desired number of ${KINDS[kind]} nodes could not be allocated due to a stop resize operation`,
  };
}
