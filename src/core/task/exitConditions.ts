import type { AttemptOutcome } from '../events.ts';
import type { DependencyAction, ExitConditions, ExitOptions } from '../intent.ts';

export interface ExitActions {
  /** What those that depend on the task are told. */
  readonly dependency: DependencyAction;
  /** What happens to the job, if its `onTaskFailure` lets it. */
  readonly job: 'none' | 'disable' | 'terminate';
}

/**
 * What follows from how the final attempt ended (task semantics 6.9). In this order: the exit code, ranges of exit
 * codes, a failure before the launch or in an upload, the default; exit code 0 takes none of the last two unless its
 * upload failed. `null`: the task was ended from outside, its wall clock included, and was judged by no exit code.
 */
export function exitActions(conditions: ExitConditions | null, outcome: AttemptOutcome | null): ExitActions {
  const succeeded = outcome?.kind === 'exited' && outcome.exitCode === 0;
  const options = conditions === null ? undefined : matching(conditions, outcome);
  return { dependency: options?.dependencyAction ?? (succeeded ? 'satisfy' : 'block'), job: options?.jobAction ?? (succeeded ? 'none' : 'terminate') };
}

function matching(conditions: ExitConditions, outcome: AttemptOutcome | null): ExitOptions | undefined {
  if (outcome === null) return conditions.default;
  switch (outcome.kind) {
    case 'exited':
      return byCode(conditions, outcome.exitCode) ?? (outcome.exitCode === 0 ? undefined : conditions.default);
    case 'uploadFailed':
      return byCode(conditions, outcome.exitCode) ?? conditions.fileUploadError ?? conditions.default;
    case 'notStarted':
      return conditions.preProcessingError ?? conditions.default;
    case 'timedOut':
    case 'killed':
    case 'lost':
      return conditions.default;
  }
}

function byCode({ exitCodes, exitCodeRanges }: ExitConditions, code: number): ExitOptions | undefined {
  return exitCodes?.find((mapping) => mapping.code === code)?.exitOptions ??
  exitCodeRanges?.find((mapping) => mapping.start <= code && code <= mapping.end)?.exitOptions;
}
