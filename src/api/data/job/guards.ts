import type { WireJobState } from '../../../core/wireState.ts';
import { BatchError, type ErrorCode } from '../../../wire/errors.ts';

/** The calls that a job's state may refuse. */
export type JobCall = 'disable' | 'enable' | 'terminate' | 'delete' | 'update' | 'updatePool' | 'addTask' | 'changeTask' | 'reactivateTask';

/** 409 OperationInvalidForCurrentState with the Reason: which state is in the way. */
export function invalidForState(reason: string): BatchError {
  return new BatchError(INVALID, [{ key: 'Reason', value: reason }]);
}

const ENDING = { terminating: 'JobBeingTerminated', completed: 'JobCompleted', deleting: 'JobBeingDeleted' } as const;
const INVALID = 'OperationInvalidForCurrentState';

/** What another call of this kind, forced, may speed up. */
const FORCIBLE: Readonly<Partial<Record<JobCall, WireJobState>>> = { terminate: 'terminating', delete: 'deleting' };

/** The states that refuse a call, with the code of the 409. All other states allow it. */
const jobRefusals: Readonly<Record<JobCall, Readonly<Partial<Record<WireJobState, ErrorCode>>>>> = {
  disable: { enabling: INVALID, ...ENDING },
  // While disabling it is taken: recorded 90 ms after a disable (EX 28, 29), and azure-sdk-for-net's live test of job
  // verbs enables a job that it has just seen `disabling`.
  enable: { active: INVALID, ...ENDING },
  terminate: ENDING,
  delete: { deleting: 'JobBeingDeleted' },
  update: ENDING,
  updatePool: { active: INVALID, disabling: INVALID, enabling: INVALID, ...ENDING },
  addTask: ENDING,
  changeTask: { deleting: 'JobBeingDeleted' },
  reactivateTask: ENDING,
};

/**
 * `isForced`: what comes to its end already may be asked to end without waiting for its nodes, which may be what it
 * waits for (inferred: no document names the states that `force` needs).
 *
 * @throws BatchError the 409 of that call in that state.
 */
export function guardJob(call: JobCall, state: WireJobState, isForced = false): void {
  if (isForced && state === FORCIBLE[call]) return;
  const code = jobRefusals[call][state];
  if (code !== undefined) throw code === INVALID ? invalidForState(`The job is in state '${state}'.`) : new BatchError(code);
}
