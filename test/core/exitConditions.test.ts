import { describe, expect, test } from 'vitest';
import type { AttemptOutcome } from '../../src/core/events.ts';
import { exitActions } from '../../src/core/task/exitConditions.ts';
import type { ExitConditions } from '../../src/core/intent.ts';
import { exited } from './harness.ts';

const FAILURE = { category: 'UserError', code: 'X', message: '' } as const;
const notStarted: AttemptOutcome = { kind: 'notStarted', failure: FAILURE };
function uploadFailed(exitCode: number): AttemptOutcome {
  return { kind: 'uploadFailed', exitCode, failure: FAILURE };
}

/** Each option marks itself by its job action or its dependency action, so that the row shows which one was taken. */
const CONDITIONS: ExitConditions = {
  exitCodes: [{ code: 5, exitOptions: { jobAction: 'none', dependencyAction: 'satisfy' } }],
  exitCodeRanges: [{ start: 4, end: 6, exitOptions: { jobAction: 'disable', dependencyAction: 'satisfy' } }],
  preProcessingError: { jobAction: 'disable' },
  fileUploadError: { jobAction: 'none' },
  default: { jobAction: 'terminate', dependencyAction: 'satisfy' },
};

describe('what follows from how a task ended', () => {
  test.each<[string, ExitConditions | null, AttemptOutcome | null, 'satisfy' | 'block', 'none' | 'disable' | 'terminate']>([
    ['nothing said, exit 0', null, exited(0), 'satisfy', 'none'],
    ['nothing said, exit 1', null, exited(1), 'block', 'terminate'],
    ['nothing said, ended from outside', null, null, 'block', 'terminate'],
    ['an exit code goes before ranges', CONDITIONS, exited(5), 'satisfy', 'none'],
    ['a range', CONDITIONS, exited(4), 'satisfy', 'disable'],
    ['any other code: the default', CONDITIONS, exited(9), 'satisfy', 'terminate'],
    ['exit 0 does not take the default', { default: { dependencyAction: 'block', jobAction: 'terminate' } }, exited(0), 'satisfy', 'none'],
    ['exit 0 takes what is said of code 0', { exitCodes: [{ code: 0, exitOptions: { dependencyAction: 'block' } }] }, exited(0), 'block', 'none'],
    ['not started', CONDITIONS, notStarted, 'block', 'disable'],
    ['not started, only a default', { default: { jobAction: 'none' } }, notStarted, 'block', 'none'],
    ['upload failed', CONDITIONS, uploadFailed(0), 'block', 'none'],
    ['upload failed after an exit code that is named', CONDITIONS, uploadFailed(5), 'satisfy', 'none'],
    ['wall clock: the default', CONDITIONS, { kind: 'timedOut', exitCode: 137 }, 'satisfy', 'terminate'],
  ])('%s', (_row, given, outcome, dependency, job) => {
    expect(exitActions(given, outcome)).toEqual({ dependency, job });
  });
});
