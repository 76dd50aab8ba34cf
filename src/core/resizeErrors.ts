import type { ResizeError } from './status.ts';
import { NODES_PER_ACCOUNT } from './tunables.ts';

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
