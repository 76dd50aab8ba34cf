import type { AgentReport } from '../core/events.ts';
import type { AttemptKey, Instant } from '../core/keys.ts';
import type { FailureInfo } from '../core/status.ts';

/**
 * Task failures that the owner gives. `UnknownError` is the real service's code for what is no fault of the user's
 * (TaskFailureInformation of the client libraries).
 */

/** The account has no storage, or none that can be signed for. */
export function cannotSign(reason: string): FailureInfo {
  return { category: 'UserError', code: 'ResourceContainerAccessDenied', message: reason, details: [] };
}

/** What the node needs of the task cannot be put together from what is stored. */
export function cannotPrepare(reason: string): FailureInfo {
  return {
    category: 'ServerError',
    code: 'UnknownError',
    message: 'The task could not be prepared: what is stored of it cannot be read',
    details: [{ name: 'Message', value: reason }],
  };
}

/**
 * The word of an agent that an attempt is over is in quarantine: its task ends as failed, with what is known of why.
 */
export function endNotTakenIn(key: AttemptKey, endedAt: Instant, error: string): Extract<AgentReport, { kind: 'ended' }> {
  return {
    kind: 'ended',
    end: {
      key,
      startedAt: null,
      endedAt,
      outcome: {
        kind: 'notStarted',
        failure: {
          category: 'ServerError',
          code: 'UnknownError',
          message: 'The task has ended, and the service failed on how: what its node reported is in quarantine',
          details: [{ name: 'Message', value: error.split('\n', 1)[0] ?? '' }],
        },
      },
    },
  };
}
