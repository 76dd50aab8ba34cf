import type { FailureInfo } from '../status.ts';

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
